"""Searches over every kind of network, with several inputs and outputs of any type, also from given graphs."""

import numpy as np
import pytest
from PIL import Image

from tests.metrics import are_measured
from tests.search.listener import Listener
from valp.check.keys import content_key
from valp.errors import SettingError
from valp.graph.graph import DataType
from valp.search.facade.launch import launch
from valp.search.show.pictures import draw_samples
from valp.spaces.catalogue import catalogue_graph
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem, discrete, features, labels, numeric, samples

ROWS = 240


@pytest.fixture(scope="module")
def sine():
    return load_problem("sine")


@pytest.fixture(scope="module")
def mixed():
    """Two inputs with a shape and one without; each type of output, some twice, with gaps; two losses on one."""
    random = np.random.default_rng(0)
    signal, other = random.normal(size=(ROWS, 2, 16)), random.normal(size=(ROWS, 3))
    kind = (signal[:, 0].mean(1) > 0).astype(int)
    tags = np.stack([signal[:, 0, 0] > 0, other[:, 0] > 0], 1).astype(float)
    figures = np.stack([signal[:, 1].sum(1), other[:, 1]], 1)
    kind[::6], tags[::7, 1], figures[::5, 0] = -1, np.nan, np.nan
    return Problem.from_arrays(
        "mixed",
        inputs={"signal": features(signal), "other": numeric(other), "second": features(signal[:, :1] * 2)},
        outputs={
            "kind": discrete(kind, class_weights="balanced"),
            "tags": labels(tags),
            "figures": numeric(figures, loss=["mse", "huber"]),
            "more": numeric(other * 2),
            "wave": samples(signal[:, 0], loss=["gaussian", "adversarial"]),
            "trace": features(signal.cumsum(2)),
        },
    )


def test_every_type_of_output_is_searched_and_scored(mixed, tmp_path):
    run = launch(
        mixed,
        name="mixed",
        runs=tmp_path,
        space="full",
        strategy="nsga2",
        candidates=3,
        steps=15,
        workers=0,
        display=Listener(),
    ).stored
    entries = run.ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * 3
    assert all(are_measured(entry.result.scores, mixed) for entry in entries)
    kinds = {network.kind for entry in entries for network in entry.candidate.graph.networks}
    assert kinds & {"c", "r"}, "Features must be read by networks that know shapes"
    assert {loss.kind for loss in entries[0].candidate.graph.losses} >= {"huber", "adversarial", "binary_cross_entropy"}
    assert run.ledger.baselines.keys() == {output.name for output in mixed.outputs}
    assert all(result.failure is None for results in run.ledger.baselines.values() for result in results.values())


def test_given_graphs_are_the_first_candidates_and_then_the_strategy_proposes(sine, tmp_path):
    starts = [catalogue_graph("mt-vae", sine), catalogue_graph("mtvib", sine)]
    asked = {"name": "s", "runs": tmp_path, "space": "full", "strategy": "nsga2", "steps": 10, "workers": 0}
    run = launch(sine, start_from=starts, candidates=4, display=Listener(), **asked).stored
    entries = run.ledger.entries()
    assert [entry.candidate.graph for entry in entries[:2]] == starts
    assert len({entry.result.key for entry in entries}) == 4
    assert entries[0].candidate.training.seed != entries[1].candidate.training.seed
    assert run.settings.start_from == tuple(content_key(graph) for graph in starts)

    with pytest.raises(SettingError, match="run 's' has start_from"):
        launch(sine, start_from=starts[:1], candidates=5, display=Listener(), **asked)
    assert run.ledger.entries() == entries


def test_a_search_cannot_start_from_a_graph_of_another_problem(sine, mixed, tmp_path):
    with pytest.raises(SettingError, match=r"input 'signal' .* of the graph must be an input of mixed"):
        launch(mixed, name="s", runs=tmp_path, start_from=[catalogue_graph("mtvib", sine)], candidates=1)
    assert not (tmp_path / "s").exists()


def test_a_table_without_classes_is_searched_for_rows_that_cannot_be_told_apart_and_a_message_says_so(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 5))
    problem = Problem.from_arrays(
        "plain", inputs={"x": numeric(x)}, outputs={"length": numeric((x**2).sum(1)), "row": samples(x)}
    )
    display = Listener()
    run = launch(problem, name="plain", runs=tmp_path, candidates=2, steps=10, workers=0, display=display).stored
    assert set(run.objectives) == {"mse", "told_apart"}
    assert any(
        "told_apart, how well a forest tells samples from real rows, replaces class entropy" in line
        for line in display.lines
    )
    assert "entropy" not in run.ledger.entries()[0].result.scores

    (path,) = draw_samples(run, run.front()[0], problem)  # not images, so they are drawn as lines
    with Image.open(path) as picture:
        assert np.asarray(picture.convert("RGB")).std() > 1


def test_a_problem_without_generation_is_searched(tmp_path):
    logic = load_problem("logic")
    run = launch(logic, name="logic", runs=tmp_path, candidates=2, steps=10, workers=0, display=Listener()).stored
    assert {output.unit.type for output in logic.outputs} == {DataType.NUMERIC}
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2


def test_a_user_chooses_the_kinds_of_a_space(sine, tmp_path):
    kinds = ("g", "delta", "d", "r")
    run = launch(
        sine, name="r", runs=tmp_path, space="full", kinds=kinds, candidates=3, steps=5, workers=0, display=Listener()
    ).stored
    found = {network.kind for entry in run.ledger.entries() for network in entry.candidate.graph.networks}
    assert "r" in found
    assert found <= set(kinds)
    assert run.settings.kinds == kinds
