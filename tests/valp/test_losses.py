"""What every loss must do, and what each one is."""

import math

import pytest
import torch
from torch.nn import functional as F

from tests.valp.graphs import numeric, unit, wired
from valp.check import check
from valp.graph import DataType
from valp.losses import KL, LOSSES, LossKind, divergence

BATCH, SIZE = 6, 4

# What a loss of each type compares: a prediction, a truth, and the prediction that is the truth itself. Logits of a
# Bernoulli truth strictly between 0 and 1 exist, those of a class are infinite and ±30 comes close.
GENERATOR = torch.Generator().manual_seed(0)
VALUES = torch.rand(BATCH, SIZE, generator=GENERATOR, dtype=torch.float64) * 0.8 + 0.1
CLASSES = torch.randint(SIZE, (BATCH,), generator=GENERATOR)
PREDICTION = torch.randn(BATCH, SIZE, generator=GENERATOR, dtype=torch.float64)


def truth_of(loss):
    return CLASSES if DataType.DISCRETE in loss.takes else VALUES


def best_of(loss):
    if loss.code == "smoothed_cross_entropy":
        return (F.one_hot(CLASSES, SIZE).double() * 0.9 + 0.1 / SIZE).log()
    if DataType.DISCRETE in loss.takes:
        return F.one_hot(CLASSES, SIZE).double() * 60 - 30
    return VALUES.logit() if loss.reads == "logits" else VALUES.clone()


@pytest.fixture(params=LOSSES.values(), ids=LOSSES.keys())
def loss(request):
    return request.param


def test_a_loss_says_what_it_is(loss):
    assert isinstance(loss, LossKind)
    assert LOSSES[loss.code] is loss
    assert loss.code != KL
    assert loss.title
    assert loss.takes
    assert loss.reads in ("values", "logits")


def test_a_loss_is_a_finite_scalar(loss):
    value = loss(PREDICTION, truth_of(loss))
    assert value.shape == ()
    assert value.isfinite()


def test_a_loss_is_a_mean_over_the_batch(loss):
    truth = truth_of(loss)
    value = loss(PREDICTION, truth)
    torch.testing.assert_close(loss(torch.cat([PREDICTION, PREDICTION]), torch.cat([truth, truth])), value)
    parts = [loss(PREDICTION[i : i + 1], truth[i : i + 1]) for i in range(BATCH)]
    torch.testing.assert_close(torch.stack(parts).mean(), value)


def test_a_loss_of_variables_is_a_mean_over_them(loss):
    if DataType.DISCRETE in loss.takes:
        pytest.skip("classes are one variable")
    twice = loss(torch.cat([PREDICTION, PREDICTION], 1), torch.cat([VALUES, VALUES], 1))
    torch.testing.assert_close(twice, loss(PREDICTION, VALUES))


def test_the_gradient_of_a_loss_is_right(loss):
    truth = truth_of(loss)
    assert torch.autograd.gradcheck(lambda p: loss(p, truth), PREDICTION.clone().requires_grad_())


def test_a_loss_is_smallest_at_the_truth(loss):
    truth = truth_of(loss)
    best = best_of(loss).requires_grad_()
    value = loss(best, truth)
    (gradient,) = torch.autograd.grad(value, best)
    assert gradient.abs().max() < 1e-10
    generator = torch.Generator().manual_seed(1)
    for scale in (0.01, 1.0, 10.0):
        moved = best.detach() + scale * torch.randn(BATCH, SIZE, generator=generator, dtype=torch.float64)
        assert loss(moved, truth) >= value


def test_the_huber_loss_is_squared_near_the_truth_and_linear_far_from_it():
    errors = torch.tensor([[0.5, -1.0], [3.0, -4.0]], dtype=torch.float64)
    expected = torch.tensor([0.125, 0.5, 2.5, 3.5], dtype=torch.float64).mean()
    torch.testing.assert_close(LOSSES["huber"](errors, torch.zeros_like(errors)), expected)


def test_the_smoothed_cross_entropy_gives_a_tenth_of_the_label_to_all_classes():
    target = F.one_hot(CLASSES, SIZE).double() * 0.9 + 0.1 / SIZE
    expected = -(target * PREDICTION.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(LOSSES["smoothed_cross_entropy"](PREDICTION, CLASSES), expected)


def test_the_focal_loss_weighs_the_cross_entropy_by_the_square_of_what_is_missing():
    p = PREDICTION.softmax(1)[torch.arange(BATCH), CLASSES]
    torch.testing.assert_close(LOSSES["focal"](PREDICTION, CLASSES), (-((1 - p) ** 2) * p.log()).mean())


def test_a_graph_may_judge_what_a_loss_takes(loss):
    for type_ in sorted(loss.takes):
        kind = {DataType.DISCRETE: "delta", DataType.NUMERIC: "g"}.get(type_)
        if kind is not None:
            networks = [("a", kind, unit(type_, SIZE), "concatenation")]
            graph = wired(networks, [("i0", "a"), ("a", "o0")], [("o0", unit(type_, SIZE))], [(loss.code, "o0", "o0")])
            assert check(graph).passed
    refused = sorted(set(DataType) - loss.takes)
    graph = wired(
        [("a", "g", numeric(SIZE), "concatenation")],
        [("i0", "a"), ("a", "o0")],
        [("o0", unit(refused[0], SIZE))],
        [(loss.code, "o0", "o0")],
    )
    assert "loss-type" in {violation.code for violation in check(graph).violations}


def test_mean_squared_error():
    assert LOSSES["mse"](PREDICTION, VALUES).item() == pytest.approx(F.mse_loss(PREDICTION, VALUES).item())


def test_cross_entropy():
    expected = -torch.distributions.Categorical(logits=PREDICTION).log_prob(CLASSES).mean()
    torch.testing.assert_close(LOSSES["cross_entropy"](PREDICTION, CLASSES), expected)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_the_classes():
    value = LOSSES["cross_entropy"](torch.zeros(BATCH, 10), CLASSES)
    assert value.item() == pytest.approx(math.log(10))


def test_gaussian_likelihood():
    expected = -torch.distributions.Normal(PREDICTION, 1.0).log_prob(VALUES).mean()
    torch.testing.assert_close(LOSSES["gaussian"](PREDICTION, VALUES), expected)


def test_bernoulli_likelihood():
    expected = -torch.distributions.Bernoulli(logits=PREDICTION, validate_args=False).log_prob(VALUES).mean()
    torch.testing.assert_close(LOSSES["bernoulli"](PREDICTION, VALUES), expected)


def test_bernoulli_likelihood_of_extreme_logits_is_finite():
    logits = torch.tensor([[-1e4, 1e4]])
    assert LOSSES["bernoulli"](logits, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(1e4)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_divergence(size):
    latent = torch.randn(BATCH, 2 * size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    normal = torch.distributions.Normal(latent[:, :size], (latent[:, size:] / 2).exp())
    standard = torch.distributions.Normal(torch.zeros(()).double(), torch.ones(()).double())
    expected = torch.distributions.kl_divergence(normal, standard).sum(1).mean()
    torch.testing.assert_close(divergence(latent, size), expected)


def test_divergence_is_zero_at_the_standard_normal_and_leaves_out_an_odd_last_variable():
    latent = torch.zeros(BATCH, 7)
    latent[:, 6] = 5.0
    assert divergence(latent, 3).item() == 0.0


def test_divergence_has_the_right_gradient():
    latent = torch.randn(BATCH, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: divergence(value, 3), latent)
