"""Scores in a search: of another package, of whole graphs, with a target, and absent."""

import json

import numpy as np
import pytest
from optuna.samplers import RandomSampler

from tests.metrics import metric_of
from valp.check.keys import content_key
from valp.compile.compile import compile
from valp.errors import SearchError, SettingError
from valp.score import SCORES
from valp.score.speed import inferences_per_second, latency
from valp.search.facade import launch as facade
from valp.search.pareto.front import chances, losses, ranked
from valp.search.run.ledger import Ledger
from valp.search.run.result import Result
from valp.search.run.run import open_run
from valp.search.show.dashboard.notes import RunCommands, note_of, note_of_run
from valp.search.show.display.lines import line
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.material import gather
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate
from valp.spaces.problem.metrics import Metric
from valp.spaces.problem.problem import Problem, discrete, numeric

MODULE = '''
"""Two scores of another package: one of numbers, one of whole graphs with a target."""

from valp.graph.graph import DataType
from valp.score import GraphScore, OutputScore


class MedianError(OutputScore):
    code, title, direction, unit = "median_error", "median absolute error", "minimize", "m"

    def applies(self, output):
        return output.type is DataType.NUMERIC

    def compute(self, subject, output):
        found = subject.predicted(output.name)
        return (found.values - found.truth).abs().median().item()


class Layers(GraphScore):
    code, title, direction = "layers", "layers in the graph", 10.0
    whole = True

    def compute(self, subject):
        return len(subject.module.layers)


class Rare(GraphScore):
    code, title, direction = "rare", "a score that no graph has", "maximize"

    def compute(self, subject):
        return None
'''

ENTRY_POINTS = """
[valp.scores]
median_error = median_error:MedianError
layers = median_error:Layers
rare = median_error:Rare
"""


def launch(problem, **settings):
    """A search in this process with the torch executor, which needs no compilation."""
    return facade.launch(problem, workers=0, executor="torch", **settings)


def forget_scores():
    """Makes the table load the rows of other packages again."""
    vars(SCORES).pop("rows", None)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package with three scores, as pip installs it."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "median_error.py").write_text(MODULE)
    about = folder / "median_error-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: median_error\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        forget_scores()
        yield folder
    forget_scores()


@pytest.fixture(scope="module")
def numbers():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3))
    outputs = {"y": numeric(x.sum(1)), "c": discrete((x[:, 0] > 0).astype(int))}
    return Problem.from_arrays("numbers", inputs={"x": numeric(x)}, outputs=outputs)


OBJECTIVES = ("median_error", "layers", "parameters")


@pytest.fixture(scope="module")
def run(package, numbers, tmp_path_factory):
    """A search in this process for scores of another package and the size."""
    folder = tmp_path_factory.mktemp("runs") / "runs"
    launch(numbers, name="r", runs=folder, strategy="nsga2", candidates=8, steps=5, objectives=OBJECTIVES)
    return open_run(folder, "r")


def test_a_score_of_another_package_is_optimised(run):
    entries = run.ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * 8
    for entry, trial in zip(entries, run.ledger.trials(), strict=True):
        scores = entry.result.scores
        assert scores["parameters"] == entry.result.parameters
        distance = abs(scores["layers"] - 10)
        assert trial.values == [scores["median_error"], distance, scores["parameters"]]
    assert len({entry.result.scores["layers"] for entry in entries}) > 1


def test_candidates_are_ranked_by_their_distance_from_a_target(run):
    front = run.front("layers")
    distances = [abs(entry.result.scores["layers"] - 10) for entry in front]
    assert distances == sorted(distances)
    everything = [abs(entry.result.scores["layers"] - 10) for entry in run.ledger.entries()]
    assert distances[0] == min(everything)
    assert abs(run.summary()["best"]["layers"] - 10) == min(everything)


def test_a_score_of_another_package_is_listed_and_reported(run, valp):
    runs = str(run.folder.path.parent)
    shown = valp("best", "r", "--runs", runs)
    assert shown.code == 0, shown.err
    for heading in ("median_error (m) ↓", "layers → 10.0", "parameters ↓"):
        assert heading in shown.out
    assert shown.out.count("parameters") == 1
    listed = valp("best", "r", "--runs", runs, "--json").json
    assert all({*OBJECTIVES} < row["scores"].keys() for row in listed)
    summary = gather(run, Evidence(None, missing="not needed")).summary
    assert summary["scores"]["layers"] == {
        "output": None, "title": "layers in the graph", "unit": "", "whole": True, "maximise": False, "target": 10.0,
    }  # fmt: skip
    assert all({*OBJECTIVES} < row["v"].keys() for row in summary["candidates"])
    assert json.dumps(summary)
    single = [run.ledger.baselines[output]["network"].scores["parameters"] for output in ("y", "c")]
    assert summary["single"]["parameters"] == sum(single)


def test_a_run_whose_score_is_not_installed_says_so(run):
    forget_scores()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("valp.graph.plugin_table.entry_points", lambda group: [])
        try:
            with pytest.raises(SettingError, match="run 'r' optimises 'median_error', which is not a score of this"):
                open_run(run.folder.path.parent, "r")
        finally:
            forget_scores()


