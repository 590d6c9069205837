"""Files are written whole or not at all, and errors are one sentence."""

import os

import pytest

from tests.valp.graphs import figure_2
from valp.errors import FileError, ValpError
from valp.files import (
    parse_model,
    read_bytes,
    read_model,
    replacing,
    write_bytes,
    write_text,
)
from valp.graph.graph import Graph


def one_sentence(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_text_and_bytes_are_read_back_as_they_were(tmp_path):
    write_text(tmp_path / "a.txt", "β = 1\n")
    write_bytes(tmp_path / "a.bin", b"\x00\xff")
    assert read_bytes(tmp_path / "a.txt").decode() == "β = 1\n"
    assert read_bytes(tmp_path / "a.bin") == b"\x00\xff"


def test_folders_on_the_way_are_made_and_nothing_else_is_left(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "x")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.txt"]


def test_a_file_is_replaced(tmp_path):
    for content in ("a long first content", "short"):
        write_text(tmp_path / "a.txt", content)
    assert (tmp_path / "a.txt").read_text() == "short"


def fail_halfway(path):
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError


def test_a_block_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_until_the_block_ends_the_old_file_is_there(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert temporary.suffix == ".txt"
        assert temporary.parent == tmp_path
        assert (tmp_path / "a.txt").read_text() == "old"
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileError, match="cannot be written"), replacing(tmp_path / "a.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["folder", "below a file", "name too long"])
def test_a_path_that_cannot_be_written_is_reported_in_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    path = {
        "folder": tmp_path / "folder",
        "below a file": tmp_path / "file" / "a.txt",
        "name too long": tmp_path / ("x" * 300),
    }[place]
    with pytest.raises(FileError) as error:
        write_text(path, "x")
    assert one_sentence(error).startswith(f"{path} cannot be written: ")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@pytest.mark.parametrize("name", ["absent.json", "folder"])
def test_a_file_that_cannot_be_read_is_reported_in_one_sentence(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError) as error:
        read_model(Graph, tmp_path / name)
    assert one_sentence(error).startswith(f"{tmp_path / name} cannot be read: ")


def test_a_document_is_read_back_as_it_was(tmp_path):
    write_text(tmp_path / "graph.json", figure_2().model_dump_json(indent=1))
    assert read_model(Graph, tmp_path / "graph.json") == figure_2()


def test_every_truncated_document_is_refused_in_one_sentence():
    content = figure_2().model_dump_json().encode()
    for length in range(0, len(content), 37):
        with pytest.raises(FileError, match="g is not a valid graph: ") as error:
            parse_model(Graph, content[:length], "g")
        one_sentence(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a valid graph: Invalid JSON"),
        (b"\xff\xfe", "not a valid graph: Invalid JSON"),
        (b"[]", "not a valid graph: "),
        (b"{}", r"Field required at inputs \(and 4 more\)"),
        (figure_2().model_dump_json().replace('"schema_version":1', '"schema_version":2').encode(), "schema_version"),
        (figure_2().model_dump_json().replace('"kind":"delta"', '"sort":"delta"').encode(), r"networks\.2\."),
    ],
)
def test_the_first_error_is_named_with_its_place(content, said):
    with pytest.raises(FileError, match=said) as error:
        parse_model(Graph, content, "graph.json")
    one_sentence(error)


def test_a_file_error_is_an_error_for_the_user():
    assert issubclass(FileError, ValpError)
