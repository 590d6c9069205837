"""What TensorBoard and MLflow show of a search agrees with its ledger, also after kills and failures of the server."""

import threading
import time

import numpy as np
import pytest
from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from tests.search.listener import Listener
from valp.search.facade.launch import launch
from valp.search.run.run import open_run
from valp.search.track import tracking as tracking_module
from valp.search.track.mlflow_tracker import CANDIDATE, ON_FRONT, RUN, MLflowTracker
from valp.search.track.tensorboard_tracker import WHOLE, TensorBoardTracker
from valp.search.track.tracker import identity_of
from valp.search.track.tracking import tracking
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(line, runs, trackers, candidates=3, said=None, patience=None, **asked):
    said = [] if said is None else said
    settings = {"steps": 20, "workers": 0, "strategy": "random", "baselines": "none", "display": Listener()} | asked
    with tracking(runs, trackers, said.append) as told:
        run = launch(line, name="r", runs=runs, candidates=candidates, listeners=[told.hear], **settings)
        if patience is not None:
            told.end(patience)
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


def test_tensorboard_deletes_no_files_of_others(line, tmp_path):
    others = tmp_path / "tb" / "r" / "events.out.tfevents.1.mine"
    others.parent.mkdir(parents=True)
    others.write_text("mine")
    said = []
    searched(line, tmp_path / "runs", [TensorBoardTracker(tmp_path / "tb")], said=said)
    assert others.read_text() == "mine"
    assert [path.name for path in others.parent.iterdir()] == [others.name]
    assert any("has other files: delete them, or give another folder" in line for line in said)


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
    client.create_run(found[1].info.experiment_id, tags={CANDIDATE: "1", RUN: identity_of(run.folder)})
    (folder / "r" / "candidate-1" / WHOLE).unlink()
    before = {number: one.info.run_id for number, one in found.items()}
    searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(folder)], 4)
    _, found = mlflow_runs(uri)
    assert {number: one.info.status for number, one in found.items()} == dict.fromkeys(range(4), "FINISHED")
    assert [found[number].info.run_id == before[number] for number in range(3)] == [True, False, True]
    for number in range(4):
        assert len(events_of(folder / "r" / f"candidate-{number}").Scalars("mse")) == 1
    assert len(events_of(folder / "r").Scalars("best/mse")) == 4


def test_a_run_of_the_same_name_elsewhere_touches_nothing_of_this_one(line, tmp_path):
    uri, folder, said = f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "tb", []
    searched(line, tmp_path, [MLflowTracker(uri), TensorBoardTracker(folder)], 2)
    client, found = mlflow_runs(uri)
    foreign = client.create_run(found[0].info.experiment_id)  # somebody else's, and still running
    files = sorted((folder / "r").rglob("*"))
    second = searched(line, tmp_path / "b", [MLflowTracker(uri), TensorBoardTracker(folder)], 1, said, seed=7)
    runs = client.search_runs([found[0].info.experiment_id])
    assert len(runs) == 2 + 1 + 1
    assert {foreign.info.run_id, *(one.info.run_id for one in found.values())} < {one.info.run_id for one in runs}
    assert [one.data.tags[RUN] for one in runs if "b/r" in one.data.tags.get("valp.folder", "")] == [
        identity_of(second.folder)
    ]
    assert sorted((folder / "r").rglob("*")) == files
    assert any("is of another run of this name: delete it, or give another folder" in line for line in said)


class Flaky:
    """A tracker that raises an error at some of its calls."""

    title = "the server"

    def __init__(self, *fails, has=()):
        self.calls, self.fails, self.has, self.finished = 0, fails, [*has], 0

    def _call(self):
        self.calls += 1
        if self.calls in self.fails or "always" in self.fails:
            raise ConnectionError("connection refused\nmany lines")

    def begin(self, run):
        self._call()
        return set(self.has)

    def add(self, run, entry):
        self._call()
        self.has.append(entry.number)

    def finish(self, run):
        self._call()
        self.finished += 1


LACKS = "the server lacks candidates: connection refused; it is tried again"


@pytest.fixture
def soon(monkeypatch):
    """Trackers are tried again soon, and given up after a second."""
    monkeypatch.setattr(tracking_module, "AGAIN", 0.05)
    monkeypatch.setattr(tracking_module, "PATIENCE", 1.0)
    monkeypatch.setattr(tracking_module, "QUIET", 1000.0)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("fails", [(1, 2), (2,), (5,)])
def test_a_server_that_is_down_for_a_while_gets_everything_in_the_end(fails, line, tmp_path):
    searched(line, tmp_path, [], 1)
    server, said = Flaky(*fails, has=[0]), []
    run = searched(line, tmp_path, [server], 4, said)
    assert sorted(server.has) == [0, 1, 2, 3]
    assert server.finished == 1
    assert set(said) == {LACKS}
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 4


@pytest.mark.usefixtures("soon")
def test_a_server_that_stays_down_does_not_end_the_search_and_starves_no_other(line, tmp_path):
    said, other = [], Flaky()
    run = searched(line, tmp_path, [Flaky("always"), other], 3, said)
    assert len(run.ledger.entries()) == 3
    assert (sorted(other.has), other.finished) == ([0, 1, 2], 1)
    assert said == [LACKS, "the server may lack 3 candidates; the next session of this run adds them"]


