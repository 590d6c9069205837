"""What `valp clean` deletes, what it keeps, and that a cleaned run resumes as it would have without cleaning."""

import io
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import files_of
from valp.search.engine.clean import needed
from valp.search.facade.launch import launch
from valp.search.run import temporary_folders as scratch
from valp.search.run.folder import Folder
from valp.search.run.lock import locked
from valp.search.run.run import open_run
from valp.search.run.temporary_folders import abandoned, claimed

pytestmark = pytest.mark.usefixtures("narrow")

BRED = 16
"""More candidates than a population has members, so that some have left it."""


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """A temporary folder for this test only: other processes have folders in the usual one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(scratch.tempfile, "gettempdir", lambda: str(folder))
    return folder


@pytest.fixture(scope="module")
def bred(tmp_path_factory, digits_problem):
    """A run of evolution that kept all weights. Tests only read it."""
    runs = tmp_path_factory.mktemp("bred")
    search(digits_problem, runs, BRED)
    return runs


@pytest.fixture
def copy(bred, tmp_path):
    return Path(shutil.copytree(bred, tmp_path / "copy"))


def search(problem, runs, candidates):
    return launch(
        problem, name="bred", runs=runs, candidates=candidates, steps=20, workers=0, keep="all", baselines="none"
    ).stored


def weighted(runs):
    return {int(file.parent.name) for file in (runs / "bred" / "candidates").glob("*/weights.safetensors")}


def test_the_weights_of_the_front_and_of_possible_parents_are_kept_and_the_others_deleted(valp, copy):
    kept = needed(open_run(copy, "bred"))
    assert weighted(copy) - kept, "the run must have something to delete"
    before = files_of(copy)
    outcome = valp("clean", "bred", "--yes", "--runs", copy)
    assert outcome.code == 0, outcome.err
    assert "weights of candidates off the front" in outcome.out
    assert weighted(copy) == kept
    gone = before.keys() - files_of(copy).keys()
    assert gone
    assert all(
        re.fullmatch(r"bred/candidates/\d+/(weights\.safetensors|graph\.svg|samples\.png)", name) for name in gone
    )


def test_a_cleaned_run_resumes_with_the_same_further_candidates(valp, bred, copy, tmp_path, digits_problem):
    untouched = Path(shutil.copytree(bred, tmp_path / "untouched"))
    assert valp("clean", "bred", "--yes", "--runs", copy).code == 0
    runs = [search(digits_problem, folder, BRED + 4) for folder in (copy, untouched)]
    cleaned, other = ([(e.candidate, e.result.scores) for e in run.ledger.entries()] for run in runs)
    assert len(cleaned) == BRED + 4
    assert any(candidate.parents for candidate, _ in cleaned[BRED:])
    assert cleaned == other


def test_cleaning_a_clean_run_finds_nothing(valp, copy):
    valp("clean", "bred", "--yes", "--runs", copy)
    before = files_of(copy)
    outcome = valp("clean", "bred", "--yes", "--runs", copy)
    assert (outcome.code, outcome.out) == (0, "nothing to clean in bred\n")
    assert files_of(copy) == before


def test_the_parts_to_delete_are_listed_and_without_an_answer_nothing_is_deleted(valp, copy, monkeypatch):
    before = files_of(copy)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    outcome = valp("clean", "bred", "--runs", copy)
    assert outcome.code == 1
    assert "to be deleted" in outcome.out
    assert outcome.err.endswith("valp: nothing was deleted, because stdin gave no answer to the question; use --yes\n")
    assert files_of(copy).keys() == before.keys()


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("n", False)])
def test_the_answer_decides(answer, deleted, valp, copy, monkeypatch):
    before = files_of(copy)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    outcome = valp("clean", "bred", "--runs", copy)
    assert outcome.code == 0, outcome.err
    assert "delete it? [y/N]: " in outcome.err
    assert (files_of(copy).keys() < before.keys()) == deleted


def test_json_lists_the_parts_to_delete_and_with_yes_deletes_them(valp, copy):
    before = files_of(copy)
    listed = valp("clean", "bred", "--json", "--runs", copy).json
    assert (listed["run"], listed["deleted"]) == ("bred", False)
    assert files_of(copy).keys() == before.keys()
    told = valp("clean", "bred", "--json", "--yes", "--runs", copy).json
    assert (told["deleted"], told["parts"]) == (True, listed["parts"])
    gone = before.keys() - files_of(copy).keys()
    assert {str(copy / name) for name in gone} == {path for part in told["parts"] for path in part["paths"]}
    assert sum(part["bytes"] for part in told["parts"]) == sum(len(before[name][0]) for name in gone)


def test_a_run_that_is_being_searched_is_left_alone(valp, copy):
    before = files_of(copy)
    with locked(Folder(copy / "bred")):
        for more in ((), ("--all",)):
            outcome = valp("clean", "bred", "--yes", *more, "--runs", copy)
            assert (outcome.code, outcome.out) == (1, "")
            assert outcome.err == "valp: run 'bred' is being searched by another process\n"
    assert files_of(copy) == before


def test_the_parents_of_an_unfinished_candidate_are_needed(copy):
    run = open_run(copy, "bred")
    off = min(set(range(BRED)) - needed(run))
    trial = run.ledger.ask(run.ledger.study.sampler)
    run.ledger.propose(trial, run.ledger.entry(0).candidate.model_copy(update={"inherits": {"n0": (off, "n0")}}))
    assert needed(open_run(copy, "bred")) >= {off, BRED}


KILLED = """
import os, signal, sys
from pathlib import Path
from valp.search.run.folder import filling
from valp.files import replacing
run = Path(sys.argv[1])
with filling(run / "candidates" / "16") as folder, replacing(folder / "weights.safetensors") as weights:
    with replacing(run / "candidates" / "3" / "graph.svg") as picture, replacing(run / "run.toml") as settings:
        for file in (weights, picture, settings):
            file.write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_interrupted_writes_of_a_killed_search_are_deleted(valp, copy):
    run = copy / "bred"
    valp("clean", "bred", "--yes", "--runs", copy)
    before = files_of(copy)
    subprocess.run([sys.executable, "-c", KILLED, run])
    left = files_of(copy).keys() - before.keys()
    assert len([name for name in left if ".valp-writing" not in name]) == 3
    outcome = valp("clean", "bred", "--yes", "--runs", copy)
    assert "interrupted writes" in outcome.out
    for name in (r"candidates/\.16\.\w{8}", r"candidates/3/\.graph\.\w{8}\.svg", r"\.run\.\w{8}\.toml"):
        assert re.search(f"^  {re.escape(str(run))}/{name}$", outcome.out, re.MULTILINE)
    assert files_of(copy) == before
    assert not list((run / "candidates").glob(".*"))
    assert not list((run / ".valp-writing").iterdir())


