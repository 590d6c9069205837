"""Commands without the number of a candidate take the best compromise."""

import shutil

import pytest

from valp.model.bundle import load
from valp.search.run.ledger import Ledger


@pytest.fixture
def model(tmp_path):
    return tmp_path / "model.valp"


def test_export_without_a_number_takes_the_first_row_of_best_and_says_which(valp, small_runs, small_run, model):
    outcome = valp("export", "small", "-o", model, "--runs", small_runs)
    best = small_run.front()[0].number
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith(f"candidate {best} of small: the best compromise")
    assert load(model).manifest.training["candidate"] == best


def test_show_without_a_number_takes_the_same_candidate(valp, runs_copy, small_run):
    best = small_run.front()[0].number
    outcome = valp("show", "small", "--runs", runs_copy)
    assert f"candidate {best} of small" in outcome.err
    assert outcome.out == valp("show", "small", best, "--runs", runs_copy).out
    assert valp("show", "small", "--runs", runs_copy, "--json").json["number"] == best


def test_a_given_number_is_used(valp, small_runs, small_run, model):
    last = small_run.front()[-1].number
    outcome = valp("export", "small", last, "-o", model, "--runs", small_runs)
    assert (outcome.code, outcome.err) == (0, "")
    assert load(model).manifest.training["candidate"] == last


def test_a_candidate_without_weights_is_refused_with_those_that_can_be_exported(valp, runs_copy, small_run, model):
    front = [entry.number for entry in small_run.front()]
    (runs_copy / "small" / "candidates" / str(front[0]) / "weights.safetensors").unlink()
    outcome = valp("export", "small", "-o", model, "--runs", runs_copy)
    assert outcome.code == 1
    assert f"candidate {front[0]} has no weights" in outcome.err
    assert f"valp train --from small {front[0]} -o {model}" in outcome.err
    if front[1:]:
        assert f"export {', '.join(map(str, front[1:6]))}" in outcome.err
    assert not model.exists()


def test_a_name_that_is_neither_a_run_nor_a_file_is_refused(valp, small_runs, model, tmp_path):
    outcome = valp("export", "smal", "-o", model, "--runs", small_runs)
    assert outcome.code == 1
    assert outcome.err.startswith(f"valp: there is no run 'smal' in {small_runs}, and no file smal")


def test_a_run_without_a_complete_candidate_has_no_best_compromise(valp, runs_copy, small_run, model):
    shutil.copytree(runs_copy / "small", runs_copy / "empty", ignore=shutil.ignore_patterns("study.db", "candidates"))
    Ledger.create(runs_copy / "empty" / "study.db", small_run.objectives)
    for command in (("export", "empty", "-o", model), ("show", "empty")):
        outcome = valp(*command, "--runs", runs_copy)
        assert outcome.code == 1
        assert outcome.err == "valp: run 'empty' has no complete candidate yet\n"
