"""MGDA-UB: its representations, where it equals min-norm, and its bounds elsewhere."""

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard

from tests.valp.graphs import figure_2, figure_2_rows, numeric, wired
from tests.valp.random_graphs import Builder
from tests.valp.train.gradient_rows import CPU, by_quadratic_program
from valp.compile.compile import compile, lower
from valp.errors import SettingError
from valp.train.balance import BALANCERS, Balance, GradientCombining, LossStep
from valp.train.balance.loss_reach import loss_reach, parameter_groups
from valp.train.balance.representation import representations
from valp.train.combined_gradients import CombinedGradients, parameters_of
from valp.train.fit import fit
from valp.train.representation_gradients import RepresentationGradients


def networks(graph):
    """The representation of each group of a graph, by the networks of the group."""
    plan = lower(graph)
    groups = parameter_groups(plan)
    cut = representations(plan, groups)
    names = [tuple(sorted({layer.split("-")[0] for layer in group.layers})) for group in groups]
    originals = {copy: buffer for buffer, copy in cut.copies.items()}
    return {name: {originals[copy] for copy in copies} for name, copies in zip(names, cut.groups, strict=True)}


def branches(sizes, connections, inputs=5):
    """Linear networks, of which those called a, b and c predict outputs, each with a loss of its own."""
    heads = [name for name in sizes if name in "abc"]
    return wired(
        [(name, "g", numeric(size), "concatenation") for name, size in sizes.items()],
        [*connections, *((head, f"o{head}") for head in heads)],
        [(f"o{head}", numeric(sizes[head])) for head in heads],
        [("mse", f"o{head}", f"o{head}") for head in heads],
        inputs=[("i0", inputs)],
    )


TREE = [("i0", "trunk"), ("trunk", "a"), ("trunk", "middle"), ("middle", "b"), ("middle", "c")]


def tree(inputs=5, width=4):
    """A trunk of all losses, a middle network of the losses b and c, and three heads."""
    return branches({"trunk": width, "middle": 3, "a": 2, "b": 2, "c": 1}, TREE, inputs)


def data(module, rows, seed=0):
    generator = torch.Generator().manual_seed(seed)
    plan = module.plan
    x = {name: torch.randn(rows, size, generator=generator).double() for name, size in plan.inputs.items()}
    truths = {term.truth: torch.randn(rows, term.size, generator=generator).double() for term in plan.losses}
    return x, truths


def gradients(backward, module, x, truths, terms=None, present=None):
    """The gradient of each group of parameters that a backward pass sets."""
    there = torch.tensor(present or [True] * len(module.betas))
    module.zero_grad()
    terms = (terms or module.terms)(x, truths)
    backward(LossStep(terms, module.betas.double(), lambda: there))
    return [
        None if parts[0].grad is None else torch.cat([part.grad.flatten() for part in parts]).numpy()
        for parts in (parameters_of(module, group) for group in loss_reach(module.plan).groups)
    ]


def by_parameters(module, x, truths, method="min-norm", present=None):
    reach = loss_reach(module.plan)
    backward = CombinedGradients(module, reach, BALANCERS[method].begin(reach, {}, CPU))
    return gradients(backward, module, x, truths, present=present)


def by_representations(module, x, truths, combining=None, present=None):
    reach = loss_reach(module.plan)
    backward = RepresentationGradients(module, reach, combining or BALANCERS["mgda-ub"].begin(reach, {}, CPU))
    return gradients(backward, module, x, truths, backward.terms, present)


class Sum(GradientCombining):
    """The gradient of the total loss."""

    def direction(self, step, gradients):
        return gradients.matrix.sum(0)


def test_a_representation_is_what_leaves_a_group():
    assert networks(tree()) == {
        ("trunk",): {"trunk"},
        ("middle",): {"middle"},
        ("a",): {"a"},
        ("b",): {"b"},
        ("c",): {"c"},
    }
    # one of two readers of n0 samples; n2 and a loss read n3; the loss of classes reads logits
    assert networks(figure_2()) == {("n0",): {"n0"}, ("n1", "n3"): {"n3"}, ("n2",): {"n2.logits"}, ("n4",): {"n4"}}


