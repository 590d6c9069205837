"""The scheduler for users of Ray Tune, called as Tune calls it. test_tune_run.py runs Tune itself."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

import valp
from valp.errors import FileError, SettingError
from valp.search.halving.pareto_halving import ParetoHalving

CONTINUE, STOP = TrialScheduler.CONTINUE, TrialScheduler.STOP


def scheduler(**changed):
    given = {"metrics": ["loss", "seconds"], "modes": "min", "max_t": 9} | changed
    return ParetoHalving(**given)


def report(rule, trial, time, loss, seconds=1.0, **more):
    result = {"training_iteration": time, "loss": loss, "seconds": seconds} | more
    return rule.on_trial_result(None, trial, result)


@pytest.fixture
def trials():
    return [Trial("tried", stub=True, trial_id=str(i)) for i in range(6)]


def test_dominated_trials_are_stopped_and_all_are_at_the_end(trials):
    rule = scheduler()
    assert [report(rule, trial, 1, loss) for trial, loss in zip(trials, (3, 2, 4, 1), strict=False)] == [
        CONTINUE, CONTINUE, STOP, CONTINUE,
    ]  # fmt: skip
    assert report(rule, trials[0], 9, 0) == STOP
    assert report(scheduler(stop_last_trials=False), trials[0], 9, 0) == CONTINUE
    assert rule.debug_string() == (
        "Pareto halving: 1 trials stopped; compared: 4 at training_iteration 1, 0 at training_iteration 3"
    )


def test_the_modes_say_what_is_better(trials):
    rule = scheduler(metrics=["accuracy", "nested/size"], modes=["max", "min"], time_attr="epochs")
    found = [
        rule.on_trial_result(None, trial, {"epochs": 1, "accuracy": accuracy, "nested/size": 10})
        for trial, accuracy in zip(trials, (0.5, 0.6, 0.4, 0.7), strict=False)
    ]
    assert found == [CONTINUE, CONTINUE, STOP, CONTINUE]


def test_a_report_without_a_metric_or_the_time_changes_nothing(trials):
    rule = scheduler()
    assert rule.on_trial_result(None, trials[0], {"training_iteration": 1, "loss": 1.0}) == CONTINUE
    assert rule.on_trial_result(None, trials[0], {"loss": 1.0, "seconds": 1.0}) == CONTINUE
    assert report(rule, trials[0], 1, None) == CONTINUE
    assert "0 at training_iteration 1" in rule.debug_string()


def test_a_value_that_is_not_finite_stops_the_trial(trials):
    rule = scheduler()
    assert report(rule, trials[0], 1, np.float32("nan")) == STOP
    assert report(rule, trials[1], 1, float("-inf")) == STOP
    assert report(rule, trials[2], 1, np.float32(5)) == CONTINUE


def test_a_metric_that_is_not_a_number_is_refused(trials):
    with pytest.raises(SettingError, match="metric 'loss' must be a number, but trial 0 reported 'low'"):
        report(scheduler(), trials[0], 1, "low")


def test_a_trial_that_failed_stays_at_its_rung_and_is_not_compared_there_again(trials):
    rule = scheduler()
    for trial, loss in zip(trials, (3, 2), strict=False):
        report(rule, trial, 1, loss)
    rule.on_trial_error(None, trials[1])
    assert report(rule, trials[2], 1, 4) == STOP
    rule.on_trial_add(None, trials[1])
    assert report(rule, trials[1], 1, 99) == CONTINUE
    assert "3 at training_iteration 1" in rule.debug_string()


def test_a_trial_that_ends_by_itself_counts_at_its_rung(trials):
    rule = scheduler()
    for trial in trials[:2]:
        rule.on_trial_complete(None, trial, {"training_iteration": 1, "loss": 1, "seconds": 1, "done": True})
    rule.on_trial_complete(None, trials[2], {"training_iteration": 9, "loss": 1, "seconds": 1})
    assert report(rule, trials[3], 1, 2) == STOP
    assert "3 at training_iteration 1, 0 at training_iteration 3" in rule.debug_string()


def test_the_metric_of_a_tune_config_is_not_the_schedulers(trials):
    rule = scheduler()
    assert rule.set_search_properties("other", "max")
    assert rule.metric is None
    assert report(rule, trials[0], 1, 1) == CONTINUE


@pytest.mark.parametrize("kept", ["a file", "a pickle"])
def test_a_stored_scheduler_decides_as_if_it_had_not_stopped(kept, trials, tmp_path):
    losses = np.random.default_rng(1).random((6, 2, 2))
    whole, first = scheduler(reduction_factor=2, grace_period=3), scheduler(reduction_factor=2, grace_period=3)
    events = [(trials[i], time, *losses[i, j]) for j, time in enumerate((3, 6)) for i in range(6)]
    wanted = [report(whole, *event) for event in events]
    found = [report(first, *event) for event in events[:7]]
    if kept == "a file":
        first.save(str(tmp_path / "state.json"))
        second = scheduler(reduction_factor=2, grace_period=3)
        second.restore(str(tmp_path / "state.json"))
    else:
        second = pickle.loads(pickle.dumps(first))
    assert found + [report(second, *event) for event in events[7:]] == wanted
    assert second.debug_string() == whole.debug_string()


def test_a_restored_state_replaces_the_one_before(trials, tmp_path):
    rule = scheduler()
    for trial, loss in zip(trials, (3, 2, 4), strict=False):
        report(rule, trial, 1, loss)
    before = rule.debug_string()
    rule.save(str(tmp_path / "state.json"))
    rule.restore(str(tmp_path / "state.json"))
    assert rule.debug_string() == before


def test_a_trial_that_was_stopped_stays_stopped(trials, tmp_path):
    """Tune may have lost the decision: it saves a checkpoint first, and the driver may die then."""
    rule = scheduler()
    found = [report(rule, trial, 1, loss) for trial, loss in zip(trials, (1, 2, 3), strict=False)]
    assert found == [CONTINUE, CONTINUE, STOP]
    rule.save(str(tmp_path / "state.json"))
    other = scheduler()
    other.restore(str(tmp_path / "state.json"))
    assert [report(each, trials[2], time, 0) for each in (rule, other) for time in (1, 2, 3)] == [STOP] * 6


def test_a_stopped_trial_stays_stopped_at_the_end_though_last_trials_are_not_stopped(trials):
    rule = scheduler(stop_last_trials=False)
    found = [report(rule, trial, 1, loss) for trial, loss in zip(trials, (1, 2, 3), strict=False)]
    assert found == [CONTINUE, CONTINUE, STOP]
    assert [report(rule, trial, 1000, 0) for trial in trials[:3]] == [CONTINUE, CONTINUE, STOP]


@pytest.mark.parametrize("number", [np.array(0.5), np.float32(0.5), np.array([0.5]), np.array([[1]])])
def test_an_array_of_one_number_is_a_number(number, trials):
    assert report(scheduler(), trials[0], 1, number) == CONTINUE


def _with(path, **changed):
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    return str(path)


def test_the_state_of_another_scheduler_is_refused(tmp_path):
    path = tmp_path / "state.json"
    scheduler().save(str(path))
    with pytest.raises(FileError, match=r"state\.json is not .* scheduler: it has the metrics loss, seconds"):
        scheduler(metrics=["loss"]).restore(str(path))
    with pytest.raises(FileError, match="it has rungs at"):
        scheduler(grace_period=2).restore(str(path))
    with pytest.raises(FileError, match="its metrics have other modes"):
        scheduler(modes="max").restore(str(path))
    with pytest.raises(FileError, match="it has the reduction factor 3, not 2"):
        scheduler(reduction_factor=2, max_t=4).restore(_with(path, times=[1, 2]))
    path.write_text(json.dumps([1]))
    with pytest.raises(FileError, match="is not the state"):
        scheduler().restore(str(path))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"metrics": []}, "metrics must be one name or more"),
        ({"metrics": ["a", "a"]}, "each once"),
        ({"modes": "minimize"}, "modes must be min or max for each of 2 metrics, but are 'minimize'"),
        ({"modes": ["min"]}, "for each of 2 metrics"),
        ({"grace_period": 0}, "grace_period must be more than 0 and at most max_t = 9, but is 0"),
        ({"grace_period": 10}, "at most max_t = 9"),
        ({"max_t": float("inf")}, "max_t must be finite"),
        ({"reduction_factor": float("inf")}, "reduction_factor must be more than 1, and finite, but is inf"),
        ({"reduction_factor": 1}, "reduction_factor must be more than 1, and finite, but is 1"),
        ({"ties": "luck"}, "ties must be one of crowding, epsilon-net, knee, but is 'luck'"),
    ],
)
def test_wrong_arguments_are_refused(changed, message):
    with pytest.raises(SettingError, match=message):
        scheduler(**changed)


@pytest.mark.heavy
def test_importing_the_scheduler_imports_neither_torch_nor_optuna():
    program = "import sys; from valp import ParetoHalving; print([m for m in ('torch', 'optuna') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert valp.ParetoHalving is ParetoHalving
