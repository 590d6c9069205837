"""Whole files in the wrong folder: weights that are those of another graph are refused in one sentence."""

import shutil

import pytest

from valp.errors import FileError
from valp.search.engine.fault import Fault, UnreadableParentError, failure_of
from valp.search.engine.models import baseline_module, model_of
from valp.search.engine.parent_files import read_parent_files
from valp.search.run.folder import CANDIDATE, WEIGHTS
from valp.search.run.run import open_run
from valp.spaces.baselines.baseline_codes import NETWORK

ANOTHER = r"weights\.safetensors is damaged: it has the weights of another graph$"


@pytest.fixture
def swapped(runs_copy):
    """A run in which a candidate and a single-task network have the weights of another one, and the candidate."""
    run = open_run(runs_copy, "small")
    kept = [entry for entry in run.ledger.entries() if (run.folder.candidate(entry.number) / WEIGHTS).is_file()]
    first, second = kept[:2]
    assert first.structure != second.structure
    shutil.copy(run.folder.candidate(second.number) / WEIGHTS, run.folder.candidate(first.number))
    shutil.copy(run.folder.candidate(second.number) / WEIGHTS, run.folder.baseline("digit", NETWORK))
    return run, first


def test_a_candidate_with_the_weights_of_another_one_is_no_model(swapped):
    run, entry = swapped
    with pytest.raises(FileError, match=ANOTHER):
        model_of(run, entry)


def test_a_single_task_network_with_the_weights_of_another_one_is_not_scored(swapped):
    with pytest.raises(FileError, match=ANOTHER):
        baseline_module(swapped[0], "digit", NETWORK)


def test_a_parent_with_the_weights_of_another_one_is_not_the_childs_fault(swapped):
    run, entry = swapped
    files = read_parent_files(run.folder.candidate(entry.number))
    with pytest.raises(UnreadableParentError, match=ANOTHER) as raised:
        files.parent()
    assert failure_of(raised.value).fault is not Fault.CANDIDATE


def test_the_weights_of_a_candidate_are_accepted(runs_copy):
    run = open_run(runs_copy, "small")
    entry = run.front()[0]
    parent = read_parent_files(run.folder.candidate(entry.number)).parent()
    assert parent.graph == entry.candidate.graph
    assert (run.folder.candidate(entry.number) / CANDIDATE).is_file()
    assert model_of(run, entry).manifest.graph == entry.candidate.graph


@pytest.mark.parametrize("words", [("export", "small"), ("best", "small", "--test"), ("report", "small")])
def test_commands_say_it_in_one_sentence(swapped, words, valp, tmp_path):
    run, entry = swapped
    number = [entry.number] if words[0] == "export" else []
    output = ["-o", tmp_path / "o.valp"] if words[0] == "export" else []
    done = valp(*words, *number, *output, "--runs", run.folder.path.parent)
    assert "Traceback" not in done.err
    assert done.code == (0 if words[0] == "report" else 1), done.err
