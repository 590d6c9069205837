"""Which files are read as pictures: a few formats, whatever the suffix is."""

import numpy as np
import pytest
from PIL import Image

from tests.spaces.own.files import pictures
from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.model.table import MISSING
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


@pytest.mark.parametrize("form", ["EPS", "ICO", "PDF", "TGA", "PCX"])
@pytest.mark.parametrize(
    "reading", [read, draft, rows, lambda path: rows(path / "cat"), lambda path: rows(path / "cat" / "cat.png")]
)
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
