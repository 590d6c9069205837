"""A journal names the interrupted writes, and nothing else counts as one."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from valp.errors import FileError
from valp.files import replacing, write_text
from valp.journal import JOURNAL, being_written, interrupted

TOKEN = "0a1b2c3d"
NAME = f".x.{TOKEN}"


@pytest.fixture
def kept(tmp_path):
    """A folder that keeps a journal."""
    folder = tmp_path / "kept"
    (folder / JOURNAL).mkdir(parents=True)
    return folder


def records(folder):
    return sorted((folder / JOURNAL).iterdir())


def test_the_record_is_there_before_the_path_and_goes_after_it(kept):
    with being_written(kept / "a", "x", ".svg") as path:
        assert not path.exists()
        (record,) = records(kept)
        assert record.read_text() == f"a/{path.name}\n"
        assert path.name == f".x.{record.name}.svg"
        assert interrupted(kept) == [record]
        path.parent.mkdir()
        path.touch()
        assert interrupted(kept) == [path, record]
        path.unlink()
    assert records(kept) == []


def test_an_unfinished_path_keeps_its_record(kept):
    with being_written(kept, "x") as path:
        path.mkdir()
    assert interrupted(kept) == [path, *records(kept)]


def test_paths_inside_an_unfinished_folder_are_not_named_again(kept):
    with being_written(kept, "x") as outer:
        outer.mkdir()
        with being_written(outer, "y", ".txt") as inner:
            inner.touch()
    assert len(records(kept)) == 2
    assert interrupted(kept) == [outer, *records(kept)]


def test_without_a_journal_nothing_is_recorded(tmp_path):
    write_text(tmp_path / "a.txt", "x")
    with being_written(tmp_path, "x") as path:
        path.touch()
    assert [file.name for file in tmp_path.iterdir() if file != path] == ["a.txt"]
    assert interrupted(tmp_path) == []


def test_many_writers_leave_no_record_behind(kept):
    def write(i):
        write_text(kept / str(i % 3) / "a.txt", str(i))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(200)))
    assert records(kept) == []
    assert sorted(os.listdir(kept)) == [JOURNAL, "0", "1", "2"]


def test_a_killed_writer_leaves_its_record(kept):
    code = "import os, sys\nfrom pathlib import Path\nfrom valp.files import replacing\n"
    code += "with replacing(Path(sys.argv[1])) as path:\n path.touch()\n os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", code, kept / "a.txt"])
    assert killed.returncode == -signal.SIGKILL
    (record,) = records(kept)
    assert interrupted(kept) == [kept / f".a.{record.name}.txt", record]


def test_a_record_that_cannot_be_written_is_a_file_error_and_nothing_is_written(kept, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("valp.journal.write_name", full)
    with pytest.raises(FileError, match=r"a.txt cannot be written: No space left on device"):
        write_text(kept / "a.txt", "x")
    assert os.listdir(kept) == [JOURNAL]


def test_a_symbolic_link_does_not_count_as_a_journal(tmp_path):
    (tmp_path / "other" / JOURNAL).mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / JOURNAL).symlink_to(tmp_path / "other" / JOURNAL)
    with replacing(tmp_path / "kept" / "a.txt") as path:
        path.touch()
        assert records(tmp_path / "kept") == []
    (tmp_path / "other" / JOURNAL / TOKEN).write_text(f"{NAME}\n")
    assert interrupted(tmp_path / "kept") == []


@pytest.mark.parametrize(
    "content",
    [
        f"../outside/{NAME}\n",
        f"a/../../outside/{NAME}\n",
        f"{{outside}}/{NAME}\n",
        f"link/{NAME}\n",
        f"file/{NAME}\n",
        f"a/linked/.x.{TOKEN}\n",
        f".linked.{TOKEN}\n",
        NAME,
        f"{NAME}\0\n",
        f"{NAME}\n" * 2000,
        "",
        "\n",
        ".\n",
        "a\n",
        "study.db\n",
        ".x.deadbeef\n",
        f"x.{TOKEN}\n",
        f".{TOKEN}\n",
        f"{NAME}x\n",
        "\udcff\udcfe",
    ],
)
def test_a_hostile_or_damaged_record_names_nothing(content, kept, tmp_path):
    outside = tmp_path / "outside"
    for folder in (outside, kept / "a", kept / "a" / "real"):
        folder.mkdir()
    for file in (outside / NAME, kept / NAME, kept / "study.db", kept / "file", kept / ".x.deadbeef"):
        file.touch()
    for name in (f"x.{TOKEN}", f".{TOKEN}", f"{NAME}x", f"a/real/{NAME}"):
        (kept / name).touch()
    (kept / "link").symlink_to(outside)
    (kept / "a" / "linked").symlink_to(kept / "a" / "real")
    (kept / f".linked.{TOKEN}").symlink_to(outside)
    (kept / JOURNAL / TOKEN).write_bytes(os.fsencode(content.replace("{outside}", str(outside))))
    assert interrupted(kept) == []


@pytest.mark.parametrize("name", ["record", ".0a1b2c3", "0A1B2C3D", "0a1b2c3d4", "0a1b2c3d.txt"])
def test_a_file_in_the_journal_that_is_not_a_record_is_ignored(name, kept):
    (kept / JOURNAL / name).write_text(f".x.{name}\n")
    (kept / f".x.{name}").touch()
    assert interrupted(kept) == []


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_only_a_regular_file_counts_as_a_record(make, kept):
    make(kept / JOURNAL / TOKEN)
    (kept / NAME).touch()
    assert interrupted(kept) == []
