"""Scores under attack: closed forms of linear models, models that evade single attacks, and masked gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.valp.graphs import discrete as discrete_unit
from tests.valp.graphs import numeric as numeric_unit
from tests.valp.graphs import wired
from valp.compile.compile import compile
from valp.graph.graph import Dense, Role
from valp.score.attack import perturbed
from valp.spaces.problem.attacking import ranges_of
from valp.spaces.problem.problem import Problem, discrete, labels, numeric
from valp.spaces.problem.scoring import Scorer, _Scored

ROWS, SIZE, ETA = 400, 6, 0.25


@pytest.fixture(scope="module")
def problem():
    """Two outputs of classes, two numbers and two labels, all linear in six numbers."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, SIZE))
    outputs = {
        "left": discrete((x[:, 0] + x[:, 1] > 0).astype(int)),
        "right": discrete((x[:, 2:] @ random.normal(size=(4, 3))).argmax(1)),
        "y": numeric(x[:, :2] + 0.3 * random.normal(size=(ROWS, 2)), scale="none"),
        "tags": labels((x[:, 4:] > 0).astype(float)),
    }
    return Problem.from_arrays("lines", inputs={"x": numeric(x, scale="none")}, outputs=outputs, validation=0.5)


def linear(problem, betas=(1, 1, 1, 1), scale=1.0, hidden=None):
    """A model without hidden layers, or with one layer for `left`; its logits for left are multiplied by `scale`."""
    names = ["left", "right", "y", "tags"]
    units = [discrete_unit(2), discrete_unit(3), numeric_unit(2), discrete_unit(2)]
    losses = ["cross_entropy", "cross_entropy", "mse", "binary_cross_entropy"]
    graph = wired(
        [
            (f"n_{name}", "g" if name == "y" else "delta", unit, "concatenation")
            for name, unit in zip(names, units, strict=True)
        ],
        [("x", f"n_{name}") for name in names] + [(f"n_{name}", name) for name in names],
        list(zip(names, units, strict=True)),
        [(loss, name, name) for loss, name in zip(losses, names, strict=True)],
        inputs=[("x", SIZE)],
    )
    losses = tuple(loss.model_copy(update={"beta": float(b)}) for loss, b in zip(graph.losses, betas, strict=True))
    first = graph.networks[0].model_copy(update={"layers": () if hidden is None else (hidden,)})
    graph = graph.model_copy(update={"losses": losses, "networks": (first, *graph.networks[1:])})
    module = compile(graph, seed=3).eval()
    x, left = problem.train.inputs["x"], problem.train.truths["left"]
    with torch.no_grad():
        for name in names[1:]:
            truth = problem.train.truths[name]
            target = torch.nn.functional.one_hot(truth).float() if truth.ndim == 1 else truth - (name == "tags") / 2
            module.layers[f"n_{name}-0"].weight.copy_(torch.linalg.lstsq(x, target).solution.T)
        last = module.layers[f"n_left-{0 if hidden is None else 1}"]
        if hidden is None:
            last.weight.copy_(scale * torch.linalg.lstsq(x, torch.nn.functional.one_hot(left).float()).solution.T)
    return module


def scores_of(problem, module, *names):
    return Scorer(problem, {}, objectives=names).score(module, problem.validation)


def weights(module, name):
    return module.layers[f"n_{name}-0"].weight.detach()


def test_attacks_on_linear_models_have_the_value_of_the_closed_form(problem):
    """For linear models x + η·sign is the worst change of all. Ranges are wide: clipping is tested elsewhere."""
    module = linear(problem)
    names = (f"robust_accuracy.left@{ETA}", f"robust_mse@{ETA}", f"robust_label_accuracy@{ETA}")
    scorer = Scorer(problem, {}, objectives=names)
    vars(scorer)["ranges"] = {"x": (torch.tensor(-99.0), torch.tensor(99.0))}
    found = scorer.score(module, problem.validation)
    x, truths = problem.validation.inputs["x"], problem.validation.truths
    w = weights(module, "left")
    difference = (w[1] - w[0])[None] * (2 * truths["left"][:, None] - 1)
    right = (x * difference).sum(1) - ETA * difference.abs().sum(1) > 0
    assert found[names[0]] == pytest.approx(right.double().mean().item())
    assert 0.1 < found[names[0]] < found["accuracy.left"] - 0.1
    errors = x @ weights(module, "y").T - truths["y"]
    y = weights(module, "y")
    corners = torch.cartesian_prod(*[torch.tensor([-ETA, ETA])] * SIZE)
    worst = ((errors[:, None] + (corners @ y.T)[None]) ** 2).sum(2).amax(1).double().mean() / 2
    assert found["mse"] < found[names[1]] <= worst.item() + 1e-9
    assert found[names[1]] == pytest.approx(worst.item(), rel=0.15)  # one step need not find the worst of two variables
    tags = (x @ weights(module, "tags").T) * (2 * truths["tags"] - 1)
    each = tags - ETA * weights(module, "tags").abs().sum(1) > 0
    assert found["label_accuracy"] > found[names[2]] >= each.double().mean().item()


