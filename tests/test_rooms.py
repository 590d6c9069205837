"""Imports run one way: search → spaces → valp, and one way between the sub-rooms of each; no file is in a circle."""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]

ROOMS = {"valp": "valp", "spaces": "valp.spaces", "search": "valp.search"}
"""The folders and their import names, the lowest room first."""

SUB_ROOMS = {
    "valp": ("plan", "graph", "parts", "check", "compile", "train", "score", "model", "draw", "trace", "testing"),
    "valp.spaces": ("problem", "builtin", "own", "generate", "baselines", "vary", "catalogue"),
    "valp.search": ("pareto", "halving", "run", "strategies", "engine", "track", "show", "facade", "estimator", "cli"),
}
"""The sub-rooms of each room in the order in which they may import each other: each those before it."""

FACADE = "valp"
"""Its `__init__` imports from all rooms; no file of the rooms imports it."""


def modules_of(root):
    """The files of the rooms by their import names."""
    files = {}
    for folder, package in ROOMS.items():
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root / folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            files[".".join((package, *parts))] = path
    return files


def imports_of(name, path, files):
    """The files of the rooms that a file imports, anywhere in it, also under TYPE_CHECKING."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                found = f"{base}.{alias.name}"
                if found in files or base in files:
                    yield found if found in files else base
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and arg.value in files)


def import_graph(root):
    """The digraph of files, an edge for each import."""
    files = modules_of(root)
    graph = nx.DiGraph()
    graph.add_nodes_from(files)
    graph.add_edges_from((name, other) for name, path in files.items() for other in imports_of(name, path, files))
    return graph


def place(name):
    """A module's room, and the position of its sub-room; -1 for files directly in the room."""
    room = max((package for package in SUB_ROOMS if f"{name}.".startswith(f"{package}.")), key=len)
    sub_room = name.removeprefix(room).strip(".").split(".")[0]
    order = SUB_ROOMS[room]
    return [*SUB_ROOMS].index(room), order.index(sub_room) if sub_room in order else -1


def circles(graph):
    return [sorted(found) for found in nx.strongly_connected_components(graph) if len(found) > 1]


def upward(graph):
    """The imports from a lower place to a higher one."""
    return [f"{one} → {other}" for one, other in sorted(graph.edges) if one != FACADE and place(other) > place(one)]


@pytest.fixture(scope="module")
def house():
    return import_graph(ROOT)


def test_no_file_imports_itself_through_others(house):
    assert len(house) > 200
    assert circles(house) == []
    assert [name for name in house if house.has_edge(name, name)] == []


def test_imports_run_one_way_between_rooms_and_sub_rooms(house):
    assert upward(house) == []


def test_nothing_in_the_house_imports_the_facade_tests_or_benchmarks(house):
    assert [one for one, _ in house.in_edges(FACADE)] == []
    strangers = ("tests", "benchmarks", "spaces", "search")
    wrong = []
    for name, path in modules_of(ROOT).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [f"{name}: {found}" for found in names if found.split(".")[0] in strangers]
    assert wrong == []


def test_every_room_and_sub_room_is_named_here_and_says_what_lives_in_it():
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"} == ROOMS.keys()
    for folder, package in ROOMS.items():
        found = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
        assert found == {*SUB_ROOMS[package]}
        for path in (ROOT / folder).rglob("__init__.py"):
            assert ast.get_docstring(ast.parse(path.read_text())), path


def test_few_files_lie_flat_in_a_room():
    for folder in ROOMS:
        assert len([*(ROOT / folder).glob("*.py")]) <= 4


def test_no_two_files_and_no_two_classes_have_the_same_name():
    files, classes = {}, {}
    for name, path in modules_of(ROOT).items():
        if path.name != "__init__.py":
            files.setdefault(path.name, []).append(name)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(name)
    assert {file: where for file, where in files.items() if len(where) > 1} == {}
    assert {name: where for name, where in classes.items() if len(where) > 1} == {}


def test_no_file_has_more_than_350_lines():
    assert [name for name, path in modules_of(ROOT).items() if len(path.read_text().splitlines()) > 350] == []


PLANTED = {
    "a circle": ("valp/graph/b.py", "from valp.graph.a import x"),
    "a circle for the type checker": (
        "valp/graph/b.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from valp.graph import a",
    ),
    "a circle by a relative import in a function": ("valp/graph/b.py", "def f():\n    from .a import x"),
    "a circle by importlib": ("valp/graph/b.py", 'import importlib\nimportlib.import_module("valp.graph.a")'),
    "a circle through a package": ("valp/graph/__init__.py", '"""Graphs."""\nfrom valp.graph.a import x'),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_circle_is_found(what, tmp_path):
    """A small import graph without a circle gets one."""
    small = {
        "valp/graph/__init__.py": '"""Graphs."""',
        "valp/graph/a.py": "from valp.graph.b import y\nfrom valp.graph import z",
        "valp/graph/b.py": "y = 1",
        "search/cli/c.py": "import valp.graph.a",
    }
    for name, text in small.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert circles(import_graph(tmp_path)) == []
    name, text = PLANTED[what]
    (tmp_path / name).write_text(text)
    assert len(circles(import_graph(tmp_path))) == 1


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("valp/graph/a.py", "from valp.parts.b import y", "valp.graph.a → valp.parts.b"),
        ("valp/parts/b.py", "import valp.spaces.own.c", "valp.parts.b → valp.spaces.own.c"),
        ("valp/parts/b.py", "import valp.spaces.own.c as x", "valp.parts.b → valp.spaces.own.c"),
        ("valp/parts/b.py", "from ..spaces.own import c", "valp.parts.b → valp.spaces.own.c"),
        ("valp/parts/b.py", '__import__("valp.spaces.own.c")', "valp.parts.b → valp.spaces.own.c"),
        ("spaces/own/c.py", "from valp.search.cli import d", "valp.spaces.own.c → valp.search.cli.d"),
    ],
)
def test_a_planted_upward_import_is_found(file, line, found, tmp_path):
    for name in ("valp/graph/a.py", "valp/parts/b.py", "spaces/own/c.py", "search/cli/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(
            line if name == file else "from valp.graph import a\n" * (name != "valp/graph/a.py")
        )
    assert upward(import_graph(tmp_path)) == [found]
