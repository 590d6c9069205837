"""A kind, a loss and a data type of another package are searched, drawn and exported like the built-in ones."""

import pytest

from tests.valp.test_plugins import install, package, run  # noqa: F401 - a fixture

SEARCH = """
import sys
from pathlib import Path

import numpy as np

from valp.search.facade.launch import launch
from valp.search.engine.models import model_of
from valp.search.show.pictures import draw_graph
from valp.spaces.problem.problem import Problem, numeric, of_own_type
from valp.model.bundle import load, save

random = np.random.default_rng(0)
x = random.normal(size=(300, 4))
angle = np.arctan2(x[:, :2], x[:, 2:])
problem = Problem.from_arrays(
    "angles",
    inputs={"x": numeric(x)},
    outputs={"angle": of_own_type("angle", numeric(angle, loss="cosine")), "sum": numeric(x.sum(1))},
)
assert {output.name: output.unit.type for output in problem.outputs} == {"angle": "angle", "sum": "numeric"}
folder = Path(sys.argv[1])
run = launch(
    problem, name="a", runs=folder, strategy="tpe", kinds=("g", "delta", "d", "gated"), candidates=3, steps=100,
    workers=0,
).stored
entries = run.ledger.entries()
assert [entry.state for entry in entries] == ["complete"] * 3, [entry.result for entry in entries]
for entry in entries:
    networks = {network.name: network for network in entry.candidate.graph.networks}
    feeding = [c.source for c in entry.candidate.graph.connections if c.target == "angle"]
    assert feeding and all(networks[name].kind == "gated" for name in feeding)
assert run.ledger.baselines.keys() == {"angle", "sum"}
assert all(result.failure is None for results in run.ledger.baselines.values() for result in results.values())
best = run.front()[0]
assert "Gated MLP" in draw_graph(run, best).read_text()
save(model_of(run, best), folder / "angles.valp")
assert load(folder / "angles.valp").predict({"x": x[:5]})["angle"].shape == (5, 2)
print("searched")
"""


@pytest.mark.heavy
def test_parts_of_another_package_are_searched_drawn_and_exported(package, tmp_path):  # noqa: F811 - the fixture
    done = run(SEARCH, package, tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "searched\n"
