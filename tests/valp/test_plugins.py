"""Rows that another package adds: the example of docs/formalism.md, installed by hand and used in another process."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.valp.graphs import figure_2

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs" / "formalism.md").read_text().split("## Adding your own")[1]


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return found


ENTRY_POINTS = tomllib.loads(block("toml"))["project"]["entry-points"]

IMPORTS = """
import sys
import torch
from valp.graph.graph import *
from valp.check.check import check
from valp.compile.compile import compile
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import LOSSES
from valp.parts.own_types import OWN_TYPES
"""

GRAPH = """
def unit(type_, size):
    return DataUnit(type=type_, shape=(size,))

graph = Graph(
    inputs=(Input(name="i", unit=unit("numeric", 4)),),
    networks=(
        PrimaryNetwork(name="a", kind="g", layers=(Dense(units=8),), output=unit("numeric", 3)),
        PrimaryNetwork(name="n", kind="gated", combiner="scaled", output=unit("angle", 2)),
        PrimaryNetwork(name="m", kind="gated", combiner="scaled", output=unit("angle", 2)),
    ),
    outputs=(Output(name="o", unit=unit("angle", 2), combiner="maximum"),),
    connections=(
        Connection(source="i", target="a"),
        Connection(source="i", target="n"),
        Connection(source="a", target="n"),
        Connection(source="a", target="m"),
        Connection(source="n", target="o"),
        Connection(source="m", target="o"),
    ),
    losses=(Loss(kind="cosine", prediction="o", truth="o"),),
)

def changed(part, place, **fields):
    parts = list(getattr(graph, part))
    parts[place] = parts[place].model_copy(update=fields)
    return graph.model_copy(update={part: tuple(parts)})

def codes(broken):
    return {(violation.code, violation.component) for violation in check(broken).violations}
"""

USE = """
from pathlib import Path
from valp.model.bundle import Manifest, Model, load, save
from valp.draw.draw import draw_svg
from valp.train.fit import fit
from valp.check.keys import content_key
from valp.model.preprocessing import Column, Preprocessing

assert {"gated"} < KINDS.keys() and {"maximum", "scaled"} < COMBINERS.keys()
assert "cosine" in LOSSES and list(OWN_TYPES) == ["angle"]
assert check(graph).violations == (), check(graph).violations
assert Graph.model_validate_json(graph.model_dump_json()) == graph

# its typing rows
assert ("produces", "a") in codes(changed("networks", 0, output=unit("angle", 3)))
assert ("output-type", "o") in codes(changed("outputs", 0, unit=unit("numeric", 2)))
assert codes(changed("losses", 0, kind="mse")) == set()
assert ("loss-type", "o") in codes(changed("losses", 0, kind="cross_entropy"))
assert ("layers", "n") in codes(changed("networks", 1, layers=(Dense(units=2),)))

# what it is, in pictures and keys
svg = draw_svg(graph)
assert "Gated MLP" in svg and "Angle" in svg and "∨·" in svg, svg
key = content_key(graph)
assert key == content_key(changed("networks", 1, initializer="normal"))
assert key != content_key(changed("networks", 1, combiner="maximum"))
first, *rest = graph.connections
swapped = graph.model_copy(update={"connections": (first, rest[1], rest[0], *rest[2:])})
assert key == content_key(swapped)

# how it runs and learns
torch.manual_seed(0)
x = torch.randn(60, 4)
y = x[:, :2] * 0.5
module = compile(graph, seed=0)
before = torch.get_rng_state()
again = compile(graph, seed=0).state_dict()
assert torch.equal(before, torch.get_rng_state())
assert all(torch.equal(tensor, again[name]) for name, tensor in module.state_dict().items())
assert "layers.n-in.scale" in again and "layers.n-own.gate.weight" in again
for mode in ("train", "predict", "generate"):
    assert module({"i": x}, mode)["o"].shape == (60, 2)
made = fit(module, {"i": x}, {"o": y}, weights={"o": torch.ones(60, 2)}, steps=200, learning_rate=1e-2)
assert made.failure is None and made.curves.values[-1][0] < 0.2 * made.curves.values[0][0], made.curves.values