USERS_OWN = (
    ".bashrc.20240101",
    ".notes.deadbeef/note",
    "bred/.bashrc.20240101",
    "bred/candidates/.notes.deadbeef/note",
    "bred/candidates/3/.graph.0a1b2c3d.svg",
    "bred/.valp-writing/.notes.deadbeef",
)


@pytest.mark.parametrize("words", [("bred",), ()])
def test_files_of_the_user_are_kept_whatever_their_names(words, valp, copy):
    valp("clean", "bred", "--yes", "--runs", copy)
    shutil.copytree(copy / "bred", copy / ".first.20261128")
    for name in USERS_OWN:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("a user's own")
    before = files_of(copy)
    outcome = valp("clean", *words, "--yes", "--runs", copy)
    assert (outcome.code, outcome.out[:16]) == (0, "nothing to clean")
    assert files_of(copy) == before


def test_a_run_of_an_earlier_version_keeps_what_no_record_names(valp, copy):
    valp("clean", "bred", "--yes", "--runs", copy)
    (copy / "bred" / ".valp-writing").rmdir()
    left = copy / "bred" / "candidates" / ".16.0a1b2c3d"
    left.mkdir()
    assert valp("clean", "bred", "--yes", "--runs", copy).out == "nothing to clean in bred\n"
    assert left.exists()


