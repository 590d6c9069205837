"""Limits on the time and the memory of a candidate, and on the time of a search."""

import time

import numpy as np
import pytest

from tests.search.listener import Listener
from valp.errors import SearchError, SettingError
from valp.plan.byte_size import machine_memory, read_size, size_text
from valp.search.engine import candidate_limits, driver, evaluate, run_search
from valp.search.engine.candidate_limits import (
    LEAST_MEMORY,
    CandidateLimits,
    Stopclock,
    default_memory,
)
from valp.search.engine.fault import Fault, OutOfTimeError, OverLimitError, failure_of
from valp.search.engine.search_events import Event
from valp.search.facade.launch import launch
from valp.search.run.run import open_run
from valp.spaces.baselines.single_task import WIDE, single_task
from valp.spaces.candidate import Training
from valp.spaces.problem.problem import Problem, numeric


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(problem, runs, **settings):
    asked = {"name": "r", "candidates": 1, "steps": 20, "workers": 0, "strategy": "random", "baselines": "none"}
    return launch(problem, runs=runs, **{"display": Listener(), **asked, **settings}).stored


def wide(problem, units):
    """A graph whose hidden layers have so many units."""
    graph = single_task(problem, problem.outputs[0].name, WIDE)
    network = graph.networks[0]
    layers = tuple(layer.model_copy(update={"units": units}) for layer in network.layers)
    return graph.model_copy(update={"networks": (network.model_copy(update={"layers": layers}),)})


def test_a_start_graph_that_needs_too_much_memory_fails_once_and_the_search_goes_on(line, tmp_path):
    settings = {"start_from": [wide(line, 20_000)], "candidates": 2, "candidate_memory": "1GB"}
    run = searched(line, tmp_path, **settings)
    first, second = run.ledger.entries()
    assert (first.state, second.state) == ("failed", "complete")
    assert "of memory for 400,0" in first.result.failure
    assert first.result.failure.endswith("but a candidate may use 1 GB")
    display = Listener()
    searched(line, tmp_path, display=display, **settings)
    assert display.ended == []


@pytest.mark.parametrize("executor", ["torch", "auto"])
def test_a_candidate_that_takes_too_long_fails_once_between_two_steps(executor, line, tmp_path):
    asked = {"steps": 10**7, "executor": executor, "candidate_timeout": 0.3}
    with pytest.raises(SearchError, match=r"takes longer than the 0\.3 s that a candidate may take"):
        searched(line, tmp_path, **asked)
    assert open_run(tmp_path, "r").ledger.entry(0).state == "failed"


class Clock:
    """The time of the modules of the engine, which a test moves on."""

    def __init__(self, monkeypatch):
        self.moved = 0.0
        for module in (candidate_limits, driver, run_search):
            monkeypatch.setattr(module, "time", self)

    def monotonic(self):
        return time.monotonic() + self.moved


@pytest.mark.parametrize("executor", ["torch", "auto"])
def test_when_the_time_is_over_a_candidate_in_training_stops_and_the_next_session_trains_it(
    executor, line, tmp_path, monkeypatch
):
    asked = {"candidates": 2, "executor": executor}
    display, clock = Listener(), Clock(monkeypatch)
    make = evaluate.fitting

    def fitting(*given):
        clock.moved = 7200
        return make(*given)

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "fitting", fitting)
        run = searched(line, tmp_path, hours=1, display=display, **asked)
    assert [trial.state.is_finished() for trial in run.ledger.trials()] == [False]
    assert not run.folder.candidate(0).exists()
    assert display.lines[-1] == "the time is over; the same command continues the search"
    after = searched(line, tmp_path, **asked).ledger.entries()
    whole = searched(line, tmp_path, name="whole", **asked).ledger.entries()
    assert [entry.result.scores for entry in after] == [entry.result.scores for entry in whole]


def test_a_worker_whose_clock_is_ahead_ends_the_session_and_no_candidate_is_blamed(line, tmp_path, monkeypatch):
    def late(*_):
        raise OutOfTimeError("the time of the search is over")

    display, events = Listener(), list[Event]()
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "fitting", late)
        run = searched(line, tmp_path, hours=1, candidates=3, display=display, listeners=[events.append])
    assert [trial.state.is_finished() for trial in run.ledger.trials()] == [False]
    assert "candidate 0 ended because the time is over by its worker's clock: the session ends" in display.lines
    assert [event.name for event in events if event.fields.get("candidate") == 0][-1] == "unfinished"
    assert not [event for event in events if event.name == "retry"]
    after = searched(line, tmp_path, candidates=3).ledger.entries()
    assert [entry.state for entry in after] == ["complete"] * 3


def test_no_baseline_is_fitted_and_no_candidate_begins_after_the_end_of_the_time(line, tmp_path):
    run = searched(line, tmp_path, hours=1e-9, baselines="tuned")
    assert run.ledger.trials() == []
    assert run.ledger.baselines == {}
    assert [entry.state for entry in searched(line, tmp_path, baselines="tuned").ledger.entries()] == ["complete"]


def test_a_clock_says_whether_the_candidate_or_the_session_has_no_time_left():
    training = Training(steps=100)
    clock = Stopclock(CandidateLimits(seconds=0.0), training)
    clock()  # it does not run yet
    with clock.running():
        time.sleep(0.001)
        with pytest.raises(OverLimitError):
            clock()
    spent = clock.spent
    time.sleep(0.001)
    assert clock.spent == spent > 0
    with pytest.raises(OutOfTimeError) as error:
        Stopclock(CandidateLimits(deadline=time.monotonic() - 1), training)()
    assert failure_of(error.value).fault is Fault.TIME
    assert failure_of(OverLimitError("")).fault is Fault.CANDIDATE


def test_the_default_limits_grow_with_the_training_and_with_the_machine():
    assert CandidateLimits().seconds_of(Training(steps=2000, batch=50)) == 2600
    assert CandidateLimits().seconds_of(Training(steps=500, batch=200)) == 2600
    assert CandidateLimits().seconds_of(Training(steps=4000, batch=10)) == 4600
    assert CandidateLimits(seconds=5.0).seconds_of(Training()) == 5
    assert default_memory(0) == default_memory(1) == pytest.approx(0.8 * machine_memory(), abs=1)
    assert default_memory(10**6) == LEAST_MEMORY


@pytest.mark.parametrize(
    ("given", "size"), [("4GB", 4 * 10**9), ("1.5 GiB", 1.5 * 2**30), ("500mb", 5 * 10**8), (12345, 12345), (2e9, 2e9)]
)
def test_a_size_is_read_with_its_unit(given, size):
    assert read_size(given) == size


@pytest.mark.parametrize("given", ["4", "GB", "-4GB", "4 apples", "0GB", "", "4GBB", 0, -1, float("inf"), float("nan")])
def test_a_size_without_meaning_is_refused(given):
    with pytest.raises(SettingError, match="a size of memory must be positive and have a unit, as in 4GB or 500MB"):
        read_size(given)


def test_sizes_are_shown_in_the_unit_that_fits():
    assert [size_text(size) for size in (5e3, 2.5e8, 9.94e9, 3e12)] == ["5 kB", "250 MB", "9.94 GB", "3 TB"]


@pytest.mark.parametrize("setting", [{"candidate_timeout": 0}, {"candidate_memory": "much"}])
def test_limits_without_meaning_are_refused_before_anything_is_written(setting, line, tmp_path):
    with pytest.raises(SettingError):
        searched(line, tmp_path, **setting)
    assert [*tmp_path.iterdir()] == []