def test_no_random_signs_are_stronger_than_what_is_reported(problem):
    module = linear(problem, hidden=Dense(units=8, activation="tanh"))
    name = f"robust_accuracy.left@{ETA}"
    found = scores_of(problem, module, name)[name]
    split = problem.validation
    scorer = Scorer(problem, {})
    signs = _Scored(scorer, module, split, 1)._attacking._attacks[-1]
    assert set(signs["x"].unique().tolist()) == {-1, 1}
    moved = perturbed(split.inputs, signs, ETA, scorer.ranges)
    right = module(moved, "predict")["left"].argmax(1) == split.truths["left"]
    assert found <= right.double().mean().item()
    assert found <= scores_of(problem, module)["accuracy.left"]


def test_a_large_beta_of_another_loss_evades_the_attack_on_the_training_loss_only(problem):
    name = f"robust_accuracy.left@{ETA}"
    usual, evading = linear(problem), linear(problem, betas=(1, 1, 1e6, 1))
    scorer = Scorer(problem, {}, objectives=(name,))
    under_loss = []
    for module in (usual, evading):
        with torch.inference_mode():
            found = _Scored(scorer, module, problem.validation, 1).attacked("left", ETA)
        under_loss.append((found.values[1].argmax(1) == found.truth).double().mean().item())
    assert under_loss[1] > under_loss[0] + 0.05
    assert scores_of(problem, evading, name)[name] == pytest.approx(scores_of(problem, usual, name)[name], abs=0.02)


def test_a_saturated_softmax_gains_nothing(problem):
    name = f"robust_accuracy.left@{ETA}"
    usual, saturated = (scores_of(problem, linear(problem, scale=scale), name) for scale in (1, 1e5))
    assert saturated["zero_gradients.left"] == usual["zero_gradients.left"] == 0
    assert saturated[name] == pytest.approx(usual[name], abs=0.02)


def test_a_constant_model_and_saturated_units_have_no_score_under_attack(problem):
    name = f"robust_accuracy.left@{ETA}"
    for hidden, cheat in ((None, 0.0), (Dense(units=4, activation="tanh"), 1e6)):
        module = linear(problem, hidden=hidden)
        with torch.no_grad():
            module.layers["n_left-0"].weight.mul_(cheat)
        found = scores_of(problem, module, name, f"robust_joint_accuracy@{ETA}")
        assert found["zero_gradients.left"] > 0.95
        assert name not in found
        assert found["zero_gradients.right"] == 0
        assert f"robust_joint_accuracy@{ETA}" not in found  # no attack aims at the first class


def test_joint_accuracy_counts_rows_in_which_all_classes_are_right(problem):
    module = linear(problem)
    names = (f"robust_joint_accuracy@{ETA}", f"robust_accuracy.left@{ETA}", f"robust_accuracy.right@{ETA}")
    scorer = Scorer(problem, {}, objectives=names)
    found, errors = scorer.score_with_errors(module, problem.validation)
    values, truths = module(problem.validation.inputs, "predict"), problem.validation.truths
    right = [(values[name].argmax(1) == truths[name]) for name in ("left", "right")]
    joint = (right[0] & right[1]).double().mean().item()
    assert found["joint_accuracy"] == pytest.approx(joint)
    assert errors["joint_accuracy"] == pytest.approx((joint * (1 - joint) / 200) ** 0.5, rel=0.4)
    assert found[names[0]] <= min(found[names[1]], found[names[2]], joint)
    assert scorer.metrics["joint_accuracy"].chance == scorer.metrics[names[0]].chance == pytest.approx(1 / 6)


