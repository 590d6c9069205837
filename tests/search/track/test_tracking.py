"""What TensorBoard and MLflow show of a search agrees with its ledger, also after kills and failures of the server."""

import shutil
import time

import numpy as np
import pytest
from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from tests.search.listener import Listener
from valp.search.facade.launch import launch
from valp.search.track import tracking as tracking_module
from valp.search.track.mlflow_tracker import CANDIDATE, ON_FRONT, MLflowTracker
from valp.search.track.tensorboard_tracker import MARK, TensorBoardTracker
from valp.search.track.tracker import identity
from valp.search.track.tracking import tracking
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(line, runs, trackers, candidates=3, said=None, **asked):
    said = [] if said is None else said
    settings = {"steps": 20, "workers": 0, "strategy": "random", "baselines": "none", "display": Listener()} | asked
    with tracking(runs, trackers, said.append) as told:
        run = launch(line, name="r", runs=runs, candidates=candidates, listeners=[told.hear], **settings)
    return run.stored


def events_of(folder):
    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def hparams_of(found):
    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    told = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in told.items()}


def mlflow_runs(uri, experiment="r"):
    client = MlflowClient(tracking_uri=uri)
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return client, {int(one.data.tags[CANDIDATE]): one for one in found}


def test_tensorboard_reads_scores_curves_and_settings_of_every_candidate(line, tmp_path):
    run = searched(line, tmp_path, [TensorBoardTracker(tmp_path / "tb")], 4)
    entries = run.ledger.entries()
    for entry in entries:
        found = events_of(tmp_path / "tb" / "r" / f"candidate-{entry.number}")
        (mse,) = found.Scalars("mse")
        assert mse.value == pytest.approx(entry.result.scores["mse"], rel=1e-5)
        curve = found.Scalars("loss/total")
        lines = (run.folder.candidate(entry.number) / "curves.csv").read_text().splitlines()[1:]
        assert [one.step for one in curve] == [int(line.split(",")[0]) for line in lines]
        assert [one.value for one in curve] == pytest.approx([float(line.split(",")[1]) for line in lines], rel=1e-5)
        told = hparams_of(found)
        assert told["learning_rate"] == pytest.approx(entry.candidate.training.learning_rate)
        assert told["networks"] == len(entry.candidate.graph.networks)
    best = events_of(tmp_path / "tb" / "r").Scalars("best/mse")
    assert [one.step for one in best] == [1, 2, 3, 4]
    assert best[-1].value == pytest.approx(min(entry.result.scores["mse"] for entry in entries), rel=1e-5)


def test_mlflow_has_a_run_for_every_candidate(line, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run = searched(line, tmp_path, [MLflowTracker(uri)], 4)
    client, found = mlflow_runs(uri)
    front = {entry.number for entry in run.front()}
    assert found.keys() == {0, 1, 2, 3}
    for entry in run.ledger.entries():
        one = found[entry.number]
        assert (one.info.status, one.info.run_name) == ("FINISHED", f"candidate {entry.number}")
        assert one.data.metrics["mse"] == pytest.approx(entry.result.scores["mse"])
        assert one.data.params["batch"] == str(entry.candidate.training.batch)
        assert one.data.tags[ON_FRONT] == str(entry.number in front).lower()
        curve = client.get_metric_history(one.info.run_id, "loss/total")
        assert len(curve) == len((run.folder.candidate(entry.number) / "curves.csv").read_text().splitlines()) - 1


def test_a_failed_candidate_is_a_failed_run_with_its_reason(line, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with pytest.raises(Exception, match="failed"):
        searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(tmp_path / "tb")], 1, candidate_timeout=1e-6)
    _, found = mlflow_runs(uri)
    assert found[0].info.status == "FAILED"
    assert "longer than" in found[0].data.tags["valp.failure"]
    assert "failure/text_summary" in events_of(tmp_path / "tb" / "r" / "candidate-0").Tags()["tensors"]


