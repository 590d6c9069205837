"""The comparison under attack: the networks of Table I, the attack of the paper, the page, and resuming."""

import json

import numpy as np
import pytest
import torch

from benchmarks import robustness
from benchmarks.paper_page import DISCUSSION
from benchmarks.robustness_attacks import JOINT, SIZES, accuracies, probabilities
from benchmarks.robustness_graphs import METHODS, graph_of, only
from benchmarks.robustness_page import PAPER, page, paper_figures
from benchmarks.robustness_trainings import KeptUncertainty, Training, prepare, trained
from tests.interrupting import Interrupted
from valp.compile.compile import compile
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.attacking import ranges_of
from valp.spaces.problem.problem import Problem, discrete, features
from valp.train.balance import BALANCERS
from valp.train.balance.balance import Balance
from valp.train.fit import fit

BY_CODE = {method.code: method for method in METHODS}


@pytest.fixture(scope="module")
def problem():
    """60 images of 36×36 in two classes of each task, told apart by their brightness."""
    torch.set_num_threads(1)
    random, left, right = np.random.default_rng(0), np.arange(60) % 2, np.arange(60) // 2 % 2
    pixels = random.integers(0, 60, (60, 1, 36, 36))
    pixels[:, :, :18] += 90 * left[:, None, None, None]
    pixels[:, :, 18:] += 90 * right[:, None, None, None]
    return Problem.from_arrays(
        "multi-fashion",
        inputs={"pixels": features(pixels.astype(np.uint8), scale=255)},
        outputs={"left": discrete(left), "right": discrete(right)},
    )


def shapes(module):
    """The shapes of the weights of convolutions and dense layers, in the order of the layers."""
    return [tuple(tensor.shape) for tensor in module.state_dict().values() if tensor.ndim > 1]


@pytest.mark.parametrize("code", BY_CODE)
def test_the_networks_are_those_of_table_1(code, problem):
    method = BY_CODE[code]
    module = compile(graph_of(method, only(problem.description, "left") if method.single else problem.description))
    tasks = 1 if method.single else 2
    convolutions = [(64, 1, 3, 3), (64, 64, 3, 3)]
    if method.vib:
        expected = [*convolutions, (1024, 3136), (1024, 1024), (1024, 1024), (512, 1024)]
        expected += [(384, 256), (192, 384), (2, 192)] * tasks
    else:
        expected = [*convolutions, (384, 64, 7, 7), *[(192, 384), (2, 192)] * tasks]
    assert shapes(module) == expected
    assert [op.normalise for op in module.plan.operations if hasattr(op, "normalise")].count(
        False
    ) == tasks + method.vib
    assert module.betas.tolist() == pytest.approx([1] * tasks + [1e-3] * method.vib)


def test_weights_of_the_grid_are_beta(problem):
    assert compile(graph_of(BY_CODE["GS"], problem.description, (0.5, 1.5))).betas.tolist() == [0.5, 1.5]


def test_accuracies_under_attack_fall_and_the_joint_one_is_the_smallest(problem):
    sketch = Sketch(problem.description)
    for output in sketch.outputs():
        sketch.head(output, ["pixels"], ())
    module, split = compile(sketch.graph(), seed=0), problem.train
    fit(module, split.inputs, split.truths, steps=60, batch=20, executor="torch")
    found, zero = accuracies(module, split, ranges_of(problem))
    assert zero == 0
    clean = module(split.inputs, "predict")
    right = [clean[name].argmax(1) == split.truths[name] for name in ("left", "right")]
    assert [found["left"][0], found["right"][0]] == pytest.approx([one.double().mean().item() for one in right])
    assert found[JOINT][0] == pytest.approx((right[0] & right[1]).double().mean().item())
    for name in ("left", "right"):
        assert len(found[name]) == len(SIZES)
        assert found[name][-1] < found[name][0] > 0.8
        assert all(joint <= one for joint, one in zip(found[JOINT], found[name], strict=True))
    other, _ = accuracies(module, split, ranges_of(problem), weights=[1.0, 0.0], sizes=(0.3,))
    assert other["left"][0] <= other["right"][0]  # only the loss of `left` is attacked