# how it is kept
column = {"type": "numeric"}
preprocessing = Preprocessing(
    inputs=(Column(name="i", size=4, **column),), outputs=(Column(name="o", size=2, **column),)
)
path = Path(sys.argv[1])
save(Model(module, Manifest(problem="p", title="t", graph=graph, preprocessing=preprocessing)), path)
kept = load(path)
assert kept.manifest.graph == graph
raw = {"i": x.numpy()}
assert torch.equal(torch.tensor(kept.predict(raw)["o"]), module({"i": x}, "predict")["o"])
print("used")
"""


def install(folder, modules, entry_points):
    """A package `angles`, as pip would leave it in a folder."""
    info = folder / "angles-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: angles\nVersion: 1.0\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in rows.items())
        for group, rows in entry_points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    for name, text in modules.items():
        (folder / name).write_text(text)
    return folder


def run(program, folder, *arguments):
    environment = {"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


@pytest.fixture
def package(tmp_path):
    return install(tmp_path / "site", {"angles.py": block("python")}, ENTRY_POINTS)


@pytest.mark.heavy
def test_the_package_of_the_docs_is_checked_compiled_drawn_trained_keyed_and_kept(package, tmp_path):
    done = run(IMPORTS + GRAPH + USE, package, tmp_path / "angles.valp")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "used\n"


@pytest.mark.heavy
def test_without_the_package_its_codes_are_unknown(tmp_path):
    program = (
        IMPORTS
        + GRAPH
        + "print(*sorted(v.component + ' ' + v.found.split(',')[0] for v in check(graph).violations), sep='\\n')"
    )
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    for said in ("n kind 'gated'", "n combiner 'scaled'", "n type 'angle'", "o combiner 'maximum'", "o loss 'cosine'"):
        assert said in done.stdout.splitlines()


@pytest.mark.heavy
@pytest.mark.parametrize(
    "first", ["valp.parts.own_types", "valp.parts.combiners", "valp.parts.kinds", "valp.parts.losses", "valp", "angles"]
)
def test_whatever_is_imported_first_the_package_is_found(package, first):
    done = run(f"import {first}\n" + IMPORTS + GRAPH + "assert check(graph).passed", package)
    assert done.returncode == 0, done.stderr


WRONG = {
    "a module that is not there": (
        {"valp.kinds": {"x": "nowhere:X"}},
        "entry point 'x' in valp.kinds of package angles cannot be loaded: ModuleNotFoundError: No module named "
        "'nowhere'",
    ),
    "a name that is not there": (
        {"valp.losses": {"x": "own:Missing"}},
        "entry point 'x' in valp.losses of package angles cannot be loaded: AttributeError: module 'own' has no "
        "attribute 'Missing'",
    ),
    "an abstract row": (
        {"valp.kinds": {"x": "own:Kind"}},
        "entry point 'x' in valp.kinds of package angles cannot be loaded: TypeError: Can't instantiate abstract class",
    ),
    "another row": (
        {"valp.combiners": {"x": "own:Divergence"}},
        "entry point 'x' in valp.combiners of package angles must be a Combiner, but is a Divergence",
    ),
    "a row without a code": (
        {"valp.losses": {"x": "own:Nameless"}},
        "entry point 'x' in valp.losses of package angles must have a code, a text, but has None",
    ),
    "a taken code": (
        {"valp.combiners": {"x": "own:ADDITION"}},
        "entry point 'x' in valp.combiners of package angles has the code 'addition', which is taken",
    ),
    "two of one code": (
        {"valp.types": {"x": "own:ANGLE", "y": "own:ANGLE"}},
        "entry point 'y' in valp.types of package angles has the code 'angle', which is taken",
    ),
    "a type of the paper's": (
        {"valp.types": {"x": "own:NUMERIC"}},
        "entry point 'x' in valp.types of package angles has the code 'numeric', which is taken",
    ),
    "the divergence's code": (
        {"valp.losses": {"x": "own:Divergence"}},
        "entry point 'x' in valp.losses of package angles has the code 'kl', which is taken",
    ),
}

OWN = """
from valp.parts.combiners import Combiner
from valp.graph.graph import DataType
from valp.parts.kinds import Kind
from valp.parts.losses.loss_kind import LossKind
from valp.parts.own_types import OwnType

ADDITION = Combiner("addition", "+", min, lambda *_: None, True)
ANGLE, NUMERIC = (OwnType(code, code.title(), DataType.NUMERIC) for code in ("angle", "numeric"))

class Divergence(LossKind):
    code, title, takes = "kl", "another", frozenset({DataType.NUMERIC})

    def each(self, prediction, truth):
        return prediction

class Nameless(LossKind):
    takes = frozenset({DataType.NUMERIC})

    def each(self, prediction, truth):
        return prediction
"""

TOLD = """
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import LOSSES
from valp.parts.own_types import OWN_TYPES
from valp.errors import SettingError
try:
    [list(table) for table in (KINDS, COMBINERS, LOSSES, OWN_TYPES)]
except SettingError as error:
    print(error)
"""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_entry_point_is_reported_in_one_sentence(tmp_path, wrong):
    entry_points, said = WRONG[wrong]
    folder = install(tmp_path / "site", {"own.py": OWN}, entry_points)
    done = run(TOLD, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said), done.stdout
    assert done.stdout.count("\n") == 1


def test_the_command_line_reports_a_wrong_entry_point_in_one_sentence(tmp_path):
    folder = install(tmp_path / "site", {}, {"valp.kinds": {"x": "nowhere:X"}})
    graph = tmp_path / "graph.json"
    graph.write_text(figure_2().model_dump_json())
    done = run("from valp.search.cli import main; main()", folder, "check", graph)
    assert done.returncode == 1
    assert done.stderr.startswith("valp: entry point 'x' in valp.kinds"), done.stderr
    assert done.stderr.count("\n") == 1
