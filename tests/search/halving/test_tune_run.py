"""The scheduler in Ray Tune itself: its decisions, a failure, and a run that is restored."""

import contextlib
import re
from pathlib import Path

import numpy as np
import pytest
from ray import tune

from valp import ParetoHalving
from valp.search.halving.pareto_halving import STATE_FILE
from valp.search.halving.recorded_curves import RecordedCurves
from valp.search.halving.rung_ladder import RungLadder
from valp.search.halving.simulator import in_order, simulate

pytestmark = pytest.mark.heavy

COUNT = 9
TIMES = (1, 2, 4, 8)
FAILING = 6


@pytest.fixture(scope="module")
def curves():
    """Curves whose later values are like their earlier ones, of a loss and an accuracy."""
    random = np.random.default_rng(3)
    values = random.random((COUNT, 1, 2)) + 0.2 * random.random((COUNT, len(TIMES), 2))
    seconds = np.cumsum(np.ones((COUNT, len(TIMES))), axis=1)
    return RecordedCurves("random numbers", ("loss", "accuracy"), ("min", "max"), TIMES, (1.0, 0.0), values, seconds)


def replay(config, values, flag=None):
    """Reports a curve. If a flag is given and there is no such file, one candidate fails and leaves the file."""
    row = config["row"]
    for time in range(1, TIMES[-1] + 1):
        place = max(i for i, each in enumerate(TIMES) if each <= time)
        if flag is not None and row == FAILING and time == 2 and not flag.exists():
            flag.touch()
            raise RuntimeError("out of luck")
        loss, accuracy = values[row, place]
        tune.report({"loss": float(loss), "scores": {"accuracy": float(accuracy)}})


def tuner(curves, folder, flag=None):
    return tune.Tuner(
        tune.with_parameters(replay, values=curves.values, flag=flag),
        param_space={"row": tune.grid_search(list(range(COUNT)))},
        tune_config=tune.TuneConfig(
            scheduler=ParetoHalving(["loss", "scores/accuracy"], ["min", "max"], max_t=TIMES[-1], reduction_factor=2),
            max_concurrent_trials=1,
            reuse_actors=True,
            metric="loss",
            mode="min",
        ),
        run_config=tune.RunConfig(storage_path=str(folder), name="halved", verbose=0),
    )


def reached(results):
    return {result.config["row"]: result.metrics["training_iteration"] for result in results}


def simulated(curves):
    ended = simulate(curves, in_order(range(COUNT)), RungLadder(TIMES[:-1], 2, 2), 1)
    return {one.row: one.time for one in ended}


def test_tune_stops_the_trials_that_the_simulator_stops(curves, ray_session, tmp_path):
    results = tuner(curves, tmp_path).fit()
    assert reached(results) == simulated(curves)
    assert len({*reached(results).values()}) == 4
    assert results.get_best_result().metrics["loss"] == min(result.metrics["loss"] for result in results)


def test_a_restored_run_compares_with_the_trials_of_the_first_session(curves, ray_session, tmp_path):
    flag = tmp_path / "failed"
    first = tuner(curves, tmp_path, flag).fit()
    assert first.num_errors == 1
    assert (tmp_path / "halved" / STATE_FILE).is_file()
    replayed = tune.with_parameters(replay, values=curves.values, flag=flag)
    results = tune.Tuner.restore(str(tmp_path / "halved"), replayed, resume_errored=True).fit()
    assert results.num_errors == 0
    # It is first, and alone, in the second session. Among all at its rung it is not good enough.
    assert reached(results)[FAILING] == 2 < simulated(curves)[FAILING]
    assert len(reached(results)) == COUNT


def test_the_python_of_the_page_runs_in_its_order(ray_session, tmp_path, capsys):
    page = (Path(__file__).parents[3] / "docs" / "halving.md").read_text()
    names = {"__name__": "__main__"}
    with contextlib.chdir(tmp_path):
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(block, names)
    epochs, ended = [result.metrics["training_iteration"] for result in names["results"]], names["ended"]
    assert len(epochs) == 12
    assert set(epochs) <= {1, 3, 9, 27}
    assert min(epochs) < 27 == max(epochs)
    assert (tmp_path / "tuned" / "sparse" / STATE_FILE).is_file()
    assert [(trial.row, trial.time) for trial in ended] == [(0, 3), (1, 3), (2, 1), (3, 3)]
    assert "27 epochs: accuracy 0." in capsys.readouterr().out
