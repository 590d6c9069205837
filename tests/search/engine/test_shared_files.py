"""Drivers that share a database and a store for files, but no folder. The store is a real one of fsspec."""

import json
import shutil
import signal
import uuid
from dataclasses import replace

import fsspec
import numpy as np
import pytest

from tests.search.engine.test_several_drivers import PATIENCE, drivers  # noqa: F401  (a fixture)
from valp.errors import FileError, SettingError
from valp.search.facade.launch import launch
from valp.search.run import shared_files
from valp.search.run.candidate_folders import CandidateFolders
from valp.search.run.folder import CANDIDATE, SCORES, WEIGHTS, Folder, finished_result, keep_journal, read_result
from valp.search.run.outcome import Outcome, write_outcome
from valp.search.run.result import Result
from valp.search.run.run import open_run
from valp.search.run.settings import read_settings
from valp.search.run.shared_files import SharedFiles
from valp.search.run.trial_record import RECORD
from valp.search.strategies import STRATEGIES
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate
from valp.spaces.problem.problem import Problem, numeric


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/runs"


@pytest.fixture
def line():
    x = np.linspace(-1, 1, 60)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


@pytest.fixture
def candidate(line):
    return Candidate(graph=single_task(line, "y"))


def copies(tmp_path, url, count=2):
    """The folders of one run on several machines, each with its store."""
    folders = [Folder(tmp_path / str(n) / "r") for n in range(count)]
    for folder in folders:
        folder.path.mkdir(parents=True)
        keep_journal(folder)
    return folders, [SharedFiles(url, folder) for folder in folders]


def outcome(score):
    result = Result({"mse": score}, parameters=3, key="k", samples_seen=5, seconds=(1.0, 1.0), complete=True)
    return Outcome(result, curves=b"step,total\n1,2\n", weights=b"w" * 100)


def test_a_folder_is_fetched_whole_and_replaced_whole(tmp_path, url, candidate):
    (here, there), (mine, theirs) = copies(tmp_path, url)
    write_outcome(here.candidate(3), candidate, outcome(0.5))
    theirs.fetch(there.candidate(3))
    assert not there.candidate(3).exists()  # it is not in the store yet
    mine.put(here.candidate(3))
    theirs.fetch(there.candidate(3))
    files = {file.name: file.read_bytes() for file in here.candidate(3).iterdir()}
    assert {file.name: file.read_bytes() for file in there.candidate(3).iterdir()} == files
    write_outcome(here.candidate(3), candidate, outcome(0.25))
    mine.put(here.candidate(3))
    theirs.fetch(there.candidate(3))
    assert json.loads((there.candidate(3) / SCORES).read_text())["scores"] == {"mse": 0.5}  # what is here is kept
    assert not list((there.path / "journal").glob("*"))


def test_a_folder_that_is_being_put_is_not_fetched(tmp_path, url, candidate):
    (here, there), (mine, theirs) = copies(tmp_path, url)
    write_outcome(here.candidate(0), candidate, outcome(0.5))
    mine.put(here.candidate(0))
    files, root = fsspec.core.url_to_fs(url)
    files.rm_file(f"{root}/r/candidates/0/{SCORES}")
    theirs.fetch(there.candidate(0))
    assert theirs.fetch_all() == 0
    assert not there.candidate(0).exists()


def test_everything_is_fetched_but_what_is_here_and_weights_are_dropped_in_the_store(tmp_path, url, candidate):
    (here, there), (mine, theirs) = copies(tmp_path, url)
    for number in range(4):
        write_outcome(here.candidate(number), candidate, outcome(number))
        mine.put(here.candidate(number))
    write_outcome(here.baseline("y", "tuned-1"), candidate, outcome(9))
    mine.put(here.baseline("y", "tuned-1"))
    CandidateFolders(here, mine).drop_weights(2)
    CandidateFolders(here, mine).drop_weights(2)  # twice is no error
    assert not here.has_weights(2)
    assert theirs.fetch_all() == 5
    assert theirs.fetch_all() == 0
    assert [there.has_weights(number) for number in range(4)] == [True, True, False, True]
    assert (there.baseline("y", "tuned-1") / WEIGHTS).is_file()
    found = [finished_result(there.candidate(number), candidate) for number in range(4)]
    assert [one.scores["mse"] for one in found] == [0, 1, 2, 3]


def test_what_a_driver_that_was_killed_at_a_rung_has_left_is_replaced_by_the_final_folder(tmp_path, url, candidate):
    (here, there), (mine, theirs) = copies(tmp_path, url)
    for number in range(2):
        write_outcome(here.candidate(number), candidate, outcome(0.25))
        mine.put(here.candidate(number))
        at_rung = outcome(0.5)
        write_outcome(
            there.candidate(number), candidate, replace(at_rung, result=replace(at_rung.result, complete=False))
        )
    theirs.fetch(there.candidate(0))
    assert read_result(there.candidate(0)).scores["mse"] == 0.25
    assert theirs.fetch_all() == 1
    assert read_result(there.candidate(1)).scores["mse"] == 0.25


