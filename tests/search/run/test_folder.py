"""A run's folder: each file is complete or absent."""

import csv
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from valp.errors import FileError
from valp.files import read_model
from valp.search.run.folder import (
    CANDIDATE,
    WEIGHTS,
    Folder,
    curves_file,
    drop_weights,
    existing,
    filling,
    read_result,
    read_weights,
    weights_file,
)
from valp.search.run.outcome import Outcome, write_outcome
from valp.search.run.result import Result
from valp.search.run.weights_checksum import has_wrong_checksum, with_checksum
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.train.fit import Curves

SCORES, ERRORS = {"accuracy": 0.1 + 0.2, "mse": 1e-30, "parameters": 12}, {"accuracy": 0.1 + 0.7, "mse": 1e-31}
RESULT = Result(SCORES, 12, "a key", 350, (1.25, 0.5), None, errors=ERRORS)
STATE = {"a.weight": torch.arange(6.0).reshape(2, 3).T, "a.bias": torch.tensor([float(2**-20)])}
CONTIGUOUS = {name: tensor.contiguous() for name, tensor in STATE.items()}


def candidate_of(problem, **training):
    return Candidate(graph=single_task(problem, "image"), training=Training(steps=3, **training))


def written(path, problem):
    """A candidate's folder with RESULT."""
    write_outcome(path / "0", candidate_of(problem), Outcome(RESULT))
    return path / "0"


def test_a_filled_folder_appears_with_all_its_files_at_once(tmp_path):
    with filling(tmp_path / "candidates" / "0") as folder:
        (folder / "one").write_text("1")
        assert not (tmp_path / "candidates" / "0").exists()
    assert (tmp_path / "candidates" / "0" / "one").read_text() == "1"
    assert [path.name for path in (tmp_path / "candidates").iterdir()] == ["0"]


def test_if_filling_fails_the_old_folder_stays_and_nothing_else(tmp_path):
    place = tmp_path / "0"
    with filling(place) as folder:
        (folder / "one").write_text("1")
    with pytest.raises(FileError, match="cannot be written"), filling(place) as folder:
        (folder / "none" / "two").write_text("2")
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    assert [path.name for path in place.iterdir()] == ["one"]


def test_a_folder_filled_again_holds_the_new_files_only(tmp_path):
    for name in ("one", "two"):
        with filling(tmp_path / "0") as folder:
            (folder / name).write_text(name)
    assert [path.name for path in (tmp_path / "0").iterdir()] == ["two"]


def test_a_folder_that_cannot_be_made_is_a_file_error(tmp_path):
    (tmp_path / "candidates").write_text("a file is in the way")
    with pytest.raises(FileError, match="cannot be written"), filling(tmp_path / "candidates" / "0"):
        pass


def test_a_candidate_reads_back_as_it_was_written(tmp_path, digits_problem):
    candidate = candidate_of(digits_problem, learning_rate=0.1 + 0.2)
    write_outcome(tmp_path / "0", candidate, Outcome(RESULT))
    assert read_model(Candidate, tmp_path / "0" / CANDIDATE) == candidate


@pytest.mark.parametrize("result", [RESULT, Result({}, 0, "k", 0, (0.0, 0.0), "it had to")])
def test_a_result_reads_back_as_it_was_written(result, tmp_path, digits_problem):
    write_outcome(tmp_path / "0", candidate_of(digits_problem), Outcome(result))
    assert read_result(tmp_path / "0") == result


def test_an_outcome_is_a_folder_with_what_it_has_and_replaces_an_older_one(tmp_path, digits_problem):
    candidate, path = candidate_of(digits_problem), tmp_path / "0"
    write_outcome(path, candidate, Outcome(RESULT, b"step", weights_file(STATE)))
    assert {file.name for file in path.iterdir()} == {CANDIDATE, "curves.csv", "scores.json", WEIGHTS}
    assert (path / "curves.csv").read_bytes() == b"step"
    assert read_weights(path).keys() == STATE.keys()
    write_outcome(path, candidate, Outcome(Result({}, 0, "k", 0, (0.0, 0.0), "it had to")))
    assert {file.name for file in path.iterdir()} == {CANDIDATE, "scores.json"}
    assert [file.name for file in tmp_path.iterdir()] == ["0"]