def test_rows_with_a_missing_class_are_left_out(problem):
    module, split = linear(problem), problem.validation
    gone = torch.arange(len(split)) % 3 == 0
    names = (f"robust_joint_accuracy@{ETA}", f"robust_accuracy.left@{ETA}")
    holed = replace(
        split, truths={**split.truths, "left": split.truths["left"].masked_fill(gone, 0)}, present={"left": ~gone}
    )
    found = Scorer(problem, {}, objectives=names).score(module, holed)
    expected = Scorer(problem, {}, objectives=names).score(module, split.take((~gone).nonzero()[:, 0]))
    for name in ("joint_accuracy", *names):
        assert found[name] == pytest.approx(expected[name], abs=0.03), name  # random signs differ by row
    nobody = replace(holed, present={"left": torch.zeros_like(gone)} | {"right": gone})
    assert "joint_accuracy" not in Scorer(problem, {}).score(module, nobody)


def test_a_graph_without_all_classes_has_no_joint_accuracy(problem):
    graph = wired(
        [("n", "delta", discrete_unit(2), "concatenation")], [("x", "n"), ("n", "left")], [("left", discrete_unit(2))],
        [("cross_entropy", "left", "left")], inputs=[("x", SIZE)],
    )  # fmt: skip
    names = (f"robust_joint_accuracy@{ETA}", f"robust_accuracy.left@{ETA}", f"robust_accuracy.right@{ETA}")
    found = scores_of(problem, compile(graph, seed=0), *names)
    assert found.keys() & {"joint_accuracy", *names} == {names[1]}


def test_attacked_inputs_stay_in_the_range_of_the_data():
    x = torch.tensor([[0.1, 0.9, 0.5], [-0.5, 1.5, 0.0]])
    signs = {"x": torch.tensor([[-1, 1, 1], [-1, 1, 0]], dtype=torch.int8)}
    moved = perturbed({"x": x, "k": x}, signs, 0.25, {"x": (torch.tensor(0.0), torch.tensor(1.0))})
    torch.testing.assert_close(moved["x"], torch.tensor([[0.0, 1.0, 0.75], [-0.5, 1.5, 0.0]]))
    assert moved["k"] is x


def test_variables_with_one_scale_share_their_range_and_classes_have_none():
    random = np.random.default_rng(0)
    inputs = {
        "pixels": numeric(random.integers(0, 256, (60, 4)).astype(np.uint8)),
        "table": numeric(random.normal(size=(60, 3)) * [1, 10, 100]),
        "kind": discrete(np.arange(60) % 3),
    }
    problem = Problem.from_arrays("mixed", inputs=inputs, outputs={"c": discrete(np.arange(60) % 2)})
    ranges = ranges_of(problem)
    assert ranges.keys() == {"pixels", "table"}
    assert ranges["pixels"][0].shape == ()
    assert ranges["table"][1].shape == (3,)
    torch.testing.assert_close(ranges["table"][1], problem.train.inputs["table"].amax(0))


def test_inputs_of_classes_are_not_changed_and_latent_variables_are_their_means():
    random = np.random.default_rng(1)
    labels_of = np.arange(200) % 2
    x = random.normal(size=(200, 3)) + labels_of[:, None]
    problem = Problem.from_arrays(
        "both", inputs={"x": numeric(x), "k": discrete(labels_of)}, outputs={"c": discrete(labels_of)}
    )
    graph = wired(
        [("code", "g", numeric_unit(4), "concatenation"), ("z", "b", numeric_unit(2), "concatenation"),
         ("n", "delta", discrete_unit(2), "concatenation")],
        [("x", "code"), ("code", "z", Role.LATENT), ("z", "n"), ("k", "n"), ("n", "c")],
        [("c", discrete_unit(2))], [("cross_entropy", "c", "c"), ("kl", "code", None)], inputs=[("x", 3), ("k", 2)],
    )  # fmt: skip
    k = graph.inputs[1].model_copy(update={"unit": discrete_unit(2)})
    module = compile(graph.model_copy(update={"inputs": (graph.inputs[0], k)}), seed=0)
    scorer = Scorer(problem, {}, objectives=("robust_accuracy@0.5",))
    subject = _Scored(scorer, module.eval(), problem.validation, 1)
    assert all(signs.keys() == {"x"} for signs in subject._attacking._attacks)
    first, second = (scorer.score(module, problem.validation) for _ in range(2))
    assert first == second
    assert {"robust_accuracy@0.5", "zero_gradients"} < first.keys()
