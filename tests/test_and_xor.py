"""The AND / XOR benchmark: its networks, its use of the project's directions, and that it resumes."""

import json

import numpy as np
import pytest
import torch

from benchmarks import and_xor, and_xor_networks
from benchmarks.and_xor_networks import BITS, INPUTS, Directions, Networks, train
from benchmarks.and_xor_page import THESIS, best, page, spread
from tests.valp.train.gradient_rows import begun, direction


def by_autograd(w, b, v, d, scale, tasks):
    """The errors of one network and their gradients by all of its parameters."""
    leaves = [torch.tensor(part, requires_grad=True) for part in (w, b, v, d)]
    hidden = torch.sigmoid(torch.as_tensor(INPUTS) @ leaves[0].T + leaves[1])
    outputs = hidden @ leaves[2].T + leaves[3]
    truths = torch.stack([torch.as_tensor(BITS.prod(1)), scale * torch.as_tensor(BITS[:, 0] != BITS[:, 1])])
    errors = ((outputs.T - truths[list(tasks)]) ** 2).mean(1)
    found = [torch.autograd.grad(error, leaves, retain_graph=True) for error in errors]
    shared = [torch.cat([one[0].flatten(), one[1]]).numpy() for one in found]
    own = [(one[2][i].numpy(), one[3][i].item()) for i, one in enumerate(found)]
    return errors.detach().numpy(), np.stack(shared), own


@pytest.mark.parametrize("tasks", [(0, 1), (1,)])
def test_the_gradients_of_all_networks_are_those_of_autograd(tasks):
    networks = Networks(range(3), tasks, 10.0)
    errors, shared, by_v, by_d = networks.gradients()
    assert errors == pytest.approx(networks.errors())
    for i, parts in enumerate(zip(*networks.parameters, strict=True)):
        wanted, by_shared, own = by_autograd(*parts, 10.0, tasks)
        assert errors[i] == pytest.approx(wanted)
        assert shared[i] == pytest.approx(by_shared)
        for task, (v, d) in enumerate(own):
            assert by_v[i, task] == pytest.approx(v)
            assert by_d[i, task] == pytest.approx(d)


def test_a_step_goes_against_the_gradient_with_momentum():
    networks, shared = Networks([0], (0, 1), 1.0), np.arange(1.0, 7.0)[None]
    before = [part.copy() for part in networks.parameters]
    v, d = np.ones((1, 2, 2)), np.zeros((1, 2))
    for _ in range(2):
        networks.step(0.1, shared, v, d)
    moved = [one - other for one, other in zip(before, networks.parameters, strict=True)]
    assert moved[0].ravel() == pytest.approx(0.1 * 2.9 * np.arange(1, 5))
    assert moved[1].ravel() == pytest.approx(0.1 * 2.9 * np.array([5, 6]))
    assert (moved[2].ravel(), moved[3].ravel()) == (pytest.approx(0.29), pytest.approx(0.0))


@pytest.mark.parametrize("method", ["min-norm", "central", "tensioner", "uniform"])
def test_directions_are_those_of_the_project(method):
    generator = np.random.default_rng(0)
    settings = {"period": 1} if method == "tensioner" else {}
    directions = Directions(method, settings, 2, 2)
    for _ in range(3):
        gradients, errors = generator.normal(size=(2, 2, 6)), generator.uniform(0.1, 2, (2, 2))
        found = directions(errors, gradients)
    if method == "uniform":
        assert found == pytest.approx(gradients.sum(1))
        return
    generator = np.random.default_rng(0)
    states = [begun(method, 2, **settings) for _ in range(2)]
    for _ in range(3):
        gradients, errors = generator.normal(size=(2, 2, 6)), generator.uniform(0.1, 2, (2, 2))
        expected = [direction(*one) for one in zip(states, gradients, errors, strict=True)]
    assert found == pytest.approx(np.stack(expected))
    zero = gradients * np.array([1.0, 0.0])[:, None]
    assert directions(errors, zero) == pytest.approx(zero[:, 0])  # a task without a gradient is left out


