"""The benchmarks two digits and MGDA: choices on validation, resuming, the labels, and the pages."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import balance_trainings, digit_labels, multi_mnist, two_digits
from benchmarks.balance_page import Score, comparison, progress, spread, wins
from benchmarks.balance_subjects import SUBJECTS, Subject, errors, errors_without_learning
from benchmarks.balance_trainings import Method, Plan, Setup, Training, prepare, trained
from benchmarks.paper_page import DISCUSSION
from benchmarks.saved_rows import SavedRows
from valp.compile.compile import compile
from valp.spaces.builtin.idx_files import ImageArrays
from valp.spaces.problem.problem import Problem, discrete, features, numeric
from valp.train.fit import fit


def small(name, **outputs):
    """90 images of 6×6, bright on the left or not, with some outputs."""
    torch.set_num_threads(1)
    random, bright = np.random.default_rng(0), np.arange(90) % 2
    pixels = random.integers(0, 60, (90, 1, 6, 6)) + 150 * bright[:, None, None, None] * (np.arange(6) < 3)
    made = {key: make(bright, pixels) for key, make in outputs.items()}
    return Problem.from_arrays(name, inputs={"pixels": features(pixels.astype(np.uint8), scale=255)}, outputs=made)


def classes(bright, pixels):
    return discrete(bright)


def copied(bright, pixels):
    return numeric(pixels.reshape(-1, 36), scale=255, loss="mse")


@pytest.fixture
def subjects(monkeypatch):
    """Small problems in place of the real ones."""
    problems = {
        "two-digits": small("two-digits", digit=classes, other=copied),
        "multi-mnist": small("multi-mnist", left=classes, right=classes),
        "digit-labels": small("digit-labels", left_even=classes, left_ink=classes, right_even=classes),
    }
    for name, problem in problems.items():
        monkeypatch.setitem(SUBJECTS, name, Subject(lambda _, made=problem: made, 8, 4, (4,), (6,)))
    return problems


def test_errors_are_one_minus_accuracy_and_the_mean_square(subjects):
    problem = subjects["two-digits"]
    module, split = compile(SUBJECTS["two-digits"].graph(problem.description), seed=0), problem.validation
    fit(module, problem.train.inputs, problem.train.truths, steps=5, batch=20)
    out, found = module(split.inputs, "predict"), errors(module, split)
    wrong = (out["digit"].argmax(1) != split.truths["digit"]).double().mean().item()
    assert found == pytest.approx(
        {"digit": wrong, "other": ((out["other"] - split.truths["other"]) ** 2).mean().item()}
    )
    without = errors_without_learning(problem, split)
    most = np.bincount(problem.train.truths["digit"]).argmax()
    assert without["digit"] == pytest.approx((split.truths["digit"] != most).double().mean().item())
    assert without["other"] == pytest.approx(split.truths["other"].numpy().var(), rel=0.5)


def test_a_graph_has_weights_for_its_tasks_and_one_shared_network(subjects):
    graph = SUBJECTS["two-digits"].graph(subjects["two-digits"].description, (0.4, 1.6))
    assert [loss.beta for loss in graph.losses] == [0.4, 1.6]
    assert [network.name for network in graph.networks] == ["encoder", "digit_head", "other_head"]
    assert {c.target for c in graph.connections if c.source == "encoder"} == {"digit_head", "other_head"}


def test_the_best_epoch_counts_and_a_training_without_progress_ends(subjects):
    prepare(["two-digits"])
    setup = Setup(epochs=6, patience=2, batch=20)
    row = trained(Training("two-digits", "m", "min-norm", "", (), 0.05, 1), setup)
    without = errors_without_learning(subjects["two-digits"], subjects["two-digits"].validation)
    assert row["score"] == pytest.approx(np.mean([row["validation"][task] / without[task] for task in without]))
    assert 1 <= row["epochs"][0] <= row["epochs"][1] <= 6
    shorter = trained(
        Training("two-digits", "m", "min-norm", "", (), 0.05, 1), Setup(row["epochs"][0], patience=9, batch=20)
    )
    assert shorter["test"] == row["test"]  # later epochs change nothing
    still = trained(Training("two-digits", "m", "min-norm", "", (), 1e-12, 1), setup)
    assert still["epochs"][1] <= still["epochs"][0] + 2
    failed = trained(Training("two-digits", "m", "uniform", "", (), 1e30, 1), setup)
    assert failed["score"] is None
    assert failed["failure"].startswith("the loss is not a finite number")


def test_the_rate_and_the_weights_with_the_best_validation_score_are_chosen(tmp_path):
    store = SavedRows(tmp_path / "a.json", {"p": "f"})
    method = Method("grid", grid=((1.0, 1.0), (0.5, 1.5)))
    plan = Plan("p", ("a", "b"), (method,), (0.1, 1.0), 3, store)
    assert len(list(plan.left())) == 4
    for training, score in zip(plan.tried(method, ""), (0.4, None, 0.2, 0.3), strict=True):
        assert plan.chosen(method, "") is None
        store.add(training, {"fingerprint": "f", "score": score, "test": {"a": 0.1, "b": 0.2}})
    chosen = plan.chosen(method, "")
    assert (chosen.rate, chosen.weights) == (0.1, (0.5, 1.5))
    assert plan.settings(method) == "0.1 (least tried), 0.5 : 1.5"
    assert [one.key for one in plan.left()] == ["p/grid 0.5:1.5/0.1/1", "p/grid 0.5:1.5/0.1/2"]
    assert [row["seed"] for row in plan.results(method)] == [0]


def test_a_seed_that_diverged_is_counted_and_is_not_called_unfinished(tmp_path):
    store, method = SavedRows(tmp_path / "a.json", {"p": "f"}), Method("uniform")
    plan = Plan("p", ("a",), (method,), (0.1,), 4, store)
    for seed, test in enumerate(({"a": 0.1}, {"a": 0.2}, {})):
        training = replace(plan.tried(method, "")[0], seed=seed)
        store.add(training, {"fingerprint": "f", "score": test.get("a"), "test": test})
    assert [row["seed"] for row in plan.results(method)] == [0, 1]
    assert plan.diverged(method) == 1
    told = progress(plan)
    assert "**Not finished**, of 4 seeds: uniform lacks 1." in told
    assert "**Diverged**, of 4 seeds, and not in the means, which are too good: 1 of uniform." in " ".join(told.split())


def test_trainings_on_data_that_is_not_asked_for_stay_in_the_file(tmp_path):
    jobs = [Training(name, "fixed", "fixed", "", (), 0.1, 0) for name in ("p", "q")]
    for job, fingerprint in zip(jobs, "fg", strict=True):
        SavedRows(tmp_path / "a.json", {job.problem: fingerprint}).add(job, {"fingerprint": fingerprint})
    assert SavedRows(tmp_path / "a.json", {"p": "f"}).rows == {jobs[0].key: {"fingerprint": "f"}}
    both = SavedRows(tmp_path / "a.json", {"p": "f", "q": "g"})
    assert list(both.rows) == [job.key for job in jobs]
    # On other data, a training is done again and replaces the one that is there.
    again = SavedRows(tmp_path / "a.json", {"p": "h"})
    assert again.rows == {}
    again.add(jobs[0], {"fingerprint": "h"})
    assert SavedRows(tmp_path / "a.json", {"p": "f"}).rows == {}


def test_seeds_are_compared_one_by_one():
    accuracy, error = Score("a", "a", accuracy=True), Score("a", "a", accuracy=False)
    first = [{"seed": seed, "test": {"a": 0.1 + seed / 100}} for seed in range(5)]
    second = [{"seed": seed, "test": {"a": 0.3 - seed / 100}} for seed in range(1, 5)]
    assert wins(accuracy, first, second) == wins(error, first, second) == (4, 4)
    assert comparison(accuracy, first, second)[0::2] == ("4 of 4", "ahead")
    assert comparison(error, second, first)[0::2] == ("0 of 4", "behind")
    assert spread([0.1, 0.3]) == "0.2000 ± 0.1414"


def test_the_labels_are_those_of_the_digits(monkeypatch):
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 60)
    images = random.integers(1, 255, (60, 28, 28)).astype(np.uint8)
    arrays = ImageArrays(images[:40], labels[:40], images[40:], labels[40:])
    monkeypatch.setattr(digit_labels, "mnist_images", lambda _: SimpleNamespace(read=lambda: arrays))
    monkeypatch.setattr(digit_labels, "PAIRS", (60, 20, 20))
    problem = digit_labels.digit_labels()
    pairs = digit_labels.draw_pairs(arrays, (60, 20, 20))
    assert problem.train.inputs["pixels"].shape == (60, 18 * 18)
    assert len(problem.outputs) == 18
    train = pairs.splits[0]
    even, loop = problem.train.truths["left_even"], problem.train.truths["right_loop"]
    assert torch.equal(even, torch.from_numpy(pairs.first_class[train] % 2 == 0).long())
    assert loop.tolist() == [int(digit in (0, 6, 8, 9)) for digit in pairs.second_class[train]]
    ink = [problem.train.truths[f"{side}_ink"] for side in ("left", "right")]
    assert torch.cat(ink).double().mean().item() == pytest.approx(0.5, abs=0.1)
    brightness = pairs.first[train].mean((1, 2))
    assert brightness[ink[0].numpy() == 1].min() > brightness[ink[0].numpy() == 0].max()


def test_two_digits_resumes_and_has_the_figures_of_the_thesis(subjects, tmp_path, monkeypatch):
    words = ["--seeds", "4", "--epochs", "1", "--batch", "20", "--rates", "0.05", "--workers", "0"]
    words += ["-o", str(tmp_path / "page")]
    keys = []

    def some(training, setup):
        keys.append(training.key)
        if len(keys) == 3:
            raise KeyboardInterrupt
        return trained(training, setup)

    monkeypatch.setattr(balance_trainings, "trained", some)
    with pytest.raises(KeyboardInterrupt):
        two_digits.main(words)
    assert "**Not finished**" in (tmp_path / "page.md").read_text()
    two_digits.main(words)
    assert len(keys) == 1 + 4 * 8
    assert len(set(keys)) == 4 * 8
    text = (tmp_path / "page.md").read_text()
    assert "| min-norm | 0.7393 ± 0.0213 | 0.0552 ± 0.0042 | " in text
    assert "**central + tensioner** beats central on both tasks in " in text
    assert "Not finished" not in text
    assert "too few seeds" not in text
    assert len(json.loads((tmp_path / "page.json").read_text())) == 4 * 8
    (tmp_path / "page.md").write_text(f"{text}\n{DISCUSSION}\n\nBy hand.\n")
    two_digits.main(words)
    assert len(keys) == 1 + 4 * 8
    assert (tmp_path / "page.md").read_text().endswith("By hand.\n")


def test_mgda_has_both_problems_and_times_beside_each_other(subjects, tmp_path, capsys):
    words = ["--seeds", "1", "--epochs", "1", "--batch", "20", "--rates", "0.05", "--workers", "0", "--steps", "1"]
    words += ["-o", str(tmp_path / "page")]
    multi_mnist.main(words)
    text = " ".join((tmp_path / "page.md").read_text().split())
    assert "| MGDA-UB | 97.26% | 95.90% | " in text
    assert "| MGDA-UB − MGDA | mean error ↓ | " in text
    assert "Ours are not measured yet" in text
    multi_mnist.main([*words, "--times"])
    text = " ".join((tmp_path / "page.md").read_text().split())
    assert "Ours are not measured yet" not in text
    assert "| digit-labels | native | " in text
    times = json.loads((tmp_path / "page-times.json").read_text())
    assert {name: set(found) for name, found in times["multi-mnist"].items()} == {
        "torch": {"uniform", "MGDA", "MGDA-UB"},
        "native": {"uniform", "MGDA"},
    }
    capsys.readouterr()
    with pytest.raises(SystemExit):
        multi_mnist.main([*words, "--rates", "0"])
    assert "must be positive" in capsys.readouterr().err