def test_a_result_of_an_older_version_has_no_standard_errors(tmp_path, digits_problem):
    path = written(tmp_path, digits_problem)
    fields = json.loads((path / "scores.json").read_text())
    del fields["errors"]
    (path / "scores.json").write_text(json.dumps(fields))
    assert read_result(path) == replace(RESULT, errors={})


def test_a_result_that_is_absent_or_cut_off_is_none(tmp_path, digits_problem):
    assert read_result(tmp_path) is None
    path = written(tmp_path, digits_problem)
    file = path / "scores.json"
    for end in (0, 10, len(file.read_text()) // 2):
        file.write_text(file.read_text()[:end])
        assert read_result(path) is None
    file.write_text("[1, 2]")
    assert read_result(path) is None


def test_weights_read_back_bit_for_bit(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(weights_file(STATE))
    again = read_weights(tmp_path)
    assert again.keys() == STATE.keys()
    assert all(again[name].equal(STATE[name]) for name in STATE)


def test_weights_that_are_dropped_are_a_file_error_and_may_be_dropped_twice(tmp_path):
    folder = tmp_path / "7"
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(weights_file(STATE))
    drop_weights(folder)
    drop_weights(folder)
    with pytest.raises(FileError, match="candidate 7 has no weights: a run keeps the weights of its front"):
        read_weights(folder)


def test_truncated_weights_are_a_file_error(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(weights_file(STATE))
    file = tmp_path / WEIGHTS
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(FileError, match="is damaged"):
        read_weights(tmp_path)


def test_weights_whose_content_has_changed_are_a_file_error(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(weights_file(STATE))
    file = tmp_path / WEIGHTS
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert load(file.read_bytes()).keys() == STATE.keys(), "nothing else notices it"
    with pytest.raises(FileError, match=r"weights\.safetensors is damaged: its checksum is not that of its content"):
        read_weights(tmp_path)


def test_weights_of_earlier_versions_have_no_checksum_and_other_programs_ignore_it(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(save(CONTIGUOUS))
    assert all(tensor.equal(STATE[name]) for name, tensor in read_weights(tmp_path).items())
    (tmp_path / WEIGHTS).write_bytes(weights_file(STATE))
    content = (tmp_path / WEIGHTS).read_bytes()
    assert all(tensor.equal(STATE[name]) for name, tensor in load(content).items())
    assert int.from_bytes(content[:8], "little") % 8 == 0, "the numbers are aligned"


def test_a_checksum_is_added_to_other_texts_of_a_file():
    content = with_checksum(save(CONTIGUOUS, metadata={"format": "pt"}))
    assert not has_wrong_checksum(content)
    assert not has_wrong_checksum(with_checksum(content))
    assert b'"format":"pt"' in content


def test_curves_have_a_column_for_the_step_and_one_for_each_loss():
    curves = Curves(names=("mse of o1", "kl of n0"), steps=(1, 10), values=((1.5, 0.25), (1.0, 0.125)))
    rows = list(csv.reader(curves_file(curves).decode().splitlines()))
    assert rows[0] == ["step", "mse of o1", "kl of n0"]
    assert [[float(value) for value in row] for row in rows[1:]] == [[1, 1.5, 0.25], [10, 1.0, 0.125]]


def test_a_missing_run_is_a_file_error_that_names_the_runs_of_the_folder(small_runs, tmp_path):
    with pytest.raises(FileError, match=r"there is no run 'large' in .*; its runs are: small"):
        existing(small_runs, "large")
    with pytest.raises(FileError, match=r"there is no run 'large' in .*; its runs are: none"):
        existing(tmp_path / "nowhere", "large")


def test_a_folder_has_a_name_and_may_hold_a_run(small_runs, tmp_path):
    assert Folder(small_runs / "small").name == "small"
    assert Folder(small_runs / "small").exists()
    assert not Folder(tmp_path).exists()
