"""`valp best --test`: the front on the test split."""

import shutil

import pytest

from valp.errors import DataError
from valp.search.engine.models import model_of
from valp.search.engine.score_on_test import baselines_on_test, score_on_test
from valp.search.facade.run_handle import open_run
from valp.search.run.folder import drop_weights
from valp.search.run.run import open_run as open_stored
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer


@pytest.fixture(scope="module")
def scored(small_runs, digits_problem):
    """The front of the run on the test split, scored one by one."""
    small_run = open_stored(small_runs, "small")
    scorer = Scorer(digits_problem, judges_of(digits_problem), small_run.settings.protocol)
    models = {entry.number: model_of(small_run, entry).module for entry in small_run.front()}
    return {number: scorer.score_with_errors(module, digits_problem.test) for number, module in models.items()}


def test_json_has_the_test_scores_and_their_errors_next_to_those_of_the_validation_split(valp, small_runs, scored):
    plain = valp("best", "small", "--runs", small_runs, "--json").json
    outcome = valp("best", "small", "--test", "--runs", small_runs, "--json")
    assert outcome.code == 0, outcome.err
    assert [{k: v for k, v in one.items() if not k.startswith("test")} for one in outcome.json] == plain
    for one in outcome.json:
        scores, errors = scored[one["number"]]
        assert one["test"] == pytest.approx(scores)
        assert one["test_errors"] == pytest.approx(errors)
        assert one["test"] != one["scores"]
        assert one["errors"].keys() == one["test_errors"].keys() == scores.keys() - {"parameters"}


def test_the_table_has_both_splits_with_their_intervals(valp, small_runs, small_run, scored):
    outcome = valp("best", "small", "--test", "--runs", small_runs)
    assert outcome.code == 0, outcome.err
    for entry in small_run.front():
        (row,) = [line for line in outcome.out.splitlines() if line.strip(" │|").split()[:1] == [str(entry.number)]]
        assert row.count("±") == 2 * len(small_run.objectives)
        for values, errors in ((entry.result.scores, entry.result.errors), scored[entry.number]):
            assert f"{values['accuracy']:.3f} ± {1.96 * errors['accuracy']:.2g}" in row
    assert "95% confidence interval" in outcome.out


def test_a_candidate_without_weights_has_a_dash_and_is_named(valp, small_runs, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(small_runs, runs)
    run = open_stored(runs, "small")
    first, *others = [entry.number for entry in run.front()]
    drop_weights(run.folder.candidate(first))
    outcome = valp("best", "small", "--test", "--runs", runs)
    assert f"no weights are kept of {first}" in outcome.out
    listed = valp("best", "small", "--test", "--runs", runs, "--json").json
    assert listed[0]["test"] == listed[0]["test_errors"] == {}
    assert all(one["test"] for one in listed[1:])
    assert len(listed) == 1 + len(others)


def test_other_data_is_refused(small_run, digits_problem):
    problem = digits_problem.model_copy(update={"test": digits_problem.validation})
    with pytest.raises(DataError, match="is not the data of run 'small'"):
        score_on_test(small_run, small_run.front(), problem, {}, print)


def test_in_python_the_test_scores_are_a_frame_in_the_order_of_the_front(small_runs, small_run, scored):
    frame = open_run("small", small_runs).test_scores()
    assert list(frame.index) == [entry.number for entry in small_run.front()]
    for number, (scores, errors) in scored.items():
        assert frame.loc[number, "accuracy"] == pytest.approx(scores["accuracy"])
        assert frame.loc[number, "accuracy_error"] == pytest.approx(errors["accuracy"])
        assert frame.loc[number, "parameters"] == scores["parameters"]


def test_the_best_baselines_are_scored_on_the_test_split_too(small_run, digits_problem):
    found = baselines_on_test(small_run, digits_problem, judges_of(digits_problem))
    assert found.scores.keys() == set(small_run.objectives)
    best = small_run.baselines.best
    for name, value in found.scores.items():
        assert value != best[name].value
        assert abs(value - best[name].value) < 8 * (best[name].error + found.errors[name])


def test_the_table_ends_with_the_best_baselines_and_json_says_how_they_compare(valp, small_runs, small_run):
    outcome = valp("best", "small", "--test", "--runs", small_runs)
    (row,) = [line for line in outcome.out.splitlines() if line.strip(" │|").startswith("best baseline")]
    assert row.count("±") == 2 * len(small_run.objectives)
    assert "chosen on the validation split: accuracy: linear" in outcome.out
    for one in valp("best", "small", "--runs", small_runs, "--json").json:
        assert one["compared"].keys() == set(small_run.objectives)
        assert set(one["compared"].values()) <= {"better", "worse", "equal"}
