"""Which files are read as pictures: a few formats, whatever the suffix is."""

import os

import numpy as np
import pytest
from PIL import Image

from tests.spaces.own.files import pictures
from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.model.table import MISSING
from valp.spaces.own import image_folder
from valp.spaces.own.image_folder import FORMATS, SUFFIXES, open_picture, read_images
from valp.spaces.own.read_rows import read_rows
from valp.spaces.own.toml_draft import draft

OTHER = "cat.png \\(not a PNG, JPEG, BMP, GIF, TIFF, WEBP or PPM picture\\)"


@pytest.fixture
def folder(tmp_path):
    return pictures(tmp_path / "pictures")


def read(path):
    return read_images(path, MISSING, None, grey=False)


def rows(path):
    part = Column(
        name="x", type=DataType.FEATURES, size=24, shape=(1, 6, 4), image=(1, 6, 4), fields=("image",), scale=255.0
    )
    return read_rows(path, [part], print)


READINGS = [read, draft, rows, lambda path: rows(path / "cat"), lambda path: rows(path / "cat" / "cat.png")]


@pytest.mark.parametrize("form", ["EPS", "ICO", "PDF", "TGA", "PCX"])
@pytest.mark.parametrize("reading", READINGS)
def test_another_format_is_refused_and_no_postscript_is_run(form, reading, folder, postscript_runs):
    Image.new("L", (4, 6)).save(folder / "cat" / "cat.png", format=form)
    with pytest.raises(DataError, match=OTHER):
        reading(folder)
    with pytest.raises(OSError, match="cannot identify"):
        open_picture(folder / "cat" / "cat.png")
    assert postscript_runs == []


def test_pillow_by_itself_would_open_postscript(folder, postscript_runs):
    Image.new("L", (4, 6)).save(folder / "cat.png", format="EPS")
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(folder / "cat.png")
    assert postscript_runs == ["opened"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_that_is_accepted_has_a_format_that_is_read(suffix, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.new("L", (4, 6), 100).save(tmp_path / name / f"x{suffix}")
    assert Image.registered_extensions()[suffix] in FORMATS
    assert np.unique(read(tmp_path).columns["image"]).tolist() == [100]


def test_a_picture_of_a_known_format_may_have_another_suffix(folder):
    Image.new("L", (4, 6)).save(folder / "cat" / "x.png", format="PPM")
    assert len(read(folder)) == 17


@pytest.mark.parametrize(("width", "reason"), [(9000, "it has 81,000,000 pixels, more than 50,000,000"),
                                               (90_000, "it has more than 50,000,000 pixels")])  # fmt: skip
@pytest.mark.parametrize("reading", READINGS)
def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_decoded(reading, width, reason, folder):
    (folder / "cat" / "cat.png").write_bytes(f"P5 {width} {width if width == 9000 else 9_000} 255\n".encode())
    with pytest.raises(DataError, match=f"cat.png \\({reason}\\)"):
        reading(folder)


def test_all_pictures_together_have_a_limit_in_the_size_in_which_they_are_kept(folder, monkeypatch):
    assert len(read(folder)) == 16
    monkeypatch.setattr(image_folder, "MOST_PIXELS_IN_ALL", 16 * 24)
    assert len(read(folder)) == 16
    monkeypatch.setattr(image_folder, "MOST_PIXELS_IN_ALL", 16 * 24 - 1)
    with pytest.raises(DataError, match="must have at most 383 pixels in all, but the first 16 of 16 have more"):
        read(folder)
    assert len(read_images(folder, MISSING, (2, 2), grey=False)) == 16


def test_links_to_pictures_and_folders_are_followed(folder, tmp_path):
    (folder / "cat" / "link.png").symlink_to(folder / "dog" / next((folder / "dog").iterdir()).name)
    (tmp_path / "more").mkdir()
    Image.new("L", (4, 6)).save(tmp_path / "more" / "x.png")
    (folder / "owl").symlink_to(tmp_path / "more")
    assert len(read(folder)) == 18


@pytest.mark.parametrize(
    ("name", "target", "sentence"),
    [
        ("owl", ".", "owl must be a folder of pictures, but is a symbolic link to a folder that contains it"),
        ("owl", "../..", "owl must be a folder of pictures, but is a symbolic link to a folder that contains it"),
        ("owl", "owl", "owl must be a folder or a picture, but is a symbolic link that leads nowhere"),
        ("owl", "nowhere", "owl must be a folder or a picture, but is a symbolic link that leads nowhere"),
        ("cat/owl.png", "owl.png", r"owl.png \(Too many levels of symbolic links\)"),
        ("cat/owl.png", "nowhere", r"owl.png \(No such file or directory\)"),
        ("cat/owl.png", "/dev/zero", r"owl.png \(it is not a file\)"),
        ("cat/owl.png", "..", r"owl.png \(it is not a file\)"),
    ],
)
@pytest.mark.parametrize("reading", [read, draft, rows])
def test_a_link_that_cannot_be_followed_is_refused_in_a_sentence(reading, name, target, sentence, folder):
    (folder / name).symlink_to(target)
    with pytest.raises(DataError, match=sentence):
        reading(folder)


def test_a_named_pipe_is_refused_and_not_waited_for(folder):
    os.mkfifo(folder / "cat" / "pipe.png")
    with pytest.raises(DataError, match=r"pipe.png \(it is not a file\)"):
        read(folder)