def test_a_resumed_search_adds_what_is_missing_and_nothing_twice(line, tmp_path):
    uri, folder = f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "tb"
    searched(line, tmp_path, [], 2)  # not tracked at all
    run = searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(folder)], 3)
    client, found = mlflow_runs(uri)
    assert found.keys() == {0, 1, 2}
    # As if the driver had been killed while it told them about candidate 1.
    client.delete_run(found[1].info.run_id)
    client.create_run(found[1].info.experiment_id, tags={CANDIDATE: "1"})
    (folder / "r" / "candidate-1" / MARK).unlink()
    before = {number: one.info.run_id for number, one in found.items()}
    searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(folder)], 4)
    _, found = mlflow_runs(uri)
    assert {number: one.info.status for number, one in found.items()} == dict.fromkeys(range(4), "FINISHED")
    assert [found[number].info.run_id == before[number] for number in range(3)] == [True, False, True]
    for number in range(4):
        assert len(events_of(folder / "r" / f"candidate-{number}").Scalars("mse")) == 1
    assert len(events_of(folder / "r").Scalars("best/mse")) == 4
    assert run.folder.name == "r"


def test_candidates_of_a_deleted_run_of_the_same_name_are_replaced(line, tmp_path):
    uri, folder = f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "tb"
    searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(folder)], 2)
    shutil.rmtree(tmp_path / "r")
    run = searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(folder)], 2, seed=7)
    _, found = mlflow_runs(uri)
    for entry in run.ledger.entries():
        assert found[entry.number].data.metrics["mse"] == pytest.approx(entry.result.scores["mse"])
        (mse,) = events_of(folder / "r" / f"candidate-{entry.number}").Scalars("mse")
        assert mse.value == pytest.approx(entry.result.scores["mse"], rel=1e-5)


class Flaky:
    """A tracker that is down at first, or always."""

    title = "the server"

    def __init__(self, fails):
        self.fails, self.has = fails, []

    def _call(self):
        if self.fails:
            self.fails -= 1
            raise ConnectionError("connection refused\nmany lines")

    def begin(self, run):
        self._call()
        return {identity(run.ledger.entries()[0])} if run.ledger.entries() and not self.has else set()

    def add(self, run, entry):
        self._call()
        self.has.append(entry.number)

    def finish(self, run):
        self._call()


def test_a_server_that_is_down_for_a_while_gets_everything_in_the_end(line, tmp_path, monkeypatch):
    monkeypatch.setattr(tracking_module, "AGAIN", 0.0)
    searched(line, tmp_path, [], 1)
    server, said = Flaky(2), []
    run = searched(line, tmp_path, [server], 4, said)
    assert sorted(server.has) == [1, 2, 3]  # it had candidate 0
    assert said == ["the server cannot be written: connection refused; it is tried again"]
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 4


def test_a_server_that_stays_down_does_not_end_the_search(line, tmp_path):
    said = []
    run = searched(line, tmp_path, [Flaky(10**6)], 3, said)
    assert len(run.ledger.entries()) == 3
    assert said == [
        "the server cannot be written: connection refused; it is tried again",
        "the server cannot be written: connection refused; the next session of this run adds what it lacks",
    ]


def test_a_server_that_never_answers_does_not_keep_the_search(line, tmp_path, monkeypatch):
    class Stuck(Flaky):
        def begin(self, run):
            time.sleep(30)

    monkeypatch.setattr(tracking_module, "PATIENCE", 0.5)
    said, began = [], time.monotonic()
    run = searched(line, tmp_path, [Stuck(0)], 2, said)
    assert time.monotonic() - began < 25
    assert len(run.ledger.entries()) == 2
    assert said == ["trackers do not answer, so they may lack candidates; the next session of this run adds them"]


def test_the_options_of_the_command_line(valp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["search", "digits", "--name", "d", "--candidates", 2, "--steps", 5, "--workers", 0, "--baselines", "none"]
    done = valp(*words, "--tensorboard", "tb", "--mlflow", f"sqlite:///{tmp_path / 'm.db'}")
    assert done.code == 0, done.err
    assert sorted(path.name for path in (tmp_path / "tb" / "d").glob("candidate-*")) == ["candidate-0", "candidate-1"]
    assert mlflow_runs(f"sqlite:///{tmp_path / 'm.db'}", "d")[1].keys() == {0, 1}
    assert not (tmp_path / "mlruns").exists()


def test_a_tracking_uri_that_is_none_is_told_in_one_line_and_the_search_goes_on(valp, tmp_path):
    words = ["search", "digits", "--name", "d", "--candidates", 1, "--steps", 5, "--workers", 0, "--baselines", "none"]
    done = valp(*words, "--mlflow", "nonsense://x")
    assert done.code == 0
    assert "MLflow at nonsense://x cannot be written: " in done.err
    assert "Traceback" not in done.err