def test_predictions_are_averaged_over_draws_of_z(problem):
    module = compile(graph_of(BY_CODE["MTVIB"], problem.description), seed=0).eval()
    inputs = problem.test.inputs
    draws = [module.drawn_noise(len(problem.test), torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    with torch.inference_mode():
        each = [module(inputs, "predict", draw)["left"] for draw in draws]
    made = probabilities(module, inputs, draws)["left"]
    assert not torch.equal(each[0], each[1])
    torch.testing.assert_close(made, (each[0] + each[1]) / 2)


def test_the_weights_of_the_attack_are_those_that_the_training_learned(problem):
    module = compile(graph_of(BY_CODE["MTVIB"], problem.description), seed=0)
    keeping, split = KeptUncertainty(), problem.train
    assert keeping.weights(module) == module.betas.tolist()
    with BALANCERS.adding(keeping):
        fit(
            module, split.inputs, split.truths, steps=3, batch=20, learning_rate=0.02, executor="torch",
            balance=Balance(method="uncertainty"),
        )  # fmt: skip
    left, right, kl = keeping.weights(module)
    assert kl == pytest.approx(1e-3)
    assert 0.5 < left < 2
    assert left != 1
    assert right != left
    assert not isinstance(BALANCERS["uncertainty"], KeptUncertainty)


def test_the_figures_of_the_paper_are_in_their_columns():
    assert paper_figures("multi-fashion", "left", "MTVIB")[::6] == pytest.approx([0.862, 0.452])
    assert paper_figures("multi-fashion", "right", "MTVIB")[::6] == pytest.approx([0.844, 0.464])
    assert paper_figures("multi-mnist", "left", "UWL")[-1] == pytest.approx(0.389)
    assert all(
        len(rows) == len(SIZES) and {len(row) for row in rows} == {5} for of in PAPER.values() for rows in of.values()
    )


def row(fingerprint="f", scale=1.0, joint=True):
    accuracy = [scale * (0.9 - size) for size in SIZES]
    return {
        "fingerprint": fingerprint, "validation": {"left": scale * 0.8, "right": 0.8}, "zero gradients": 0.0,
        "test": {"left": accuracy, "right": accuracy} | ({JOINT: accuracy} if joint else {}),
        "rows": [40, 10, 10], "seconds": 36.0,
    }  # fmt: skip


def plan(tmp_path, seeds=2):
    setup = robustness.Setup(1.0, 200, 1e-3, 5, 10_000)
    store = robustness.SavedRows(tmp_path / "s.json", {"multi-fashion": "f"})
    return robustness.Plan(["multi-fashion"], setup, seeds, (0.25, 0.5), store)


def test_weights_are_chosen_with_one_seed_and_the_others_use_them(tmp_path):
    made = plan(tmp_path)
    first = [training.key for training in made.left()]
    assert [key for key in first if "/GS/" in key] == ["multi-fashion/GS/0.25/0", "multi-fashion/GS/0.5/0"]
    for weight, scale in ((0.25, 1.0), (0.5, 1.1)):
        made.store.add(Training("multi-fashion", "GS", 0, weight=weight), row(scale=scale))
    assert made.chosen("multi-fashion") == 0.5
    assert [key for key in (training.key for training in made.left()) if "/GS/" in key] == ["multi-fashion/GS/0.5/1"]
    again = robustness.SavedRows(made.store.file, {"multi-fashion": "f"})
    assert again.rows == made.store.rows
    assert not robustness.SavedRows(made.store.file, {"multi-fashion": "other data"}).rows


def test_the_page_has_the_figures_of_the_paper_beside_ours_and_keeps_what_was_written_by_hand(tmp_path):
    made = plan(tmp_path)
    for seed in (0, 1):
        made.store.add(Training("multi-fashion", "MTVIB", seed), row(scale=1 - seed / 10))
    written = tmp_path / "p.md"
    written.write_text(f"# Old\n\n{DISCUSSION}\n\nBy hand.\n")
    text = page(made.document(), written)
    assert "86.2 / 85.5 ± 6.4 |" in text
    assert "| 0.00 | 87.1 / – | 86.7 / – | 86.8 / – | 86.7 / – | 86.2 / 85.5 ± 6.4 |" in text
    assert "41.0 / 28.5 ± 2.1 |" in text
    assert "STL has 0 of 2 seeds." in text
    assert text.endswith(f"{DISCUSSION}\n\nBy hand.\n")


@pytest.mark.heavy
def test_the_command_resumes_and_writes_its_page(problem, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(robustness, "load_problem", lambda name, say: problem)
    monkeypatch.setattr("benchmarks.robustness_trainings.load_problem", lambda name, say: problem)
    words = ["--problems", "multi-fashion", "--epochs", "1", "--batch", "20", "--seeds", "1", "--grid", "0.5"]
    words += ["--draws", "2", "--workers", "0", "--runs", str(tmp_path), "-o", str(tmp_path / "robustness")]
    some = Interrupted(trained, at=3)
    calls = some.calls
    monkeypatch.setattr(robustness, "trained", some)
    with pytest.raises(KeyboardInterrupt):
        robustness.main(words)
    assert len(calls) == 3
    robustness.main(words)
    assert len(calls) == 8
    assert len(set(calls)) == 7
    robustness.main(words)
    assert len(calls) == 8
    document = json.loads((tmp_path / "robustness.json").read_text())
    found = document["problems"]["multi-fashion"]["methods"]
    assert {code: len(results) for code, results in found.items()} == dict.fromkeys(BY_CODE, 1)
    assert [JOINT in found[code][0] for code in BY_CODE] == [False, False, True, True, True]
    assert "– |" not in (tmp_path / "robustness.md").read_text().split("**Both")[0]
    capsys.readouterr()
    with pytest.raises(SystemExit):
        robustness.main([*words, "--grid", "1.5"])
    assert "weights of --grid between 0 and 1" in capsys.readouterr().err


def test_a_training_that_fails_says_why(problem, monkeypatch):
    monkeypatch.setattr("benchmarks.robustness_trainings.load_problem", lambda name, say: problem)
    prepare(["multi-fashion"])
    setup = {"epochs": 2.0, "batch": 20, "rate": 1e30, "draws": 2, "rows": 10}
    with pytest.raises(Exception, match=r"multi-fashion/GS/0\.5/0: the loss is not a finite number"):
        trained(Training("multi-fashion", "GS", 0, weight=0.5), setup)
