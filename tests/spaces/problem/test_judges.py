"""The judges of problems: the shipped one's accuracy, and the cache of those trained when first needed."""

import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from valp.errors import DataError
from valp.score.generation_scores import class_entropy, density_and_coverage
from valp.score.judge import Judge, load_judge
from valp.spaces.builtin.fashion_mnist_files import fashion_mnist_arrays
from valp.spaces.builtin.train_judge import main, parser, samples_of
from valp.spaces.problem.judges import epochs_for, judge_for, shipped_path

FINGERPRINT = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    order = torch.randperm(len(data.data), generator=torch.Generator().manual_seed(0))
    return torch.tensor(data.images / 16.0, dtype=torch.float32).reshape(-1, 64)[order], torch.tensor(data.target)[
        order
    ]


@pytest.fixture(scope="module")
def fashion():
    try:
        return fashion_mnist_arrays()
    except DataError as error:
        pytest.skip(f"needs the Fashion-MNIST files: {error}")


@pytest.fixture(scope="module")
def shipped() -> Judge:
    return load_judge(shipped_path("fashion-mnist"))


def few(digits, cache_dir: Path, lines: list[str] | None = None, name="few", fingerprint=FINGERPRINT) -> Judge:
    """The judge of 60 digits: quick to train, and inaccurate."""
    progress = None if lines is None else lines.append
    samples, labels = digits[0][:60], digits[1][:60]
    return judge_for(name, fingerprint, samples, labels, (64,), 10, progress=progress, cache_dir=cache_dir)


def same(left: Judge, right: Judge) -> bool:
    return all(torch.equal(value, right.state_dict()[name]) for name, value in left.state_dict().items())


@pytest.mark.heavy
def test_the_shipped_judge_is_small_and_labels_the_test_images_right(shipped, fashion):
    assert shipped_path("fashion-mnist").stat().st_size <= 3_000_000
    assert shipped.config.shape == (1, 28, 28)
    assert shipped.config.classes == 10
    assert shipped.accuracy(samples_of(fashion.test_images), torch.from_numpy(fashion.test_labels)) >= 0.938


def test_real_images_score_well_under_the_shipped_judge(shipped, fashion):
    samples = samples_of(fashion.train_images[55_000:57_000])
    labels, features = shipped.judge(samples)
    density, coverage = density_and_coverage(features[:1000], features[1000:], 5)
    assert class_entropy(labels[1000:], labels[:1000], 10) >= 0.98
    assert 0.85 <= density <= 1.15
    assert coverage >= 0.93


def test_the_shipped_judge_is_used_where_it_fits(shipped, digits, tmp_path):
    images, labels = torch.rand(20, 784), torch.arange(20) % 10
    found = judge_for("fashion-mnist", FINGERPRINT, images, labels, (1, 28, 28), 10, cache_dir=tmp_path)
    assert same(found, shipped)
    assert list(tmp_path.iterdir()) == []
    assert few(digits, tmp_path, name="fashion-mnist").config.shape == (64,)


def test_the_judge_of_the_digits_is_right_on_digits_held_out(digits, tmp_path):
    (samples, labels), split = digits, 1300
    started = time.process_time()
    shape = (1, 8, 8)
    judge = judge_for("digits", FINGERPRINT, samples[:split], labels[:split], shape, 10, cache_dir=tmp_path)
    assert time.process_time() - started < 20
    assert judge.accuracy(samples[split:], labels[split:]) >= 0.98


def test_a_judge_is_trained_once_and_kept(digits, tmp_path):
    lines: list[str] = []
    first = few(digits, tmp_path, lines)
    (path,) = (tmp_path / "judges").glob("*.safetensors")
    assert path.name == "few-0123456789abcdef.safetensors"
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    assert lines == ["training the judge of few, once"]
    assert same(first, few(digits, tmp_path, lines))
    assert len(lines) == 1


