"""Scores under attack as objectives of a search, from the command line to the report."""

import numpy as np
import pytest

from valp.errors import SettingError
from valp.search.facade import launch as facade
from valp.search.run.gradient_remarks import gradient_remarks
from valp.search.run.run import open_run
from valp.search.run.settings import read_settings
from valp.search.show.dashboard.notes import RunCommands, note_of
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.material import gather
from valp.spaces.problem.problem import Problem, discrete, numeric

ROBUST, JOINT = "robust_accuracy.a@0.1", "robust_joint_accuracy@0.2"
OBJECTIVES = ("accuracy.a", ROBUST, JOINT)


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 3))
    outputs = {"a": discrete((x[:, 0] > 0).astype(int)), "b": discrete((x.sum(1) > 0).astype(int))}
    return Problem.from_arrays("two", inputs={"x": numeric(x)}, outputs=outputs)


def search(problem, folder, **changes):
    """A search in this process with the torch executor, which needs no compilation."""
    asked = {"strategy": "nsga2", "candidates": 4, "steps": 20, "objectives": OBJECTIVES, **changes}
    return facade.launch(problem, name="r", runs=folder, workers=0, executor="torch", **asked)


@pytest.fixture(scope="module")
def run(problem, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    search(problem, folder)
    return open_run(folder, "r")


def test_candidates_and_networks_are_measured_and_ranked_by_scores_under_attack(run):
    for entry in run.ledger.entries():
        scores = entry.result.scores
        assert scores[JOINT] <= scores["joint_accuracy"]
        assert scores[ROBUST] <= scores["accuracy.a"]
        assert {"zero_gradients.a", "zero_gradients.b"} <= scores.keys()
        assert entry.result.errors.keys() >= {ROBUST, JOINT, "joint_accuracy"}
    assert [[trial.values[1], trial.values[2]] for trial in run.ledger.trials()] == [
        [entry.result.scores[ROBUST], entry.result.scores[JOINT]] for entry in run.ledger.entries()
    ]
    assert ROBUST in run.ledger.baselines["a"]["network"].scores
    assert ROBUST not in run.ledger.baselines["a"]["linear"].scores
    assert run.baselines.best[ROBUST].code == "network"


def test_tables_notes_and_the_report_have_scores_under_attack(run, valp):
    runs = str(run.folder.path.parent)
    listed = valp("best", "r", "--runs", runs, "--by", "robust_accuracy.a@0.10", "--json").json
    values = [row["scores"][ROBUST] for row in listed]
    assert values == sorted(values, reverse=True)
    assert "zero_gradients.a" in run.shown_scores
    shown = valp("show", "r", "0", "--runs", runs)
    assert shown.code == 0, shown.err
    assert ROBUST in shown.out
    assert "zero_gradients.b" in shown.out
    summary = gather(run, Evidence(None, missing="not needed")).summary
    assert summary["objectives"] == list(OBJECTIVES)
    assert {*OBJECTIVES, "zero_gradients.a"} <= summary["scores"].keys()
    entry = run.front()[0]
    assert f"**{ROBUST} ↑**" in note_of(run, entry, {}, RunCommands("r", "two"), [], kept=True)


def test_a_search_resumes_if_the_size_is_written_in_another_way(run, problem):
    folder = run.folder.path.parent
    search(problem, folder, objectives=("accuracy.a", "robust_accuracy.a@0.10", "robust_joint_accuracy@2e-1"))
    assert read_settings(run.folder.settings).objectives == OBJECTIVES
    assert len(open_run(folder, "r").ledger.entries()) == 4
    with pytest.raises(SettingError, match="has objectives"):
        search(problem, folder, objectives=("accuracy.a", "robust_accuracy.a@0.2", JOINT))
    with pytest.raises(SettingError, match="each objective must be given once"):
        search(problem, folder, objectives=(ROBUST, "robust_accuracy.a@0.10"))


def test_scores_of_another_size_are_not_on_the_front_and_the_message_says_why(run):
    with pytest.raises(SettingError, match=r"only measured in a search with --objective robust_accuracy\.b@0\.3"):
        run.front("robust_accuracy.b@0.3")


def test_a_masked_gradient_has_a_remark(run):
    scores = {"zero_gradients.a": 0.6, "zero_gradients.b": 0.05}
    (remark,) = gradient_remarks(run.metrics, scores)
    assert remark.startswith("The gradient of a with respect to the inputs is zero in 60% of the rows")
