"""A kind of network with its own layers, in one file of another package with one entry point, equals a built-in one.

The file is the one that docs/extending.md shows.
"""

import ast

import pytest

from tests.test_pages import fences
from tests.test_rooms import ROOT, modules_of
from tests.valp.test_plugins import install, run
from valp.parts.kinds import BUILT_IN

ENTRY_POINT = {"valp.kinds": {"periodic": "periodic:Periodic"}}

COMMON = """
import sys
from pathlib import Path

import numpy as np
import torch

from valp.check.check import check
from valp.graph.graph import Graph
from valp.spaces.generate.space import space_of
from valp.spaces.problem.problem import Problem, discrete, numeric

random = np.random.default_rng(0)
x = random.uniform(-2, 2, size=(300, 3))
problem = Problem.from_arrays(
    "waves",
    inputs={"x": numeric(x)},
    outputs={"wave": numeric(np.sin(3 * x[:, :2])), "up": discrete((x[:, 0] > 0).astype(int), classes=["no", "yes"])},
)
about, kinds = problem.description, ("g", "delta", "periodic")
space = space_of("default", kinds)


def waves(graph):
    return {network.name: network for network in graph.networks if network.kind == "periodic"}


def layers(graph):
    return [layer for network in waves(graph).values() for layer in network.layers]


def sound(graph):
    assert check(graph).passed, check(graph).violations
    assert Graph.model_validate_json(graph.model_dump_json()) == graph
    return graph
"""

VARIED = """
from valp.compile.compile import compile
from valp.draw.draw import draw_svg
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.vary import cross, mutate
from valp.train.inherit import Parent, inherit

# drawn by Algorithm 1
drawn = [
    sound(initialize(about.inputs, about.outputs, about.losses, space, RandomChoose(seed))) for seed in range(20)
]
with_waves = [graph for graph in drawn if waves(graph)]
assert 5 < len(with_waves)
assert all(layer.form == "waves" and 32 <= layer.units <= 512 for graph in with_waves for layer in layers(graph))

# mutated: its layers too
parents = [Candidate(graph=graph, training=Training()) for graph in with_waves]
moves, changed = set(), set()
for place, parent in enumerate(parents):
    for seed in range(12):
        child = mutate(parent, about, space, RandomChoose(f"{place}:{seed}"), moves=1)
        sound(child.graph)
        for name, (_, origin) in child.origins.items():
            before, after = waves(parent.graph).get(origin), waves(child.graph).get(name)
            if before is not None and after is not None and before.layers != after.layers:
                changed |= set(child.moves)
        moves |= set(child.moves)
        parent = Candidate(graph=child.graph, training=child.training)
assert {"widen", "deepen"} <= changed, changed
assert len(moves) > 10

# crossed
crossed = [sound(cross(a, b, about, space, RandomChoose("x")).graph) for a, b in zip(parents, parents[1:])]
assert any(waves(graph) for graph in crossed)

# inherited: what has the parent's weights predicts the same
graph = with_waves[0]
first, second = compile(graph, seed=0), compile(graph, seed=1)
origins = {network.name: (0, network.name) for network in graph.networks}
received = inherit(second, graph, [Parent(graph, first.state_dict())], origins)
assert set(waves(graph)) <= received
rows = {"x": torch.tensor(x[:7], dtype=torch.float32)}
assert torch.allclose(first(rows, "predict")["wave"], second(rows, "predict")["wave"])

# pictured
picture = draw_svg(graph)
assert "Periodic network" in picture and "waves" in picture
"""

SEARCHED = """
from valp.model.export.export import export
from valp.search.engine.models import model_of
from valp.search.facade.launch import launch

# searched, reported, exported
run = launch(
    problem, name="w", runs=Path(sys.argv[1]), strategy="random", kinds=kinds, candidates=3, steps=40, workers=0,
    keep="all", executor="torch",
)
entries = run.stored.ledger.entries()
assert [entry.state for entry in entries] == ["complete"] * 3, [entry.result for entry in entries]
held = [entry for entry in entries if waves(entry.candidate.graph)]
assert held
page = run.report().read_text()
assert "Periodic network" in page
model = model_of(run.stored, held[0])
for name in ("w.valp", "w.onnx"):
    exported = export(model, Path(sys.argv[1]) / name)
    assert exported.path.is_file() and exported.difference < 1e-3, exported
"""


@pytest.fixture(scope="module")
def own_kind(tmp_path_factory):
    (text,) = [text for _, title, text in fences("extending.md") if title == "periodic.py"]
    return install(tmp_path_factory.mktemp("own") / "site", {"periodic.py": text}, ENTRY_POINT)


@pytest.mark.heavy
def test_a_kind_in_one_file_is_sampled_mutated_crossed_inherited_and_drawn(own_kind):
    done = run(COMMON + VARIED, own_kind)
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy
def test_a_kind_in_one_file_is_searched_reported_and_exported(own_kind, tmp_path):
    done = run(COMMON + SEARCHED, own_kind, tmp_path / "runs")
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("installed", [True, False])
def test_the_kind_passes_the_contract_tests_installed_or_not(own_kind, installed, tmp_path):
    folder = own_kind
    if not installed:
        folder = tmp_path
        (folder / "periodic.py").write_text((own_kind / "periodic.py").read_text())
    program = "from periodic import Periodic\nfrom valp.testing import check_kind\ncheck_kind(Periodic())"
    done = run(program, folder)
    assert done.returncode == 0, done.stderr


def test_only_the_kinds_name_a_kind_by_its_code():
    """In the Python of the rooms: no comparison with a code, no network made with a code, no code in a string."""
    codes = {kind.code for kind in BUILT_IN}
    found = []
    for name, path in modules_of(ROOT).items():
        if not name.startswith("valp.parts.kinds"):
            found += [f"{name}: {line}" for line in named_kinds(path.read_text(encoding="utf-8"), codes)]
    assert found == []


MAKERS = {"network", "PrimaryNetwork", "Node", "Design"}
"""What makes a network of a kind."""


def named_kinds(text, codes):
    """The lines of a file that compare a kind with a code, or make a network of a code."""

    def is_code(node):
        return isinstance(node, ast.Constant) and node.value in codes

    def about_kinds(node):
        names = [part for part in ast.walk(node) if not isinstance(getattr(part, "value", None), ast.Attribute)]
        return any("kind" in getattr(part, "id", getattr(part, "attr", "")).lower() for part in names)

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and about_kinds(node):
            parts = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
            if any(is_code(part) or is_letters(part, codes) for part in parts):
                yield node.lineno
        named = isinstance(node, ast.keyword) and node.arg in ("kind", "kinds")
        if named and any(is_code(part) for part in ast.walk(node.value)):
            yield node.value.lineno
        making = isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in MAKERS
        if making and any(is_code(part) for part in node.args):
            yield node.lineno


def is_letters(node, codes):
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and len(text) > 1 and set(text) <= {code for code in codes if len(code) == 1}


@pytest.mark.parametrize(
    "line",
    [
        'x = node.kind == "g"',
        'x = kind in "cr"',
        'x = network.kind not in ("c", "r")',
        'x = "b" in space.kinds',
        'PrimaryNetwork(name="x", kind="g")',
        'Space(kinds=("g", "delta"))',
        'sketch.network("z", "b", [])',
    ],
)
def test_a_planted_code_is_found(line):
    assert [*named_kinds(line, {"g", "delta", "c", "b", "r"})] == [1]
