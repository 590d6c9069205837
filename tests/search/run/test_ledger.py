"""The ledger: the run's study on disk."""

import dataclasses
import json
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.samplers import RandomSampler

from tests.metrics import metric_of
from valp.errors import FileError
from valp.search.run.ledger import Ledger
from valp.search.run.number_ranges import from_ranges, ranges_without
from valp.search.run.result import Result
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training

OBJECTIVES = {name: metric_of(name) for name in ("accuracy", "mse")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.db"


@pytest.fixture
def ledger(path):
    return Ledger.create(path, OBJECTIVES)


@pytest.fixture(scope="session")
def candidate(digits_problem) -> Candidate:
    return Candidate(graph=single_task(digits_problem, "digit"), training=Training(steps=7, seed=4))


def result(accuracy=0.5, mse=0.1, failure=None):
    scores = {} if failure else {"accuracy": accuracy, "mse": mse, "entropy": 0.25, "parameters": 12}
    return Result(scores, 12, "a key", 350, (1.5, 0.5), failure)


def begun(ledger, candidate):
    trial = ledger.ask(RandomSampler(seed=0))
    ledger.propose(trial, candidate)
    return trial.number


def test_a_new_ledger_is_empty(ledger, path):
    assert path.is_file()
    assert ledger.trials() == []
    assert ledger.entries() == []
    assert ledger.front() == []
    assert ledger.baselines == {}


def test_candidates_are_numbered_from_zero_in_the_order_they_are_asked_for(ledger, candidate):
    assert [begun(ledger, candidate) for _ in range(3)] == [0, 1, 2]


def test_a_candidate_is_running_from_its_proposal_until_its_result(ledger, candidate):
    trial = ledger.ask(RandomSampler(seed=0))
    assert ledger.entries() == []
    ledger.propose(trial, candidate)
    (entry,) = ledger.entries()
    assert (entry.number, entry.state, entry.result) == (0, "running", None)
    assert entry.candidate == candidate
    ledger.tell(0, result())
    (entry,) = ledger.entries()
    assert (entry.state, entry.result) == ("complete", result())


def test_a_failed_candidate_keeps_its_reason_and_is_not_on_the_front(ledger, candidate):
    ledger.tell(begun(ledger, candidate), result(failure="loss is not finite"))
    entry = ledger.entry(0)
    assert (entry.state, entry.result.failure) == ("failed", "loss is not finite")
    assert entry.listing()["failure"] == "loss is not finite"
    assert ledger.front() == []


def test_results_are_there_when_the_ledger_is_opened_again(ledger, path, candidate):
    for outcome in (result(0.5, 0.1), result(failure="no")):
        ledger.tell(begun(ledger, candidate), outcome)
    begun(ledger, candidate)
    ledger.tell_baseline("digit", "linear", result(0.9))
    for again in (Ledger.open(path, OBJECTIVES), Ledger.create(path, OBJECTIVES)):
        assert again.entries() == ledger.entries()
        assert [entry.state for entry in again.entries()] == ["complete", "failed", "running"]
        assert again.baselines == {"digit": {"linear": result(0.9)}}
        assert begun_states(again) == begun_states(ledger)


def begun_states(ledger):
    return [(trial.state, trial.values, trial.user_attrs) for trial in ledger.trials()]


def test_a_trial_left_running_is_resumed_under_its_own_number(ledger, path, candidate):
    ledger.ask(RandomSampler(seed=0)).suggest_float("n0.kind", 0, 1)
    again = Ledger.open(path, OBJECTIVES)
    trial = again.again(again.trials()[0], RandomSampler(seed=1))
    assert trial.suggest_float("n0.kind", 0, 1) == again.trials()[0].params["n0.kind"]
    again.propose(trial, candidate)
    again.tell(0, result())
    assert [(entry.number, entry.state) for entry in again.entries()] == [(0, "complete")]


def test_a_proposal_records_which_candidates_it_had_seen_finished(ledger, candidate):
    for _ in range(4):
        begun(ledger, candidate)
    ledger.tell(2, result())
    ledger.tell(0, result(failure="no"))
    number = begun(ledger, candidate)
    assert from_ranges(ledger.trials()[number].user_attrs["seen"]) == [0, 2]


def test_a_proposal_records_its_parent(ledger, candidate):
    begun(ledger, candidate)
    begun(ledger, candidate.model_copy(update={"parent": 0}))
    assert [trial.user_attrs["parent"] for trial in ledger.trials()] == [None, 0]
    assert ledger.entry(1).candidate.parent == 0


def test_the_front_has_the_non_dominated_candidates_the_knee_first(ledger, candidate):
    for accuracy, mse in ((0.9, 0.9), (0.85, 0.15), (0.1, 0.1), (0.5, 0.5), (0.1, 0.2)):
        ledger.tell(begun(ledger, candidate), result(accuracy, mse))
    begun(ledger, candidate)
    numbers = [entry.number for entry in ledger.front()]
    assert numbers[0] == 1
    assert sorted(numbers) == [0, 1, 2]


def test_a_listing_has_the_fields_that_the_json_of_commands_promises(ledger, candidate):
    ledger.tell(begun(ledger, candidate), result())
    assert ledger.entry(0).listing() == {
        "number": 0,
        "state": "complete",
        "scores": {"accuracy": 0.5, "mse": 0.1, "entropy": 0.25, "parameters": 12},
        "errors": {},
        "parameters": 12,
        "key": "a key",
        "samples_seen": 350,
        "samples_seen_with_parents": 350,
        "seconds": 2.0,
    }


def test_standard_errors_are_kept(ledger, candidate):
    errors = {"accuracy": 0.1 + 0.2, "mse": 1e-30}
    ledger.tell(begun(ledger, candidate), replace(result(), errors=errors))
    assert ledger.entry(0).result.errors == ledger.entry(0).listing()["errors"] == errors


def test_baselines_of_several_outputs_are_kept_side_by_side(ledger):
    ledger.tell_baseline("digit", "network", result(0.9))
    ledger.tell_baseline("histogram", "network", result(failure="no"))
    ledger.tell_baseline("digit", "tuned-1", result(0.8))
    assert ledger.baselines == {
        "digit": {"network": result(0.9), "tuned-1": result(0.8)},
        "histogram": {"network": result(failure="no")},
    }


def test_the_baselines_of_version_0_1_are_single_task_networks(ledger):
    told = {"digit": json.loads(json.dumps(dataclasses.asdict(result(0.9))))}
    ledger.study.set_user_attr("baselines", told)
    ledger.tell_baseline("digit", "linear", result(0.8))
    assert ledger.baselines == {"digit": {"network": result(0.9), "linear": result(0.8)}}


@pytest.mark.parametrize("number", [-1, 1, 99])
def test_an_unknown_number_is_a_file_error(number, ledger, candidate):
    begun(ledger, candidate)
    with pytest.raises(FileError, match=f"there is no candidate {number}; the run has 1, numbered from 0"):
        ledger.entry(number)


def test_a_missing_ledger_is_a_file_error_and_none_is_made(path):
    with pytest.raises(FileError, match="there is no ledger at"):
        Ledger.open(path, OBJECTIVES)
    assert not path.exists()


@pytest.mark.parametrize("damage", ["other bytes", "truncated", "empty"])
@pytest.mark.parametrize("opener", [Ledger.open, Ledger.create])
def test_a_damaged_ledger_is_a_file_error_of_one_line(damage, opener, ledger, path, candidate):
    begun(ledger, candidate)
    ledger.study._storage.remove_session()
    content = path.read_bytes()
    damaged = {"other bytes": b"no database " * 1000, "truncated": content[: len(content) // 3], "empty": b""}[damage]
    path.write_bytes(damaged)
    if damage == "empty" and opener == Ledger.create:
        assert opener(path, OBJECTIVES).entries() == []  # an empty file is how SQLite begins one
        return
    with pytest.raises(FileError, match=r"study\.db") as raised:
        opener(path, OBJECTIVES).entries()
    assert "\n" not in str(raised.value)


def test_a_database_of_something_else_is_a_file_error(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table things (name text)")
    with pytest.raises(FileError, match=r"study\.db"):
        Ledger.open(path, OBJECTIVES)


@given(st.integers(0, 300), st.data())
def test_ranges_read_back_as_the_numbers_they_were_written_from(count, data):
    without = data.draw(st.sets(st.integers(0, count - 1) if count else st.nothing()))
    assert from_ranges(ranges_without(count, without)) == sorted(set(range(count)) - without)


@pytest.mark.parametrize(
    ("count", "without", "text"),
    [(0, [], ""), (4, [2, 1, 0], "3"), (2, [], "0-1"), (9, [5, 3, 6], "0-2,4,7-8"), (3, [2], "0-1"), (1, [0], "")],
)
def test_ranges_are_written_with_a_dash_and_commas(count, without, text):
    assert ranges_without(count, without) == text