def test_a_network_that_has_learned_both_tasks_stops_and_the_others_go_on():
    found = train((0, 1), "uniform", {}, 1.0, 5e-2, range(4), 400, 1e-3)
    alone = [train((0, 1), "uniform", {}, 1.0, 5e-2, [seed], 400, 1e-3) for seed in range(4)]
    assert found.epochs == [one.epochs[0] for one in alone]
    assert any(epoch is not None for epoch in found.epochs)
    for epoch, missed in zip(found.epochs, found.missed, strict=True):
        assert (epoch is None) == bool(missed)
    few = train((0, 1), "uniform", {}, 1.0, 5e-2, [0], 5, 1e-3)
    assert (few.epochs, few.missed) == ([None], [["AND", "XOR"]])
    assert train((0, 1), "uniform", {}, 10.0, 50.0, [0], 100, 1e-3).missed == [["AND", "XOR"]]  # it diverges


def test_the_command_resumes_and_the_page_has_both_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(and_xor, "RATES", (5e-2,))
    monkeypatch.setattr(and_xor, "STRENGTHS", (1.0,))
    asked = ["--seeds", "3", "--epochs", "260", "--scales", "1", "-o", str(tmp_path / "a")]
    whole, made = and_xor.train, []

    def until(*arguments):
        made.append(arguments)
        if len(made) == 5:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(and_xor, "train", until)
    with pytest.raises(KeyboardInterrupt):
        and_xor.main(asked)
    assert len(json.loads((tmp_path / "a.json").read_text())["rows"]) == 4
    assert "| uniform | 100% | 485 ± 18 | " in (tmp_path / "a.md").read_text()
    and_xor.main(asked)
    assert len(made) == 5 + 6  # three settings of the comparison were left, and three of the sensitivity
    and_xor.main(asked)
    assert len(made) == 11
    text = (tmp_path / "a.md").read_text()
    for method in and_xor.METHODS:
        assert f"| {method} | " in text
    assert "| 1 | 431 | " in text
    assert "some learning rates are not measured yet" in text
    rows = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert [len(row["epochs"]) for row in rows] == [3] * 10
    assert page(rows, 3, 260) == text


def test_a_rate_without_success_is_not_tried_with_all_seeds(tmp_path):
    figures = and_xor.Figures(tmp_path / "a.json", 12, 3)
    row = figures.of(and_xor.Setting("uniform", 1.0, 5e-5))
    assert len(row["epochs"]) == and_xor.FIRST
    assert figures.of(and_xor.Setting("uniform", 1.0, 5e-5)) is row


def test_the_best_rate_is_where_most_converge_then_where_it_is_fastest():
    rows = [{"epochs": epochs, "rate": i} for i, epochs in enumerate([[5, None], [90, 70], [80, 60], [None, None]])]
    assert best(rows)["rate"] == 2
    assert spread(rows[2]) == "70 ± 14"
    assert spread(rows[3]) == "–"
    assert THESIS[10.0]["uniform"][0] == 46


def test_a_wrong_number_is_refused(capsys):
    with pytest.raises(SystemExit):
        and_xor.main(["--seeds", "0"])
    assert "--seeds, --epochs and --scales must be at least 1" in capsys.readouterr().err


def test_the_tasks_are_the_operators():
    networks = Networks([0], (0, 1), 10.0)
    assert networks._truths.tolist() == [[0, 0, 0, 1], [0, 10, 10, 0]]
    assert and_xor_networks.TASKS == ("AND", "XOR")


def test_the_page_of_the_docs_is_the_one_that_its_figures_make():
    figures = json.loads((and_xor.DOCS / "and-xor.json").read_text())
    assert page(figures["rows"], figures["seeds"], figures["epochs"]) == (and_xor.DOCS / "and-xor.md").read_text()
