"""Imports run one way: search → spaces → valp."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SEEN_FROM = {
    "valp": {"valp"},
    "spaces": {"valp", "spaces"},
    "search": {"valp", "spaces", "search"},
}
"""The rooms that each room may import."""


def imported_rooms(path):
    """The rooms that a file imports, anywhere in it."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield (*base, *(node.module or "").split("."))[0]


@pytest.mark.parametrize("room", SEEN_FROM)
def test_a_room_imports_only_what_it_may_see(room):
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    strangers = {*SEEN_FROM, "tests", "benchmarks"} - SEEN_FROM[room]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}" for path in files for name in imported_rooms(path) if name in strangers
    ]
    assert wrong == []


def test_every_room_is_named_here():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert rooms == SEEN_FROM.keys()