def test_with_a_step_function_training_reports_epochs_and_no_lines(digits, tmp_path):
    lines: list[str] = []
    steps: list[tuple[str, int, int]] = []
    samples, labels = digits[0][:60], digits[1][:60]
    for _ in range(2):
        judge_for(
            "few", FINGERPRINT, samples, labels, (64,), 10, progress=lines.append, cache_dir=tmp_path,
            step=lambda *told: steps.append(told),
        )  # fmt: skip
    total = epochs_for(60)
    assert steps == [("training the judge of few, once", done, total) for done in range(total + 1)]
    assert lines == []


def test_other_data_gets_another_judge(digits, tmp_path):
    few(digits, tmp_path)
    few(digits, tmp_path, fingerprint="f" * 64)
    assert len(list((tmp_path / "judges").glob("*.safetensors"))) == 2


def test_a_judge_of_another_shape_is_not_used(digits, tmp_path):
    few(digits, tmp_path)
    samples, labels = digits[0][:60], digits[1][:60]
    judge = judge_for("few", FINGERPRINT, samples, labels, (1, 8, 8), 10, cache_dir=tmp_path)
    assert judge.config.shape == (1, 8, 8)


def test_images_too_small_for_convolutions_are_judged_as_vectors(tmp_path):
    samples, labels = torch.rand(40, 24), torch.arange(40) % 2
    judge = judge_for("tiny", FINGERPRINT, samples, labels, (1, 4, 6), 2, cache_dir=tmp_path)
    assert judge.config.shape == (24,)
    assert same(judge, judge_for("tiny", FINGERPRINT, samples, labels, (1, 4, 6), 2, cache_dir=tmp_path))


def test_a_damaged_file_is_replaced_with_a_message(digits, tmp_path):
    first = few(digits, tmp_path)
    (path,) = (tmp_path / "judges").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    lines: list[str] = []
    assert same(first, few(digits, tmp_path, lines))
    assert "damaged" in lines[0]
    assert str(path) in lines[0]
    assert same(first, load_judge(path))


def test_a_cache_that_cannot_be_used_is_not_an_error(digits, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    lines: list[str] = []
    assert same(few(digits, blocked, lines), few(digits, tmp_path))
    assert str(blocked) in lines[0]


def test_a_name_cannot_lead_out_of_the_cache(digits, tmp_path):
    few(digits, tmp_path / "cache", name="../../elsewhere/æ", fingerprint="../up")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert len(list((tmp_path / "cache" / "judges").glob("*.safetensors"))) == 1


def _judge_in_a_process(samples, labels, cache_dir, lines):
    torch.set_num_threads(1)
    data = torch.from_numpy(samples), torch.from_numpy(labels)
    judge_for("few", FINGERPRINT, *data, (64,), 10, progress=lines.put, cache_dir=cache_dir)
    lines.put(f"process {os.getpid()}")


@pytest.mark.heavy
def test_of_two_processes_one_trains_and_both_have_the_judge(digits, tmp_path):
    context = multiprocessing.get_context("spawn")
    lines = context.Queue()
    data = digits[0][:60].numpy(), digits[1][:60].numpy()
    processes = [context.Process(target=_judge_in_a_process, args=(*data, tmp_path, lines)) for _ in range(2)]
    for process in processes:
        process.start()
    said = [lines.get(timeout=120) for _ in range(1 + 2)]
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert sum(line.startswith("process") for line in said) == 2
    assert lines.empty()
    load_judge(next((tmp_path / "judges").glob("*.safetensors")))


@pytest.mark.parametrize(("samples", "epochs"), [(0, 60), (2, 60), (1300, 31), (10_000, 4), (1_000_000, 3)])
def test_small_data_is_trained_on_for_more_epochs(samples, epochs):
    assert epochs_for(samples) == epochs


def test_the_training_command_has_a_help_text_and_writes_the_shipped_file():
    text = parser().format_help()
    assert "55,000" in text
    assert "learns from the problem's training split" in text
    assert parser().parse_args([]).output == shipped_path("fashion-mnist")


def test_the_training_command_says_in_one_sentence_that_data_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VALP_DATA", str(tmp_path))
    assert main(["-o", str(tmp_path / "judge.safetensors"), "--threads", "1"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("VALP_DATA must name a folder")
    assert captured.err.count("\n") == 1