def test_a_run_that_could_not_be_put_into_the_store_is_put_there_later_and_no_other_takes_its_name(
    tmp_path, line, monkeypatch
):
    from valp.search.run.opened_run import _begun

    def begun(machine, study):
        folder = Folder(tmp_path / machine / "r")
        folder.path.mkdir(parents=True, exist_ok=True)
        given = settings.model_copy(update={"study": study})
        _begun(folder, line.description, given, SharedFiles(str(settings.files), folder))
        return read_settings(folder.settings).study

    asked = {"strategy": "random", "candidates": 1, "workers": 0, "steps": 2, "baselines": "none", "runs": tmp_path}
    settings = launch(line, name="local", **asked).stored.settings
    store = tmp_path / "store"
    settings = settings.model_copy(update={"storage": "postgresql://db/valp", "files": f"file://{store}"})
    store.write_text("no folder yet")
    monkeypatch.setattr(shared_files, "PAUSES", ())
    with pytest.raises(FileError, match="cannot be reached"):
        begun("a", "first")
    store.unlink()
    assert begun("a", "second") == "first"
    assert begun("b", "third") == "first"
    shutil.rmtree(tmp_path / "b")
    shutil.rmtree(store)
    assert begun("b", "third") == "third"
    with pytest.raises(SettingError, match="has another run named 'r': give another --name, or delete"):
        begun("a", "fourth")


def test_a_run_exists_in_the_store_once_its_settings_are_there(tmp_path, url):
    (here, there), (mine, theirs) = copies(tmp_path, url)
    assert not theirs.has_run()
    here.problem.write_text("problem")
    here.settings.write_text("settings")
    mine.put_run()
    assert theirs.has_run()
    theirs.fetch_run()
    assert (there.problem.read_text(), there.settings.read_text()) == ("problem", "settings")


def test_what_is_no_url_and_files_without_a_database_are_refused_before_anything_is_written(tmp_path, line):
    with pytest.raises(SettingError, match="files must be a URL such as s3://bucket/folder, but is 'nowhere://x/y'"):
        SharedFiles("nowhere://x/y", Folder(tmp_path / "r"))
    with pytest.raises(SettingError, match="files are shared by drivers of one database: give storage too"):
        launch(line, name="r", runs=tmp_path, candidates=1, steps=1, files="memory://x")
    assert not (tmp_path / "r").exists()


def test_a_store_that_does_not_answer_is_asked_again(tmp_path, url, monkeypatch):
    monkeypatch.setattr(shared_files, "PAUSES", (0.0, 0.0))
    (here, _), (mine, _) = copies(tmp_path, url)
    here.problem.write_text("problem")
    here.settings.write_text("settings")
    true, failures = mine._files.put_file, [OSError("gone"), TimeoutError()]

    def put_file(*given):
        if failures:
            raise failures.pop()
        return true(*given)

    monkeypatch.setattr(mine._files, "put_file", put_file)
    mine.put_run()
    assert mine.has_run()


def test_a_store_that_does_not_answer_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_files, "PAUSES", (0.0,))
    file = tmp_path / "file"
    file.write_text("")
    store = SharedFiles(f"file://{file}/below", Folder(tmp_path / "r"))
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / SCORES).write_text("{}")
    with pytest.raises(FileError, match=rf"^the files at file://{file}/below cannot be reached: \w+: .+$"):
        store.put(tmp_path / "r")


@pytest.mark.slow
def test_drivers_without_a_common_folder_share_a_run_and_one_joins_when_another_is_killed(drivers, tmp_path):  # noqa: F811
    """Three drivers, each in a folder of its own: the second is killed, the third joins."""
    count = 24
    three = drivers(count, grace=4, store=f"file://{tmp_path}/store")
    three.start(2)
    three.wait_for(lambda: all(three.ended()) and sum(map(len, three.ended())) >= 6)
    killed = three.started[1][0]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    three.start(1)
    assert [process.wait(PATIENCE) for process, _ in (three.started[0], three.started[2])] == [0, 0], three.said()
    first, second, third = three.ended()
    assert not set(first) & set(second) | set(first) & set(third) | set(second) & set(third)
    assert "trained from scratch" not in three.said()
    store = tmp_path / "store" / "r"
    for place in (0, 2):
        run = open_run(three.folder(place), "r")
        assert read_settings(run.folder.settings).files == f"file://{tmp_path}/store"
        entries = run.ledger.entries()
        assert [(entry.number, entry.state) for entry in entries] == [(n, "complete") for n in range(count)]
        assert any(entry.parents for entry in entries)
        for entry in entries:
            path = run.folder.candidate(entry.number)
            assert {CANDIDATE, SCORES, RECORD} <= {file.name for file in path.iterdir()}
            assert json.loads((path / SCORES).read_text())["scores"] == entry.result.scores
            assert (path / CANDIDATE).read_text() == entry.candidate.model_dump_json(indent=1)
        wanted = {entry.number for entry in run.front()} | STRATEGIES["evolution"].keeps(run.ledger)
        assert all(run.folder.has_weights(number) for number in wanted)
        assert {int(path.parent.name) for path in store.glob(f"candidates/*/{WEIGHTS}")} == wanted
    assert {path.name for path in (store / "candidates").iterdir()} == {str(number) for number in range(count)}
    assert (store / "baselines" / "y" / SCORES).is_file()
