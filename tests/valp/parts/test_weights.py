"""Weights and masks: values without weight do not count, and the loss is the mean over the rest."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.valp.graphs import figure_2
from tests.valp.parts.test_losses import CASES, PREDICTION, judged, prediction_of, truth_of
from tests.valp.rows import noise_of, rows_of
from valp.compile.compile import compile
from valp.graph.graph import DataType
from valp.parts.losses import LOSSES
from valp.train.critic import critics_of
from valp.train.fit import fit

ROWS, SIZE = PREDICTION.shape
each_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
masks = st.lists(st.booleans(), min_size=ROWS, max_size=ROWS).filter(any).map(torch.tensor)
grids = st.lists(st.booleans(), min_size=ROWS * SIZE, max_size=ROWS * SIZE).filter(any).map(torch.tensor)
numbers = st.lists(st.floats(0.1, 10), min_size=ROWS, max_size=ROWS).map(torch.tensor)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)


@each_loss
@given(mask=masks)
def test_rows_of_weight_0_do_not_count(loss, mask):
    prediction, truth = prediction_of(loss), truth_of(loss)
    rest = loss(prediction[mask], truth[mask])
    close(loss(prediction, truth, mask.double()), rest)
    close(loss(prediction, truth, mask.double()[:, None].expand(ROWS, SIZE)), rest)


@each_loss
@given(mask=grids)
def test_variables_of_weight_0_do_not_count(loss, mask):
    prediction, truth, mask = prediction_of(loss), truth_of(loss), mask.reshape(ROWS, SIZE)
    each = loss.each(prediction, truth)
    value = loss(prediction, truth, mask.double())
    kept = each[mask] if each.ndim == 2 else each[mask.all(1)]  # a loss of rows takes the rows that are whole
    close(value, kept.mean() if len(kept) else torch.zeros((), dtype=torch.float64))


@each_loss
@given(weights=numbers, factor=st.floats(0.01, 100))
def test_a_weighted_loss_is_a_weighted_mean(loss, weights, factor):
    prediction, truth = prediction_of(loss), truth_of(loss)
    weights = weights.double()
    rows = torch.stack([loss(prediction[i : i + 1], truth[i : i + 1]) for i in range(ROWS)])
    expected = (rows * weights).sum() / weights.sum()
    close(loss(prediction, truth, weights), expected)
    close(loss(prediction, truth, weights * factor), expected)
    close(loss(prediction, truth, torch.full((ROWS,), factor).double()), loss(prediction, truth))


@each_loss
@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, SIZE)])
def test_a_loss_without_any_weight_is_0_with_gradients_of_0(loss, shape):
    prediction = prediction_of(loss).clone().requires_grad_()
    value = loss(prediction, truth_of(loss), torch.zeros(shape, dtype=torch.float64))
    assert value.item() == 0.0
    (gradient,) = torch.autograd.grad(value, prediction)
    assert not gradient.any()


@pytest.mark.parametrize("graph", CASES)
def test_the_loss_of_a_masked_batch_is_that_of_the_rest(graph):
    module = compile(graph, seed=0).double()
    inputs, truths = rows_of(graph, ROWS, dtype=torch.float64)
    mask = torch.tensor([True, False, True, True, False, True])

    def losses(rows, weights):
        critics = {name: lambda samples, _, __: samples.sum(1) for name in module.loss_names}
        taken = [{name: tensor[rows] for name, tensor in part.items()} for part in (inputs, truths)]
        total, _ = module.losses(*taken, weights=weights, critics=critics)
        return total, torch.autograd.grad(total, list(module.parameters()))

    total, gradients = losses(slice(None), {"o": mask.double()})
    expected, others = losses(mask, None)
    close(total, expected)
    for one, other in zip(gradients, others, strict=True):
        close(one, other)


@pytest.mark.parametrize("graph", CASES)
def test_a_model_without_any_label_has_no_loss_and_no_gradient(graph):
    module = compile(graph, seed=0)
    inputs, truths = rows_of(graph, ROWS)
    total, _ = module.losses(inputs, truths, weights={"o": torch.zeros(ROWS)}, critics=critics_of(module, 0))
    total.backward()
    assert total.item() == 0.0
    assert not any(parameter.grad.any() for parameter in module.parameters())


def test_weights_belong_to_their_output():
    module = compile(figure_2(), seed=0)
    inputs, truths = rows_of(figure_2(), ROWS)
    noise = noise_of(module, ROWS)
    _, whole = module.losses(inputs, truths, noise)
    _, masked = module.losses(inputs, truths, noise, {"o1": torch.tensor([1.0, 0, 0, 0, 0, 0])})
    assert [bool(same) for same in whole == masked] == [name != "mse:n3:o1" for name in module.loss_names]


@pytest.mark.parametrize("wide", [False, True])
def test_training_ignores_labels_without_weight(wide):
    graph = judged(LOSSES["mse"], DataType.NUMERIC)
    inputs, truths = rows_of(graph, 40)
    mask = torch.arange(40) % 2 == 0
    weights = mask.float()[:, None].expand(40, SIZE) if wide else mask.float()
    spoilt = {"o": torch.where(mask[:, None], truths["o"], 1e6)}
    states = []
    for given_truths in (truths, spoilt):
        module = compile(graph, seed=0)
        made = fit(module, inputs, given_truths, weights={"o": weights}, steps=30, batch=7, seed=1)
        assert made.failure is None
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_training_continues_if_a_batch_has_no_label():
    graph = judged(LOSSES["cross_entropy"], DataType.DISCRETE)
    inputs, truths = rows_of(graph, 20)
    made = fit(compile(graph, seed=0), inputs, truths, weights={"o": torch.arange(20) == 3}, steps=40, batch=2)
    assert made.failure is None