@pytest.mark.usefixtures("soon")
def test_a_candidate_that_cannot_be_added_does_not_keep_the_others(line, tmp_path):
    class Refusing(Flaky):
        def add(self, run, entry):
            if entry.number == 1:
                raise ValueError("no")
            self.has.append(entry.number)

    server, said = Refusing(), []
    searched(line, tmp_path, [server], 4, said)
    assert sorted(server.has) == [0, 2, 3]
    assert said[-1] == "the server may lack 1 candidates; the next session of this run adds them"


@pytest.mark.usefixtures("soon")
def test_a_run_that_cannot_be_opened_for_a_while_is_told_and_nothing_is_added_twice(line, tmp_path, monkeypatch):
    calls = []

    def late(*arguments, **named):
        calls.append(arguments)
        time.sleep(0.3)  # candidates finish in the meantime
        if len(calls) == 1:
            raise OSError("the ledger is locked")
        return open_run(*arguments, **named)

    monkeypatch.setattr(tracking_module, "open_run", late)
    server, said = Flaky(), []
    searched(line, tmp_path, [server], 4, said)
    assert sorted(server.has) == [0, 1, 2, 3]
    assert said == ["the server lacks candidates: the ledger is locked; it is tried again"]


def test_a_server_that_never_answers_does_not_keep_the_search(line, tmp_path, monkeypatch):
    stuck = threading.Event()

    class Stuck(Flaky):
        def begin(self, run):
            stuck.wait()
            return set()

    monkeypatch.setattr(tracking_module, "PATIENCE", 0.5)
    said = []
    run = searched(line, tmp_path, [Stuck()], 2, said)
    stuck.set()
    assert len(run.ledger.entries()) == 2
    assert said == ["the server may lack candidates; the next session of this run adds them"]


def test_two_searches_may_follow_each_other(line, tmp_path):
    server = Flaky()
    with tracking(tmp_path, [server], print) as told:
        for name, count in (("a", 1), ("b", 2)):
            launch(line, name=name, runs=tmp_path, candidates=count, listeners=[told.hear], steps=20, workers=0,
                   strategy="random", baselines="none", display=Listener())  # fmt: skip
    assert server.finished == 2
    assert len(server.has) == 2  # of b; it says that it has 0 of both


def test_damaged_curves_and_a_deleted_experiment_are_told_in_a_line(line, tmp_path, monkeypatch):
    monkeypatch.setattr(tracking_module, "QUIET", 1000.0)
    uri, said = f"sqlite:///{tmp_path / 'mlflow.db'}", []
    run = searched(line, tmp_path, [], 2)
    (run.folder.candidate(0) / "curves.csv").write_text("")
    (run.folder.candidate(1) / "curves.csv").write_text("step,total\n1,\n")
    searched(line, tmp_path, [MLflowTracker(uri)], 2, said)
    client, found = mlflow_runs(uri)
    assert found.keys() == {0, 1}
    assert said == []
    client.delete_experiment(found[0].info.experiment_id)
    searched(line, tmp_path, [MLflowTracker(uri)], 2, said)
    assert "the experiment 'r' was deleted there: restore it, or delete it for good" in said[0]
    assert len(said) == 1


def test_an_interrupted_add_leaves_no_second_run(line, tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracker, fails = MLflowTracker(uri), [True, True]
    ended = MlflowClient.set_terminated

    def broken(*arguments, **named):
        if fails:
            raise OSError(f"the server is gone, {fails.pop()}")
        return ended(*arguments, **named)

    monkeypatch.setattr(MlflowClient, "set_terminated", broken)
    monkeypatch.setattr(tracking_module, "AGAIN", 0.05)
    searched(line, tmp_path, [tracker], 2)
    client, found = mlflow_runs(uri)
    assert len(client.search_runs([found[0].info.experiment_id])) == 2
    assert {one.info.status for one in found.values()} == {"FINISHED"}


def test_the_options_of_the_command_line(valp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["search", "digits", "--name", "d", "--candidates", 2, "--steps", 5, "--workers", 0, "--baselines", "none"]
    done = valp(*words, "--tensorboard", "tb", "--mlflow", f"sqlite:///{tmp_path / 'm.db'}")
    assert done.code == 0, done.err
    assert sorted(path.name for path in (tmp_path / "tb" / "d").glob("candidate-*")) == ["candidate-0", "candidate-1"]
    assert mlflow_runs(f"sqlite:///{tmp_path / 'm.db'}", "d")[1].keys() == {0, 1}
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.parametrize("uri", ["nonsense://x", pytest.param("http://localhost:1", marks=pytest.mark.slow)])
def test_a_server_that_does_not_exist_is_told_in_one_line_and_the_search_goes_on(uri, valp, tmp_path, monkeypatch):
    monkeypatch.setattr(tracking_module, "PATIENCE", 1.0 if uri == "nonsense://x" else 30.0)
    words = ["search", "digits", "--name", "d", "--candidates", 1, "--steps", 5, "--workers", 0, "--baselines", "none"]
    done = valp(*words, "--mlflow", uri)
    assert done.code == 0
    assert f"MLflow at {uri} lacks candidates: " in done.err
    assert "the next session of this run adds them" in done.err
    assert "Traceback" not in done.err