def test_candidates_without_an_objective_that_has_no_value_without_learning_fail(package, numbers, tmp_path, valp):
    with pytest.raises(SearchError, match="the objective rare has no value"):
        launch(numbers, name="rare", runs=tmp_path, strategy="random", candidates=1, steps=1, objectives=["rare"])
    (entry,) = open_run(tmp_path, "rare").ledger.entries()
    assert (entry.state, entry.result.failure) == ("failed", "the objective rare has no value")


@pytest.mark.heavy
def test_a_search_for_size_finds_smaller_graphs(numbers, tmp_path):
    """The first generation of NSGA-II, 20 candidates, is drawn without knowledge of the objective."""
    launch(numbers, name="s", runs=tmp_path, strategy="nsga2", candidates=50, steps=1, objectives=["parameters"])
    sizes = [entry.result.parameters for entry in open_run(tmp_path, "s").ledger.entries()]
    assert np.median(sizes[30:]) < 0.7 * np.median(sizes[:20])


@pytest.fixture
def ledger(numbers, tmp_path):
    """A ledger with accuracy and a score that some candidates lack; three candidates have ended."""
    objectives = {"accuracy": metric_of("accuracy", 0.5), "conditioning": metric_of("conditioning", 0.25)}
    objectives = {name: Metric(name, metric.score, "c", metric.chance) for name, metric in objectives.items()}
    made = Ledger.create(tmp_path / "study.db", objectives)
    graph = single_task(numbers, "c")
    for scores in ({"accuracy": 0.6, "conditioning": 0.9}, {"accuracy": 0.9}, {"accuracy": 0.5}):
        trial = made.ask(RandomSampler(seed=0))
        made.propose(trial, Candidate(graph=graph))
        made.tell(trial.number, Result(scores, 5, content_key(graph), 1, (0.0, 0.0)))
    return made


def test_an_absent_objective_ranks_as_the_value_without_learning_and_stays_absent(ledger):
    entries = ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * 3
    assert [ledger.point(entry)[1] for entry in entries] == [0.9, 0.25, 0.25]
    assert {entry.number for entry in ledger.front()} == {0, 1}
    assert "conditioning" not in entries[1].result.scores
    assert "conditioning" not in entries[1].listing()["scores"]
    assert line(1, entries[1].result, ledger.objectives).startswith("candidate 1: accuracy 0.900  conditioning –")


def test_a_graph_without_the_output_of_an_objective_fails(numbers, tmp_path):
    made = Ledger.create(tmp_path / "other.db", {"accuracy": Metric("accuracy", SCORES["accuracy"], "c", 0.5)})
    graph = single_task(numbers, "y")
    trial = made.ask(RandomSampler(seed=0))
    made.propose(trial, Candidate(graph=graph))
    told = made.tell(trial.number, Result({"mse": 1.0}, 5, content_key(graph), 1, (0.0, 0.0), errors={"mse": 0.1}))
    assert told.failure == made.entry(0).result.failure == "the objective accuracy has no value"
    assert told.scores == told.errors == {}


def test_sizes_and_targets_are_losses_like_all_others():
    metrics = [metric_of("accuracy", 0.5), metric_of("parameters")]
    np.testing.assert_array_equal(losses([[0.9, 100.0]], metrics), [[-0.9, 100.0]])
    np.testing.assert_array_equal(chances(metrics), [-0.5, np.nan])
    named = {metric.name: metric for metric in metrics}
    assert ranked({"parameters": 3}, named) == [0.5, 3]
    assert ranked({"accuracy": 0.7}, named) is None


def test_measured_speeds_are_plausible(numbers):
    module = compile(single_task(numbers, "y"), seed=0)
    inputs = numbers.validation.inputs
    assert 0 < latency(module, inputs) < 1000
    assert inferences_per_second(module, inputs) > 10


def test_speed_is_measured_where_it_is_an_objective(numbers, tmp_path):
    found = {}
    for name in ("mse", "latency"):
        launch(numbers, name=name, runs=tmp_path, strategy="random", candidates=1, steps=1, objectives=[name])
        (entry,) = open_run(tmp_path, name).ledger.entries()
        found[name] = entry.result.scores
    assert found["latency"]["latency"] > 0
    assert not {"latency", "inferences_per_second"} & found["mse"].keys()
    with pytest.raises(
        SettingError, match="has the score latency; it is only measured in a search with --objective latency"
    ):
        open_run(tmp_path, "mse").front("latency")


def test_notes_of_the_dashboard_show_absent_scores_as_a_dash(run):
    front = run.ledger.front()
    entry = front[0]
    del entry.result.scores["median_error"]
    try:
        commands = RunCommands("r", "numbers")
        assert "| **median_error (m) ↓** | – |" in note_of(run, entry, {}, commands, [], kept=True)
        rows = [
            text for text in note_of_run(run, front, front, {}, commands).splitlines() if f"**{entry.number}**" in text
        ]
        assert rows[0].split("|")[2].strip() == "–"
    finally:
        run.ledger._ended.clear()


def test_results_of_older_versions_have_their_size_as_a_score():
    fields = {"scores": {"conditioning": 0.1, "copying": 0.0}, "parameters": 7, "key": "k", "samples_seen": 1}
    old = Result.of({**fields, "seconds": [0.0, 0.0], "failure": None, "complete": True})
    assert old.scores == {"conditioning": 0.1, "copying": 0.0, "parameters": 7}
    assert old.seconds == (0.0, 0.0)