def test_the_parts_to_delete_are_listed_by_name_and_a_long_list_is_shortened(valp, copy, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    for number in range(BRED):
        (copy / "bred" / "candidates" / str(number) / "graph.svg").write_text("a picture")
    lists = {part["what"]: part["paths"] for part in valp("clean", "bred", "--json", "--runs", copy).json["parts"]}
    shown = valp("clean", "bred", "--runs", copy).out
    monkeypatch.setattr(sys.modules["valp.search.cli.clean_command"], "NAMED", 2)  # the command has this name too
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    fewer = valp("clean", "bred", "--runs", copy).out
    assert lists
    for what, paths in lists.items():
        assert f"\n{what}:\n" + "".join(f"  {path}\n" for path in paths[:10]) in shown
        more = f"  and {len(paths) - 2} more; --json lists all\n" if len(paths) > 2 else ""
        assert f"\n{what}:\n" + "".join(f"  {path}\n" for path in paths[:2]) + more in fewer


def test_all_deletes_the_whole_run_and_no_other_run(valp, copy):
    shutil.copytree(copy / "bred", copy / "other")
    before = files_of(copy / "other")
    outcome = valp("clean", "bred", "--all", "--yes", "--runs", copy)
    assert outcome.code == 0, outcome.err
    assert [path.name for path in copy.iterdir()] == ["other"]
    assert files_of(copy / "other") == before


DELETED = """
import os, pathlib, shutil, signal, sys
from valp.search.engine.clean import remove, whole
from valp.search.run.folder import Folder
path, name = sys.argv[1:]
calls = {"rename": (pathlib.Path, "rename"), "folders": (shutil, "rmtree"), "rmdir": (pathlib.Path, "rmdir")}
where, what = calls[name]
setattr(where, what, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
remove(whole(Folder(pathlib.Path(path))))
"""


@pytest.fixture(scope="module")
def killed(bred, tmp_path_factory):
    """Gives the runs that a process leaves which deletes `bred` and is killed at a call. It runs once for each call."""

    @cache
    def left(call):
        runs = Path(shutil.copytree(bred, tmp_path_factory.mktemp("killed") / "runs"))
        assert subprocess.run([sys.executable, "-c", DELETED, runs / "bred", call]).returncode == -9
        return runs

    return left


@pytest.fixture
def interrupt_deletion(killed, copy):
    """Makes of `copy` what a killed deletion of its run leaves. Returns the hidden folder of the run, if any."""

    def interrupt(call="folders"):
        shutil.rmtree(copy)
        shutil.copytree(killed(call), copy)
        return next((path for path in copy.iterdir() if path.name.startswith(".bred")), None)

    return interrupt


def test_an_interrupted_deletion_is_completed_and_its_folder_is_named(valp, copy, interrupt_deletion):
    hidden = interrupt_deletion()
    assert hidden is not None
    assert not (copy / "bred").exists()
    shutil.copytree(hidden, copy / f".copy{hidden.name}")
    outcome = valp("clean", "--yes", "--runs", copy)
    assert outcome.code == 0, outcome.err
    assert f"\n  {hidden}\n" in outcome.out
    assert [path.name for path in copy.iterdir()] == [f".copy{hidden.name}"]


def test_a_deletion_may_be_interrupted_before_its_first_step_or_its_last(valp, copy, interrupt_deletion):
    before = files_of(copy)
    assert interrupt_deletion("rename") is None
    assert valp("clean", "--yes", "--runs", copy).out == "nothing to clean\n"
    assert files_of(copy).items() >= before.items()
    hidden = interrupt_deletion("folders")
    shutil.rmtree(hidden / "candidates")
    assert valp("clean", "--yes", "--runs", copy).code == 0
    assert list(copy.iterdir()) == []


def test_a_half_deleted_run_that_the_user_renamed_is_kept(valp, copy, interrupt_deletion):
    hidden = interrupt_deletion()
    hidden.rename(copy / ".saved.0a1b2c3d")
    before = files_of(copy)
    assert valp("clean", "--yes", "--runs", copy).out == "nothing to clean\n"
    assert files_of(copy) == before


@pytest.mark.parametrize("content", [b"", b".bred.0a1b2c3d", b"..\n", b"/\n", b".other.0a1b2c3d\n", b"\xff\0\n"])
def test_a_damaged_record_of_a_deletion_deletes_nothing(content, valp, copy):
    (copy / "bred").rename(copy / ".bred.0a1b2c3d")
    (copy / ".bred.0a1b2c3d" / ".valp-deleting").write_bytes(content)
    before = files_of(copy)
    assert valp("clean", "--yes", "--runs", copy).out == "nothing to clean\n"
    assert files_of(copy) == before


def test_a_deletion_by_another_process_is_left_alone(valp, copy, interrupt_deletion):
    hidden = interrupt_deletion()
    with locked(Folder(hidden)):
        assert valp("clean", "--yes", "--runs", copy).out == "nothing to clean\n"
    assert hidden.exists()


def test_symbolic_links_to_runs_and_to_hidden_folders_are_not_followed(valp, copy, interrupt_deletion, tmp_path):
    hidden = interrupt_deletion().rename(tmp_path / "elsewhere")
    (copy / ".bred.0a1b2c3d").symlink_to(hidden)
    (hidden / ".valp-deleting").write_text(".bred.0a1b2c3d\n")
    (hidden / "run.toml").write_text("")
    (copy / "bred").symlink_to(hidden)
    before = files_of(hidden)
    assert valp("clean", "--yes", "--runs", copy).out == "nothing to clean\n"
    outcome = valp("clean", "bred", "--all", "--yes", "--runs", copy)
    assert outcome.code == 1
    assert outcome.err.endswith(f"bred must be a folder, but is a symbolic link to {hidden}\n")
    assert files_of(hidden).items() >= before.items()


def test_temporary_folders_of_processes_that_ended_are_deleted(valp, temporary, tmp_path):
    dead, alive, foreign = temporary / "valp-tune-dead", temporary / "ray" / "session_alive", temporary / "valp-mine"
    for folder in (dead, alive, foreign):
        folder.mkdir(parents=True)
        (folder / "file").write_text("something")
    with claimed(dead):
        assert abandoned() == []
    with claimed(alive):
        assert abandoned() == [dead]
        listed = valp("clean", "--json", "--yes", "--runs", tmp_path / "none").json
        assert [part["paths"] for part in listed["parts"]] == [[str(dead)]]
    assert not dead.exists()
    assert alive.exists()
    assert foreign.exists()


@pytest.mark.parametrize("how", ["renamed", "copied", "no record", "damaged record", "link as record", "link as lock"])
def test_a_temporary_folder_without_a_record_of_its_own_path_is_kept(how, temporary, tmp_path):
    made, folder = temporary / "valp-tune-made", temporary / "valp-tune-kept"
    made.mkdir()
    with claimed(made):
        pass
    if how == "copied":
        shutil.copytree(made, folder)
        shutil.rmtree(made)
    else:
        made.rename(folder)
    record, other = folder / ".valp.folder", tmp_path / "other"
    other.write_text(f"{folder.resolve()}\n")
    if how != "renamed":
        record.unlink()
    if how == "damaged record":
        record.write_text(str(folder.resolve()))
    elif how == "link as record":
        record.symlink_to(other)
    elif how == "link as lock":
        record.write_text(other.read_text())
        (folder / ".valp.lock").unlink()
        (folder / ".valp.lock").symlink_to(other)
    assert abandoned() == []
    assert other.read_text() == f"{folder.resolve()}\n"


def test_the_temporary_folder_of_a_killed_process_is_found(temporary):
    code = f"""
import os, signal, tempfile
tempfile.tempdir = {str(temporary)!r}
from valp.search.run.temporary_folders import scratch
with scratch("tune"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code])
    assert [folder.name.startswith("valp-tune-") for folder in abandoned()] == [True]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing",), "there is no run 'nothing' in"),
        (("--all",), "--all deletes a whole run, so it needs the name of a RUN"),
    ],
)
def test_a_missing_run_or_name_is_refused_in_one_sentence(words, sentence, valp, copy):
    before = files_of(copy)
    outcome = valp("clean", *words, "--yes", "--runs", copy)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"valp: {sentence}")
    assert files_of(copy) == before