def test_two_networks_of_a_group_leave_it_where_others_read_them():
    twice = branches(
        {"first": 3, "second": 2, "a": 1, "b": 1},
        [("i0", "first"), ("first", "second"), ("first", "a"), ("second", "a"), ("second", "b")],
    )
    assert networks(twice) == {("first", "second"): {"first", "second"}, ("a",): {"a"}, ("b",): {"b"}}


@pytest.mark.parametrize("seed", range(8))
def test_all_paths_of_a_loss_lead_once_through_the_representations(seed):
    """The sum of the gradients by the representations is taken back to the gradient of the total loss."""
    module = compile(Builder(seed).graph(), seed=seed)
    generator = torch.Generator().manual_seed(seed)
    plan = module.plan
    x = {name: torch.randn(12, size, generator=generator) for name, size in plan.inputs.items()}
    noise = {name: torch.randn(12, size, generator=generator) for name, size in plan.noise.items()}
    backward = RepresentationGradients(module, loss_reach(plan), Sum())

    def terms(values, *_):
        """A loss for each term, without the data: the mean square of what it judges."""
        return torch.stack([sum((values[buffer] ** 2).mean() for buffer in term.buffers) for term in plan.terms])

    module.terms_of = terms
    found = backward.terms(x, {}, noise)
    backward(LossStep(found, module.betas, lambda: torch.ones(len(found), dtype=torch.bool)))
    whole = terms(module.run(x, plan.judged, "train", noise))
    expected = torch.autograd.grad(whole @ module.betas, list(module.parameters()), allow_unused=True)
    assert torch.equal(found, whole)
    for parameter, gradient in zip(module.parameters(), expected, strict=True):
        if gradient is None:
            assert parameter.grad is None
        else:
            torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_it_is_min_norm_where_the_jacobian_of_each_group_is_a_scaled_isometry(scale):
    """Linear networks; with the input 1 of the bias, the examples of both shared groups are orthogonal vectors."""
    module = compile(tree(inputs=7, width=7), seed=1).double()
    x, truths = data(module, 8)
    x["i0"] = torch.as_tensor(hadamard(8)[:, 1:]).double()
    truths["ob"] *= scale
    trunk = module.layers["trunk-0"]
    with torch.no_grad():
        trunk.weight.copy_(torch.linalg.qr(trunk.weight)[0])
    expected = by_parameters(module, x, truths)
    found = by_representations(module, x, truths)
    assert len(found) == 5
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-8, abs=1e-8 * np.abs(other).max())
    uniform = by_representations(module, x, truths, Sum())
    assert not np.allclose(found[0], uniform[0])


def test_elsewhere_its_length_is_between_that_of_min_norm_and_its_bounds():
    longer = 0
    for seed in range(20):
        module = compile(tree(), seed=seed).double()
        x, truths = data(
            module, 5, seed
        )  # five examples of five numbers and the 1 of the bias: the Jacobian has full rank
        shortest, found = by_parameters(module, x, truths)[0], by_representations(module, x, truths)[0]
        trunk = x["i0"] @ module.layers["trunk-0"].weight.T + module.layers["trunk-0"].bias
        z = trunk.detach().requires_grad_()
        own = {name: module.layers[f"{name}-0"] for name in ("middle", "a", "b", "c")}
        predictions = own["a"](z), own["b"](own["middle"](z)), own["c"](own["middle"](z))
        losses = [((p - truths[f"o{name}"]) ** 2).mean() for name, p in zip("abc", predictions, strict=True)]
        rows = np.stack([torch.autograd.grad(one, z, retain_graph=True)[0].flatten().numpy() for one in losses])
        k = by_quadratic_program(rows)
        singular = np.linalg.svd(np.hstack([x["i0"].numpy(), np.ones((5, 1))]), compute_uv=False)
        least, length = np.linalg.norm(shortest), np.linalg.norm(found)
        bound = singular.max() * np.linalg.norm(k @ rows)
        by_hand = np.tensordot(k @ rows, jacobian(x["i0"].numpy(), 4), 1)
        assert found == pytest.approx(by_hand, rel=1e-5, abs=1e-6 * np.abs(by_hand).max())
        assert least * (1 - 1e-9) <= length <= bound * (1 + 1e-6)
        assert bound <= singular.max() / singular.min() * least * (1 + 1e-6)
        longer += length > 1.01 * least
    assert longer > 10


