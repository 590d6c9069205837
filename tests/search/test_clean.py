"""What `valp clean` deletes, what it leaves, and that a cleaned run goes on as it would have."""

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import files_of
from valp.search.facade.launch import launch
from valp.search.run import temporary_folders as scratch
from valp.search.run.clean import needed
from valp.search.run.folder import Folder
from valp.search.run.lock import locked
from valp.search.run.run import open_run
from valp.search.run.temporary_folders import abandoned, claimed

BRED = 16
"""More candidates than a population has members: some have left it."""


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """A temporary folder of the test's own: what others left behind is theirs."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(scratch.tempfile, "gettempdir", lambda: str(folder))
    return folder


@pytest.fixture(scope="module")
def bred(tmp_path_factory, digits_problem):
    """A run of an evolution that kept all weights. Tests only read it."""
    runs = tmp_path_factory.mktemp("bred")
    search(digits_problem, runs, BRED)
    return runs


@pytest.fixture
def copy(bred, tmp_path):
    return Path(shutil.copytree(bred, tmp_path / "copy"))


def search(problem, runs, candidates):
    return launch(problem, name="bred", runs=runs, candidates=candidates, steps=20, workers=1, keep="all")


def weighted(runs):
    return {int(file.parent.name) for file in (runs / "bred" / "candidates").glob("*/weights.safetensors")}


def test_the_weights_of_the_front_and_of_who_may_have_offspring_stay_and_the_others_go(valp, copy):
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


def test_a_second_cleaning_finds_nothing(valp, copy):
    valp("clean", "bred", "--yes", "--runs", copy)
    before = files_of(copy)
    outcome = valp("clean", "bred", "--yes", "--runs", copy)
    assert (outcome.code, outcome.out) == (0, "there is nothing to clean in bred\n")
    assert files_of(copy) == before


def test_what_goes_is_listed_and_without_an_answer_nothing_is_deleted(valp, copy, monkeypatch):
    before = files_of(copy)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    outcome = valp("clean", "bred", "--runs", copy)
    assert outcome.code == 1
    assert "to be deleted" in outcome.out
    assert outcome.err.endswith("valp: nothing was deleted, for there is nobody to ask: give --yes\n")
    assert files_of(copy).keys() == before.keys()


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("n", False)])
def test_the_answer_decides(answer, deleted, valp, copy, monkeypatch):
    before = files_of(copy)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
    outcome = valp("clean", "bred", "--runs", copy)
    assert outcome.code == 0, outcome.err
    assert "delete it? [y/N]: " in outcome.err
    assert (files_of(copy).keys() < before.keys()) == deleted


def test_json_lists_what_would_go_and_with_yes_deletes_it(valp, copy):
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


def test_a_candidate_that_is_not_finished_keeps_its_parents(copy):
    run = open_run(copy, "bred")
    off = min(set(range(BRED)) - needed(run))
    trial = run.ledger.ask(run.ledger.study.sampler)
    run.ledger.propose(trial, run.ledger.entry(0).candidate.model_copy(update={"inherits": {"n0": (off, "n0")}}))
    assert needed(open_run(copy, "bred")) >= {off, BRED}


def test_what_was_being_written_when_a_search_was_killed_goes(valp, copy):
    run = copy / "bred"
    valp("clean", "bred", "--yes", "--runs", copy)
    left = [
        run / "candidates" / ".16.0a1b2c3d",
        run / "candidates" / "3" / ".graph.0a1b2c3d.svg",
        run / ".run.deadbeef.toml",
    ]
    left[0].mkdir()
    for file in (left[0] / "weights.safetensors", *left[1:]):
        file.write_bytes(b"half")
    mine = run / "candidates" / "3" / ".notes"
    mine.write_text("a user's own")
    outcome = valp("clean", "bred", "--yes", "--runs", copy)
    assert "writing that was interrupted" in outcome.out
    assert not any(path.exists() for path in left)
    assert mine.exists()


def test_the_whole_run_goes_with_all_and_no_other(valp, copy):
    shutil.copytree(copy / "bred", copy / "other")
    before = files_of(copy / "other")
    outcome = valp("clean", "bred", "--all", "--yes", "--runs", copy)
    assert outcome.code == 0, outcome.err
    assert [path.name for path in copy.iterdir()] == ["other"]
    assert files_of(copy / "other") == before


def test_a_deletion_that_was_interrupted_is_ended(valp, copy):
    (copy / "bred").rename(copy / ".bred.0a1b2c3d")
    assert valp("clean", "--yes", "--runs", copy).code == 0
    assert list(copy.iterdir()) == []


def test_temporary_folders_go_if_nobody_living_has_made_them(valp, temporary, tmp_path):
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


def test_a_process_that_is_killed_leaves_its_folder_behind_to_be_cleaned(temporary):
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
        (("--all",), "--all deletes a whole run, so it takes the name of one"),
    ],
)
def test_a_run_that_is_not_named_or_not_there_is_one_sentence(words, sentence, valp, copy):
    before = files_of(copy)
    outcome = valp("clean", *words, "--yes", "--runs", copy)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"valp: {sentence}")
    assert files_of(copy) == before
