"""The trials of a ledger as a driver knows them, against what Optuna reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import RandomSampler

from tests.metrics import metric_of
from valp.search.run.known_trials import KnownTrials
from valp.search.run.ledger import Ledger
from valp.search.run.result import Result
from valp.search.strategies.strategy import drawn_graph
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT

OBJECTIVES = {"accuracy": metric_of("accuracy"), "mse": metric_of("mse")}


@pytest.fixture(scope="module")
def drawn(digits_problem):
    return Candidate(graph=drawn_graph(digits_problem, DEFAULT, RandomChoose(0)), training=Training(steps=3))


def result(accuracy=0.5, failure=None):
    scores = {} if failure else {"accuracy": accuracy, "mse": 1.0}
    return Result(scores, 10, "key", 30, (1.0, 1.0), failure=failure)


ACTIONS = st.lists(st.tuples(st.sampled_from(["ask", "propose", "reach", "tell", "fail", "read"]), st.integers(0, 9)))


@settings(max_examples=30)
@given(actions=ACTIONS)
def test_a_reader_knows_what_optuna_reads_whatever_a_driver_does_between(actions, drawn, tmp_path_factory):
    place = tmp_path_factory.mktemp("known") / "study.db"
    driver = Ledger.create(place, OBJECTIVES)
    reader = Ledger.open(place, OBJECTIVES)
    ended = []
    for action, which in [*actions, ("read", 0)]:
        open_ones = sorted(trial.number for trial in driver.trials() if not trial.state.is_finished())
        proposed = [entry.number for entry in driver.running()]
        match action:
            case "ask":
                driver.ask(RandomSampler(seed=0))
            case "propose" if open_ones:
                number = open_ones[which % len(open_ones)]
                driver.propose(driver.again(driver.trial(number), RandomSampler(seed=0)), drawn)
            case "reach" if proposed:
                driver.reach(proposed[which % len(proposed)], 1, {"accuracy": which / 10, "mse": 1.0})
            case "tell" | "fail" if proposed:
                number = proposed[which % len(proposed)]
                driver.tell(number, result(which / 10, failure="no" if action == "fail" else None))
            case "read":
                expected = reader.study.get_trials(deepcopy=False)
                assert reader.trials() == expected
                assert [reader.trial(trial.number) for trial in expected] == expected
                new = reader.ended(after=len(ended))
                ended += [entry.number for entry in new]
                assert sorted(ended) == [trial.number for trial in expected if trial.state.is_finished()]
                assert reader.running() == [entry for entry in reader.entries() if entry.state == "running"]


def test_what_a_candidate_costs_does_not_depend_on_how_many_have_ended(drawn, tmp_path, monkeypatch):
    ledger, looked, take = Ledger.create(tmp_path / "study.db", OBJECTIVES), [], KnownTrials._take
    monkeypatch.setattr(KnownTrials, "_take", lambda known, trial: (looked.append(trial.number), take(known, trial)))
    counts = []
    for _ in range(60):
        trial = ledger.ask(RandomSampler(seed=0))
        ledger.propose(trial, drawn)
        ledger.reach(trial.number, 1, {"accuracy": 0.5, "mse": 1.0})
        ledger.tell(trial.number, result())
        counts.append(len(looked))
        looked.clear()
    assert len(set(counts[5:])) == 1
    assert counts[-1] < 20


def test_a_candidate_that_does_not_exist_is_a_sentence(tmp_path):
    ledger = Ledger.create(tmp_path / "study.db", OBJECTIVES)
    for ask in (ledger.trial, ledger.entry):
        with pytest.raises(Exception, match="there is no candidate 0; the run has 0, numbered from 0"):
            ask(0)