def jacobian(x, width):
    """∂Z/∂θ of a linear network, (batch · width, parameters): its weights, then its biases."""
    eye = np.eye(width)
    by_weights = np.einsum("bi,oq->boqi", x, eye).reshape(len(x) * width, -1)
    return np.hstack([by_weights, np.tile(eye, (len(x), 1))])


def test_a_buffer_that_is_also_read_inside_its_group_counts_by_the_paths_that_leave_there():
    """first → second in one group; both lead to a, and second to b."""
    graph = branches(
        {"first": 3, "second": 2, "a": 1, "b": 1},
        [("i0", "first"), ("first", "second"), ("first", "a"), ("second", "a"), ("second", "b")],
    )
    module = compile(graph, seed=3).double()
    x, truths = data(module, 6)
    own = {name: module.layers[f"{name}-0"] for name in ("first", "second", "a", "b")}
    first = own["first"](x["i0"])
    second = own["second"](first)
    leaving = [one.detach().requires_grad_() for one in (first, second)]
    predictions = {"oa": own["a"](torch.cat(leaving, 1)), "ob": own["b"](leaving[1])}
    losses = [((predictions[name] - truths[name]) ** 2).mean() for name in predictions]
    rows = np.stack(
        [
            torch.cat([g.flatten() for g in torch.autograd.grad(one, leaving, materialize_grads=True)]).numpy()
            for one in losses
        ]
    )
    back = torch.as_tensor(by_quadratic_program(rows) @ rows).split([18, 12])
    shaped = [part.reshape(one.shape) for part, one in zip(back, leaving, strict=True)]
    parameters = [part for name in ("first", "second") for part in (own[name].weight, own[name].bias)]
    expected = torch.cat([g.flatten() for g in torch.autograd.grad([first, second], parameters, shaped)]).numpy()
    assert by_representations(module, x, truths)[0] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_loss_without_a_label_is_absent_from_every_group():
    module = compile(tree(), seed=2).double()
    x, truths = data(module, 6)
    alone = by_representations(module, x, truths, present=[True, False, False])
    expected = by_representations(module, x, truths, Sum(), present=[True, False, False])
    assert alone[0] == pytest.approx(expected[0])  # one task: its own gradient
    assert [one is None for one in alone] == [False, True, False, True, True]
    two = by_representations(module, x, truths, present=[True, True, False])
    three = by_representations(module, x, truths)
    assert two[1] == pytest.approx(by_representations(module, x, truths, Sum(), present=[True, True, False])[1])
    assert not np.allclose(two[0], three[0])


def test_a_batch_without_labels_of_an_output_trains_the_others():
    module = compile(figure_2(), seed=0)
    before = {name: parameter.clone() for name, parameter in module.named_parameters()}
    x, y = figure_2_rows(24)
    made = fit(
        module, x, y, weights={"o0": torch.zeros(24)}, steps=3, batch=8, balance=Balance(method="mgda-ub")
    )  # fmt: skip
    assert made.failure is None
    moved = {name.split(".")[1].split("-")[0] for name, now in module.named_parameters() if (now != before[name]).any()}
    assert moved == {"n0", "n1", "n2", "n3"}


def test_it_is_trained_by_torch_only():
    with pytest.raises(SettingError, match="native executor cannot train this: the balancing method 'mgda-ub'"):
        fit(
            compile(figure_2(), seed=0),
            *figure_2_rows(8),
            steps=1,
            executor="native",
            balance=Balance(method="mgda-ub"),
        )
