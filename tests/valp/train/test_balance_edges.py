"""Where a balancing method could go wrong in silence: constants of losses, missing labels, seeds, and no effect."""

import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows, replaced
from valp.compile.compile import compile, lower
from valp.errors import SettingError
from valp.graph.graph import Loss
from valp.parts.losses import LOSSES
from valp.spaces.catalogue import catalogue_graph
from valp.train.balance import BALANCERS, Balance, completed, read_balance
from valp.train.balance.balancer import LossStep
from valp.train.balance.loss_reach import LossReach, loss_reach
from valp.train.fit import fit
from valp.train.present_labels import PresentLabels

CPU = torch.device("cpu")
FLOOR = LOSSES["gaussian"].floor


def begun(method, reach, **settings):
    row = BALANCERS[method]
    return row.begin(reach, row.completed(settings), CPU)


def two_tasks(floors=(), seed=0):
    return LossReach(("a", "b"), (1.0, 1.0), (False, False), (), floors, seed)


def step(*losses):
    return LossStep(torch.tensor(losses), torch.ones(len(losses)), lambda: torch.ones(len(losses), dtype=torch.bool))


def test_the_floor_is_the_loss_of_a_perfect_prediction():
    there = torch.rand(7, 3)
    assert LOSSES["gaussian"](there, there).item() == pytest.approx(FLOOR)
    assert loss_reach(lower(figure_2())).floors == (FLOOR, 0.0, 0.0, 0.0)


def test_losses_above_their_floors_are_never_negative_and_others_stay_as_they_are():
    reach = two_tasks((FLOOR, 0.0))
    assert reach.above_floors(torch.tensor([FLOOR + 0.25, -3.0])).tolist() == pytest.approx([0.25, -3.0])
    assert reach.above_floors(torch.tensor([0.0, 0.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("method", ["dwa", "uncertainty", "stch", "famo", "gls"])
def test_a_likelihood_counts_by_what_can_still_be_learned(method):
    """Two tasks fall alike; the one is a likelihood with a constant. Both get the same weights."""
    settings = {"period": 1} if method == "dwa" else {}
    if method not in ("dwa", "uncertainty"):
        pytest.importorskip("torchjd")
    state = begun(method, two_tasks((FLOOR, 0.0)), **settings)
    for value in (1.0, 0.5, 0.1, 0.02):
        first, second = state.weights(step(FLOOR + value, value), 1e-3).tolist()
        assert first == pytest.approx(second, rel=1e-4)
    plain = begun(method, two_tasks(), **settings)
    for value in (1.0, 0.5, 0.1, 0.02):
        first, second = plain.weights(step(FLOOR + value, value), 1e-3).tolist()
    assert abs(first / second - 1) > 1e-3  # without the floor they would differ


def test_a_loss_of_rows_has_no_label_in_a_batch_whose_rows_all_lack_one():
    losses = (*figure_2().losses, Loss(kind="adversarial", prediction="n4", truth="o0"))
    graph = replaced(figure_2(), losses=losses)
    plan = lower(graph)
    size = graph.outputs[0].unit.size
    weights = torch.ones(4, size)
    weights[:3, 0] = 0  # one variable of each of these rows is missing
    present = PresentLabels(plan, {"o0": weights})
    kinds = [term.kind for term in plan.losses]
    found = dict(zip(kinds, present(torch.tensor([0, 1, 2])).tolist(), strict=False))
    assert found["gaussian"]
    assert not found["adversarial"]
    assert dict(zip(kinds, present(torch.tensor([2, 3])).tolist(), strict=False))["adversarial"]


def test_random_weights_differ_between_seeds_and_repeat_with_a_seed():
    pytest.importorskip("torchjd")
    first, again, other = (
        [begun("rlw", two_tasks(seed=seed)).weights(step(1.0, 1.0), 1e-3).tolist() for _ in range(3)]
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first[0] != other[0]


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_both_executors_give_a_method_the_seed_of_the_training(executor):
    pytest.importorskip("torchjd")
    curves = [
        fit(
            compile(figure_2(), seed=0), *figure_2_rows(24), steps=5, batch=24, seed=seed, executor=executor,
            balance=Balance(method="rlw"),
        ).curves
        for seed in (0, 0, 1)
    ]  # fmt: skip
    assert curves[0] == curves[1]
    assert curves[0] != curves[2]


@pytest.mark.parametrize("text", ["dwa:period=1" + "0" * 400, "nash-mtl:every=1" + "0" * 400, "gradnorm:rate=1e308"])
def test_a_huge_number_is_refused_in_one_short_sentence(text):
    with pytest.raises(SettingError, match=r"must be a (whole )?number in \[") as caught:
        BALANCERS[text.partition(":")[0]].setting(text.partition(":")[2].partition("=")[0]).require(
            "x", read_balance(text.replace("nash-mtl:every", "dwa:period")).settings.popitem()[1]
        )
    assert len(str(caught.value)) < 150


def remark_of(graph, data, method, steps, **settings):
    return fit(
        compile(graph, seed=0), *data, steps=steps, batch=8, balance=Balance(method=method, settings=settings)
    ).remark


def test_a_training_says_if_its_method_could_change_nothing(digits_problem):
    data = figure_2_rows(24)
    assert remark_of(figure_2(), data, "dwa", 6, period=3) == (
        "dwa trains as fixed does: 6 steps are no more than two periods of 3"
    )
    assert remark_of(figure_2(), data, "dwa", 7, period=3) is None
    assert remark_of(figure_2(), data, "min-norm", 2) is None
    alone = catalogue_graph("vae", digits_problem)
    train = digits_problem.train.inputs, digits_problem.train.truths
    for method in ("min-norm", "central", "tensioner", "gradnorm", "mgda-ub"):
        assert remark_of(alone, train, method, 1) == f"{method} trains as fixed does: no two tasks share a parameter"
    assert remark_of(alone, train, "fixed", 1) is None
    assert completed(Balance(method="dwa")).settings["period"] == 100
