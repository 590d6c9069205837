"""What every loss must do, and the formula of each."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.valp.graphs import discrete, numeric, unit, wired, with_part
from tests.valp.rows import assert_gradients_are_right, rows_of
from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
)
from valp.parts.losses import KL, LOSSES, LossKind, divergence
from valp.plan.plan import MODES
from valp.train.critic import critics_of

BATCH, SIZE = 6, 4

# What a loss of each type compares: a prediction, a truth, and the prediction that is the truth itself. Logits of a
# Bernoulli truth strictly between 0 and 1 exist, those of a class are infinite and ±30 comes close.
GENERATOR = torch.Generator().manual_seed(0)
VALUES = torch.rand(BATCH, SIZE, generator=GENERATOR, dtype=torch.float64) * 0.8 + 0.1
CLASSES = torch.randint(SIZE, (BATCH,), generator=GENERATOR)
LABELS = torch.randint(2, (BATCH, SIZE), generator=GENERATOR).double()
PREDICTION = torch.randn(BATCH, SIZE, generator=GENERATOR, dtype=torch.float64)


TRUTHS = {"classes": CLASSES, "labels": LABELS, "values": VALUES}


def truth_of(loss):
    return TRUTHS[loss.truth]


def prediction_of(loss):
    """What a loss reads: of a critic its logits."""
    return PREDICTION[:, 0] if loss.critic else PREDICTION


def best_of(loss):
    if loss.code == "smoothed_cross_entropy":
        return (F.one_hot(CLASSES, SIZE).double() * 0.9 + 0.1 / SIZE).log()
    if loss.critic:
        return torch.full((BATCH,), 30.0, dtype=torch.float64)
    if loss.truth == "classes":
        return F.one_hot(CLASSES, SIZE).double() * 60 - 30
    if loss.truth == "labels":
        return LABELS * 60 - 30
    return VALUES.logit() if loss.reads == "logits" else VALUES.clone()


def judged(loss, type_):
    """A minimal graph whose one output, of a type that a loss takes, is judged by it."""
    made = unit(type_, 2, 4, 4) if type_ is DataType.FEATURES else unit(type_, SIZE)
    given = made if type_ in (DataType.FEATURES, DataType.SAMPLES) else numeric(5)
    kind = {DataType.DISCRETE: "delta", DataType.FEATURES: "c"}.get(type_, "g")
    hidden = Convolution(channels=2, activation="tanh") if kind == "c" else Dense(units=8, activation="tanh")
    return Graph(
        inputs=(Input(name="i", unit=given),),
        networks=(PrimaryNetwork(name="n", kind=kind, layers=(hidden,), output=made),),
        outputs=(Output(name="o", unit=made),),
        connections=(Connection(source="i", target="n"), Connection(source="n", target="o")),
        losses=(Loss(kind=loss.code, prediction="o", truth="o"),),
    )


CASES = [
    pytest.param(judged(loss, type_), id=f"{code}-{type_}")
    for code, loss in LOSSES.items()
    for type_ in sorted(loss.takes)
]
each_case = pytest.mark.parametrize("graph", CASES)


@pytest.fixture(params=LOSSES.values(), ids=LOSSES.keys())
def loss(request):
    return request.param


def test_a_loss_describes_itself(loss):
    assert isinstance(loss, LossKind)
    assert LOSSES[loss.code] is loss
    assert loss.code != KL
    assert loss.title
    assert loss.takes
    assert loss.reads in ("values", "logits")
    assert loss.truth in TRUTHS
    assert (loss.truth == "values") == (DataType.DISCRETE not in loss.takes)


def test_a_loss_is_a_finite_scalar(loss):
    value = loss(prediction_of(loss), truth_of(loss))
    assert value.shape == ()
    assert value.isfinite()


def test_a_loss_has_a_value_for_each_row_or_variable(loss):
    each = loss.each(prediction_of(loss), truth_of(loss))
    assert each.shape in {(BATCH,), (BATCH, SIZE)}
    torch.testing.assert_close(each.mean(), loss(prediction_of(loss), truth_of(loss)))


def test_a_loss_is_a_mean_over_the_batch(loss):
    prediction, truth = prediction_of(loss), truth_of(loss)
    value = loss(prediction, truth)
    torch.testing.assert_close(loss(torch.cat([prediction, prediction]), torch.cat([truth, truth])), value)
    parts = [loss(prediction[i : i + 1], truth[i : i + 1]) for i in range(BATCH)]
    torch.testing.assert_close(torch.stack(parts).mean(), value)


def test_a_loss_of_variables_is_a_mean_over_them(loss):
    truth = truth_of(loss)
    if loss.truth == "classes" or loss.critic:
        assert loss.each(prediction_of(loss), truth).shape == (BATCH,)
        return
    twice = loss(torch.cat([PREDICTION, PREDICTION], 1), torch.cat([truth, truth], 1))
    torch.testing.assert_close(twice, loss(PREDICTION, truth))


def test_the_gradient_of_a_loss_is_right(loss):
    truth = truth_of(loss)
    assert torch.autograd.gradcheck(lambda p: loss(p, truth), prediction_of(loss).clone().requires_grad_())


def test_a_loss_is_smallest_at_the_truth(loss):
    truth = truth_of(loss)
    best = best_of(loss).requires_grad_()
    value = loss(best, truth)
    (gradient,) = torch.autograd.grad(value, best)
    assert gradient.abs().max() < 1e-10
    generator = torch.Generator().manual_seed(1)
    for scale in (0.01, 1.0, 10.0):
        moved = best.detach() + scale * torch.randn(best.shape, generator=generator, dtype=torch.float64)
        assert loss(moved, truth) >= value - 1e-10  # infinite logits would be the minimum


def test_the_huber_loss_is_squared_near_the_truth_and_linear_far_from_it():
    errors = torch.tensor([[0.5, -1.0], [3.0, -4.0]], dtype=torch.float64)
    expected = torch.tensor([0.125, 0.5, 2.5, 3.5], dtype=torch.float64).mean()
    torch.testing.assert_close(LOSSES["huber"](errors, torch.zeros_like(errors)), expected)


def test_the_smoothed_cross_entropy_gives_a_tenth_of_the_label_to_all_classes():
    target = F.one_hot(CLASSES, SIZE).double() * 0.9 + 0.1 / SIZE
    expected = -(target * PREDICTION.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(LOSSES["smoothed_cross_entropy"](PREDICTION, CLASSES), expected)


def test_the_focal_loss_weights_the_cross_entropy_by_the_squared_error_of_the_probability():
    p = PREDICTION.softmax(1)[torch.arange(BATCH), CLASSES]
    torch.testing.assert_close(LOSSES["focal"](PREDICTION, CLASSES), (-((1 - p) ** 2) * p.log()).mean())


@each_case
def test_a_loss_is_accepted_for_the_types_that_it_takes(graph):
    assert check(graph).passed
    again = Graph.model_validate_json(graph.model_dump_json())
    assert again == graph
    module = compile(graph, seed=0)
    inputs, _ = rows_of(graph, BATCH)
    for mode in MODES:
        assert module(inputs, mode)["o"].shape == (BATCH, graph.outputs[0].unit.size)


@each_case
def test_the_gradient_of_a_loss_through_a_graph_is_right(graph):
    module = compile(graph, seed=0).double()
    critic = nn.Sequential(nn.Linear(graph.outputs[0].unit.size, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    critics = dict.fromkeys(module.loss_names, lambda samples, _, __: critic(samples)[:, 0])
    assert_gradients_are_right(module, *rows_of(graph, BATCH, dtype=torch.float64), critics)


@each_case
def test_a_model_learns_by_each_loss(graph):
    module = compile(graph, seed=0)
    inputs, truths = rows_of(graph, BATCH)
    critics = critics_of(module, 0)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    history = []
    for _ in range(60):
        total, _ = module.losses(inputs, truths, critics=critics)
        optimizer.zero_grad()
        total.backward()
        assert all(parameter.grad.any() for parameter in module.parameters())
        optimizer.step()
        history.append(total.item())
    assert all(map(math.isfinite, history))
    if not critics:
        assert history[-1] < history[0]


def test_types_that_a_loss_does_not_take_are_refused(loss):
    for type_ in sorted(set(DataType) - loss.takes):
        other = next(x for x in LOSSES.values() if type_ in x.takes)
        graph = with_part(judged(other, type_), "losses", 0, kind=loss.code)
        assert ("loss-type", "o") in {(violation.code, violation.component) for violation in check(graph).violations}


def test_labels_are_normalised_by_sigmoids_and_classes_by_a_softmax():
    x = torch.randn(BATCH, 6)
    for codes, normalised in ((["cross_entropy", "focal"], "softmax"), (["binary_cross_entropy"], "sigmoid")):
        networks = [("a", "delta", discrete(SIZE), "concatenation"), ("b", "delta", discrete(SIZE), "concatenation")]
        ends = [("i0", "a"), ("i0", "b"), ("a", "o"), ("b", "o")]
        module = compile(wired(networks, ends, [("o", discrete(SIZE))], [(code, "o", "o") for code in codes]), seed=0)
        logits = module.layers["a-0"](x) + module.layers["b-0"](x)
        expected = logits.softmax(1) if normalised == "softmax" else logits.sigmoid()
        torch.testing.assert_close(module({"i0": x}, "predict")["o"], expected)


def test_several_losses_judge_one_output():
    graph = judged(LOSSES["mse"], DataType.SAMPLES)
    losses = tuple(
        Loss(kind=code, prediction="o", truth="o", beta=beta) for code, beta in (("mse", 2.0), ("huber", 0.5))
    )
    module = compile(graph.model_copy(update={"losses": losses}), seed=0)
    total, terms = module.losses(*rows_of(graph, BATCH))
    assert module.loss_names == ("mse:o", "huber:o")
    torch.testing.assert_close(total, 2 * terms[0] + 0.5 * terms[1])


def test_each_term_has_its_own_name_even_if_a_network_has_the_name_of_a_loss():
    graph = wired(
        [("mse", "g", numeric(2), "concatenation")],
        [("i0", "mse"), ("mse", "o")],
        [("o", numeric(2))],
        [("mse", "mse", "o"), ("mse", "o", "o")],
    )
    assert compile(graph).loss_names == ("mse:mse:o", "mse:o")


def test_losses_that_need_different_truths_are_refused():
    graph = judged(LOSSES["cross_entropy"], DataType.DISCRETE)
    both = (*graph.losses, Loss(kind="binary_cross_entropy", prediction="o", truth="o"))
    report = check(graph.model_copy(update={"losses": both}))
    assert [(v.code, v.component, v.found) for v in report.violations] == [("loss-truths", "o", "classes and labels")]


def test_the_mean_squared_error_is_that_of_torch():
    assert LOSSES["mse"](PREDICTION, VALUES).item() == pytest.approx(F.mse_loss(PREDICTION, VALUES).item())


def test_the_cross_entropy_is_the_mean_negative_log_likelihood_of_the_class():
    expected = -torch.distributions.Categorical(logits=PREDICTION).log_prob(CLASSES).mean()
    torch.testing.assert_close(LOSSES["cross_entropy"](PREDICTION, CLASSES), expected)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_the_classes():
    value = LOSSES["cross_entropy"](torch.zeros(BATCH, 10), CLASSES)
    assert value.item() == pytest.approx(math.log(10))


def test_the_gaussian_loss_is_the_mean_negative_log_likelihood_of_unit_variance():
    expected = -torch.distributions.Normal(PREDICTION, 1.0).log_prob(VALUES).mean()
    torch.testing.assert_close(LOSSES["gaussian"](PREDICTION, VALUES), expected)


def test_the_bernoulli_loss_is_the_mean_negative_log_likelihood():
    expected = -torch.distributions.Bernoulli(logits=PREDICTION, validate_args=False).log_prob(VALUES).mean()
    torch.testing.assert_close(LOSSES["bernoulli"](PREDICTION, VALUES), expected)


def test_the_binary_cross_entropy_is_the_mean_negative_log_likelihood_of_the_labels():
    expected = -torch.distributions.Bernoulli(logits=PREDICTION).log_prob(LABELS).mean()
    torch.testing.assert_close(LOSSES["binary_cross_entropy"](PREDICTION, LABELS), expected)


def test_the_adversarial_loss_is_small_if_the_critic_takes_samples_for_data():
    logits = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    expected = -torch.log(torch.sigmoid(logits)).mean()
    torch.testing.assert_close(LOSSES["adversarial"](logits, VALUES[:3]), expected)


def test_bernoulli_likelihood_of_extreme_logits_is_finite():
    logits = torch.tensor([[-1e4, 1e4]])
    assert LOSSES["bernoulli"](logits, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(1e4)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_divergence_is_the_kl_divergence_from_the_standard_normal(size):
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
