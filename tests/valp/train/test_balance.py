"""Balancing methods: their inputs, what they do in a step, and how a candidate names them."""

import json
from dataclasses import replace
from math import exp, log, pi

import pytest
import torch

from tests.valp.graphs import discrete, figure_2, figure_2_rows, numeric, replaced, wired
from tests.valp.random_graphs import Builder
from valp.compile.compile import compile, lower
from valp.errors import MissingPackageError, SettingError
from valp.plan.plan import Divergence
from valp.spaces.candidate import Candidate, Training
from valp.train.balance import BALANCERS, Balance, completed, read_balance
from valp.train.balance.balancer import Balancer, GradientBalancer, GradientCombining, LossStep, ScheduledBalancer
from valp.train.balance.loss_reach import loss_reach, parameter_groups
from valp.train.balance.method_setting import NumberSetting, WordSetting
from valp.train.balance.torchjd_methods import FromTorchJD
from valp.train.balance.uncertainty import WIDEST
from valp.train.combined_gradients import CombinedGradients, parameters_of
from valp.train.fit import Fitting, fit

ROWS = 24
UNCERTAIN = Balance(method="uncertainty")
METHODS = ", ".join(BALANCERS)


def installed(method):
    """Whether the packages of a method are installed."""
    try:
        return bool(completed(Balance(method=method)))
    except MissingPackageError:
        return False


def or_skipped(methods):
    """The methods as parameters of a test; those whose packages are missing are skipped."""
    missing = "packages of the extra torchjd are missing"
    return [pytest.param(one, marks=pytest.mark.skipif(not installed(one), reason=missing)) for one in methods]


class Mean(GradientBalancer):
    """The mean of the gradients; it records its inputs."""

    code, title = "mean", "the mean of the gradients"

    def begin(self, reach, settings, device):
        self.seen = Seen()
        return self.seen


class Seen(GradientCombining):
    def __init__(self):
        self.groups = []

    def direction(self, step, gradients):
        assert not step.losses.requires_grad
        self.groups.append((gradients.group, gradients.losses))
        return gradients.matrix.mean(0)


@pytest.fixture
def mean(monkeypatch):
    row = Mean()
    monkeypatch.setitem(BALANCERS.rows, row.code, row)
    return row


def groups_of(graph, without=()):
    """The networks of each group, and the names of the losses that reach it; some losses get β = 0 in the plan."""
    plan = lower(graph)
    losses = tuple(replace(term, beta=0.0) if term.kind in without else term for term in plan.losses)
    plan = replace(plan, losses=losses)
    found = parameter_groups(plan)
    return {
        tuple(sorted({layer.split("-")[0] for layer in group.layers})): {plan.terms[i].name for i in group.losses}
        for group in found
    }


def test_networks_are_grouped_by_the_losses_that_reach_them():
    supervised = {"gaussian:n4:o0", "mse:n3:o1", "cross_entropy:n2:o2"}
    assert groups_of(figure_2()) == {
        ("n0",): supervised | {"kl:n0"},
        ("n1", "n3"): {"mse:n3:o1", "cross_entropy:n2:o2"},
        ("n2",): {"cross_entropy:n2:o2"},
        ("n4",): {"gaussian:n4:o0"},
    }


def test_a_loss_without_weight_reaches_nothing_and_a_network_without_a_loss_is_in_no_group():
    assert groups_of(figure_2(), without=("gaussian",)) == {
        ("n0",): {"mse:n3:o1", "cross_entropy:n2:o2", "kl:n0"},
        ("n1", "n3"): {"mse:n3:o1", "cross_entropy:n2:o2"},
        ("n2",): {"cross_entropy:n2:o2"},
    }


def test_two_losses_of_one_network_and_two_networks_into_one_output_share_a_group():
    graph = wired(
        [("a", "g", numeric(2), "concatenation"), ("b", "g", numeric(2), "concatenation")],
        [("i0", "a"), ("i0", "b"), ("a", "o"), ("b", "o")],
        [("o", numeric(2))],
        [("mse", "o", "o"), ("huber", "o", "o"), ("mse", "b", "o")],
    )
    assert groups_of(graph) == {
        ("a",): {"mse:o", "huber:o"},
        ("b",): {"mse:o", "huber:o", "mse:b:o"},
    }


@pytest.mark.parametrize("seed", range(10))
def test_a_loss_moves_just_the_groups_that_it_reaches(seed):
    """Autograd agrees: a loss has a gradient by the parameters of its groups, and by no others."""
    module = compile(Builder(seed).graph(), seed=seed)
    generator = torch.Generator().manual_seed(seed)
    plan = module.plan
    x = {name: torch.randn(ROWS, size, generator=generator) for name, size in plan.inputs.items()}
    values = module.run(x, {op.out for op in plan.operations}, "train", None)
    for number, term in enumerate(plan.terms):
        judged = [b for b, _, _ in term.latents] if isinstance(term, Divergence) else [term.prediction]
        total = sum(values[buffer].sum() for buffer in judged)
        for group in parameter_groups(plan):
            found = torch.autograd.grad(total, parameters_of(module, group), retain_graph=True, allow_unused=True)
            reached = {gradient is not None for gradient in found}
            assert reached == {number in group.losses} if term.beta else number not in group.losses


def two_branches():
    """A linear trunk and two linear heads, each with a loss of its own."""
    graph = wired(
        [(name, "g", numeric(size), "concatenation") for name, size in (("trunk", 3), ("a", 2), ("b", 1))],
        [("i0", "trunk"), ("trunk", "a"), ("trunk", "b"), ("a", "oa"), ("b", "ob")],
        [("oa", numeric(2)), ("ob", numeric(1))],
        [("mse", "oa", "oa"), ("mse", "ob", "ob")],
        inputs=[("i0", 4)],
    )
    losses = (graph.losses[0].model_copy(update={"beta": 3.0}), graph.losses[1].model_copy(update={"beta": 0.5}))
    return compile(replaced(graph, losses=losses), seed=1)


def test_gradients_are_combined_as_in_a_two_branch_network_by_hand(mean):
    module = two_branches()
    assert all(network.weight.ndim == 2 for network in module.layers.values())
    generator = torch.Generator().manual_seed(0)
    x, y, z = (torch.randn(ROWS, size, generator=generator) for size in (4, 2, 1))
    terms = module.terms({"i0": x}, {"oa": y, "ob": z})
    step = LossStep(terms, module.betas, lambda: torch.tensor([True, True]))
    state = mean.begin(loss_reach(module.plan), {}, torch.device("cpu"))
    CombinedGradients(module, loss_reach(module.plan), state)(step)

    trunk, a, b = (module.layers[f"{name}-0"] for name in ("trunk", "a", "b"))
    hidden = x @ trunk.weight.T + trunk.bias
    errors = [
        2 * 3.0 * (hidden @ a.weight.T + a.bias - y) / (ROWS * 2),
        2 * 0.5 * (hidden @ b.weight.T + b.bias - z) / ROWS,
    ]
    for head, error in zip((a, b), errors, strict=True):
        torch.testing.assert_close(head.weight.grad, error.T @ hidden)
        torch.testing.assert_close(head.bias.grad, error.sum(0))
    back = [error @ head.weight for head, error in zip((a, b), errors, strict=True)]
    torch.testing.assert_close(trunk.weight.grad, (back[0].T @ x + back[1].T @ x) / 2)
    torch.testing.assert_close(trunk.bias.grad, (back[0].sum(0) + back[1].sum(0)) / 2)
    assert state.groups == [(0, (0, 1))]


def test_a_loss_without_a_label_in_the_batch_has_no_row_and_moves_nothing(mean):
    module = two_branches()
    x, y, z = torch.randn(ROWS, 4), torch.randn(ROWS, 2), torch.randn(ROWS, 1)
    before = {name: parameter.clone() for name, parameter in module.named_parameters()}
    fit(
        module,
        {"i0": x},
        {"oa": y, "ob": z},
        weights={"ob": torch.zeros(ROWS)},
        steps=3,
        balance=Balance(method="mean"),
    )
    assert mean.seen.groups == []
    moved = {
        name.split(".")[1] for name, parameter in module.named_parameters() if not torch.equal(parameter, before[name])
    }
    assert moved == {"trunk-0", "a-0"}


def test_the_mean_of_the_gradients_trains_every_kind_of_loss(mean):
    module = compile(figure_2(), seed=0)
    made = fit(module, *figure_2_rows(ROWS), steps=120, batch=ROWS, learning_rate=1e-2, balance=Balance(method="mean"))
    assert made.failure is None
    assert made.curves.values[-1][0] < 0.85 * made.curves.values[0][0]
    assert {group for group, _ in mean.seen.groups} == {0, 1}


def test_fixed_beta_is_the_training_that_names_no_method():
    states = []
    for options in ({}, {"balance": Balance()}, {"balance": Balance(method="fixed")}):
        module = compile(figure_2(), seed=0)
        fit(module, *figure_2_rows(ROWS), steps=30, batch=8, executor="torch", **options)
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], state[name]) for state in states for name in states[0])


class Even(ScheduledBalancer):
    code, title = "even", "all weights 1"

    def weights(self, betas, reach, settings):
        return torch.ones_like(betas)


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_both_executors_take_the_weights_of_a_schedule(executor, monkeypatch):
    monkeypatch.setitem(BALANCERS.rows, "even", Even())
    ones = tuple(loss.model_copy(update={"beta": 1.0}) for loss in figure_2().losses)
    states = []
    for graph, method in ((figure_2(), "even"), (replaced(figure_2(), losses=ones), "fixed")):
        module = compile(graph, seed=0)
        fit(module, *figure_2_rows(ROWS), steps=20, batch=8, executor=executor, balance=Balance(method=method))
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


# Uncertainty weighting


def weighing(rate=1.0, graph=None):
    reach = loss_reach(lower(graph or figure_2()))
    return reach, BALANCERS["uncertainty"].begin(reach, {"rate": rate}, torch.device("cpu"))


def at(losses, betas, present=(True,) * 4):
    return LossStep(torch.tensor(losses), torch.tensor(betas), lambda: torch.tensor(present))


def test_the_weights_and_the_steps_of_the_noise_are_those_of_kendall():
    """They are the slopes of Σ L / (2σ²) + log σ, and Adam's first step is its rate against each slope."""
    reach, state = weighing(rate=2.0)
    given = torch.tensor([0.3, -1.0, 0.8, 9.0], requires_grad=True)
    losses = torch.tensor([2.0, 0.5, 1.5, 3.0], requires_grad=True)
    state.log_variances[:] = given.detach()
    weights = state.weights(at(losses.detach().tolist(), [1.0, 1.0, 1.0, 0.25]), 1e-3)
    assert reach.divergent == (False, False, False, True)
    above = losses - torch.tensor([log(2 * pi) / 2, 0.0, 0.0, 0.0])  # the first is a Gaussian likelihood
    total = (above[:3] / (2 * given[:3].exp()) + given[:3] / 2).sum() + 0.25 * losses[3]
    total.backward()
    assert weights.tolist() == pytest.approx(losses.grad.tolist())
    expected = given.detach() - 2e-3 * given.grad.sign()
    assert state.log_variances.tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_the_first_step_is_that_of_fixed_beta():
    reach, state = weighing()
    assert state.weights(at([1.0] * 4, reach.betas), 1e-3).tolist() == pytest.approx(reach.betas)


@pytest.mark.parametrize("scale", [1e-9, 1e8])
def test_the_first_step_is_that_of_fixed_beta_also_where_a_loss_is_in_a_very_small_or_large_unit(scale):
    graph = figure_2()
    first, *others = graph.losses
    reach, state = weighing(
        graph=graph.model_copy(update={"losses": (first.model_copy(update={"beta": scale}), *others)})
    )
    assert scale in reach.betas
    assert state.weights(at([1.0] * 4, reach.betas), 1e-3).tolist() == pytest.approx(reach.betas)


def test_a_loss_that_is_absent_leaves_its_noise_as_it_is_also_after_other_batches():
    _, state = weighing()
    state.weights(at([5.0] * 4, [1.0] * 4), 1e-3)
    before = state.log_variances.tolist()
    state.weights(at([5.0, 5.0, 0.0, 5.0], [1.0] * 4, (True, True, False, True)), 1e-3)
    moved = [one != other for one, other in zip(before, state.log_variances.tolist(), strict=True)]
    assert moved == [True, True, False, False]


def test_a_loss_of_zero_has_a_weight_with_a_bound():
    reach, state = weighing()
    for _ in range(60):
        weights = state.weights(at([0.0, -1.0, 1.0, 1.0], [1.0] * 4), 1.0)
    assert weights.tolist()[:2] == pytest.approx([exp(WIDEST) * beta for beta in reach.betas[:2]])
    assert -1 < state.log_variances[2] < 1  # the loss is 1: log σ² goes to log 1


def test_the_noise_is_learned_with_the_networks_and_faster_with_a_higher_rate():
    data, found = figure_2_rows(ROWS), {}
    for rate in (1.0, 20.0):
        module = compile(figure_2(), seed=0)
        balance = Balance(method="uncertainty", settings={"rate": rate})
        training = Fitting(module, *data, steps=40, batch=8, executor="torch", balance=balance)
        training.advance(40)
        assert training.failure is None
        start = -torch.tensor(loss_reach(module.plan).betas).mul(2).log()
        found[rate] = float((torch.tensor(training._running._weighing.log_variances) - start)[:3].abs().max())
    assert 0 < 5 * found[1.0] < found[20.0]


# Executors


class Bare(Balancer):
    code, title = "bare", "neither weighs nor combines"


def test_a_method_that_no_executor_supports_is_refused(monkeypatch):
    monkeypatch.setitem(BALANCERS.rows, "bare", Bare())
    with pytest.raises(SettingError, match="no executor supports the balancing method 'bare'"):
        fit(compile(figure_2(), seed=0), *figure_2_rows(ROWS), steps=1, balance=Balance(method="bare"))


def test_training_in_parts_takes_the_same_steps_as_training_at_once():
    states = []
    for stops in ([30], [7, 30]):
        module = compile(figure_2(), seed=0)
        training = Fitting(module, *figure_2_rows(ROWS), steps=30, batch=8, kl_warmup=0.5, balance=UNCERTAIN)
        for stop in stops:
            training.advance(stop)
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("method", [code for code in BALANCERS if not isinstance(BALANCERS[code], FromTorchJD)])
def test_every_method_lowers_its_losses_and_repeats(method):
    curves = []
    for _ in range(2):
        module = compile(figure_2(), seed=0)
        made = fit(
            module, *figure_2_rows(ROWS), steps=120, batch=ROWS, learning_rate=1e-2, balance=Balance(method=method)
        )
        assert made.failure is None
        curves.append(made.curves)
    assert curves[0] == curves[1]
    assert curves[0].values[-1][0] < 0.9 * curves[0].values[0][0]


@pytest.mark.parametrize("method", or_skipped(BALANCERS))
def test_every_method_describes_itself(method):
    row = BALANCERS[method]
    assert row.code == method
    assert row.title
    assert completed(Balance(method=method)).settings == {name: s.default for name, s in row.settings.items()}
    assert all(setting.title for setting in row.settings.values())


# The value that a candidate keeps


def test_a_balance_goes_to_json_and_to_text_and_back():
    balance = Balance(method="uncertainty", settings={"rate": 1 / 3 + 2})
    training = Training(balance=balance)
    candidate = Candidate(graph=figure_2(), training=training)
    again = Candidate.model_validate_json(candidate.model_dump_json())
    assert again == candidate
    assert read_balance(str(balance)) == balance == again.training.balance
    assert hash(read_balance(str(balance))) == hash(balance)
    assert balance.short == "uncertainty:rate=2.33"
    assert str(Balance()) == "fixed"


def test_a_candidate_of_an_older_version_has_fixed_beta():
    held = json.loads(Candidate(graph=figure_2()).model_dump_json())
    del held["training"]["balance"]
    assert Candidate.model_validate_json(json.dumps(held)) == Candidate(graph=figure_2())
    assert Candidate.model_validate_json(json.dumps(held)).training.balance == Balance(method="fixed")


def test_a_candidate_of_an_unknown_method_can_be_read_but_not_trained():
    held = json.loads(Candidate(graph=figure_2()).model_dump_json())
    held["training"]["balance"] = {"method": "theirs", "settings": {"tension": 0.3}}
    balance = Candidate.model_validate_json(json.dumps(held)).training.balance
    assert str(balance) == "theirs:tension=0.3"
    with pytest.raises(SettingError, match=f"the balancing method must be one of {METHODS}, but is 'theirs'"):
        fit(compile(figure_2(), seed=0), *figure_2_rows(ROWS), steps=1, balance=balance)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nash", f"the balancing method must be one of {METHODS}, but is 'nash'"),
        (
            "fixed:rate=1",
            "balancing method 'fixed' must be left out, because it has none, but is 'rate'",
        ),
        (
            "uncertainty:speed=1",
            "setting of the balancing method 'uncertainty' must be one of rate, but is 'speed'",
        ),
        ("uncertainty:rate=fast", "rate must be a number, but is 'fast'"),
        ("uncertainty:rate=0", r"uncertainty:rate must be a number in \[0.001, 1e\+09\], but is 0.0"),
        ("uncertainty:rate=nan", r"uncertainty:rate must be a number in \[0.001, 1e\+09\], but is nan"),
        ("uncertainty:", "must be NAME or NAME:key=value,key=value, but is 'uncertainty:'"),
        ("uncertainty:rate=1,rate=2", "must be NAME or NAME:key=value,key=value, but is 'uncertainty:rate=1,rate=2'"),
        ("uncertainty:rate", "must be NAME or NAME:key=value,key=value, but is 'uncertainty:rate'"),
    ],
)
def test_a_wrong_text_is_refused_in_one_sentence(text, said):
    with pytest.raises(SettingError, match=said):
        read_balance(text)


def test_settings_are_read_and_bounded_by_their_kind():
    whole = NumberSetting("steps", 10, 5, 20, whole=True, least=1, most=100)
    word = WordSetting("which", "a", ("a", "b"))
    assert whole.read("T", "7") == 7
    assert word.read("base", "b") == "b"
    for setting, text in ((whole, "1.5"), (word, "c")):
        with pytest.raises(SettingError):
            setting.read("T", text)
    for value in (0, 101, 1.5, "7"):
        with pytest.raises(SettingError, match="T must be a whole number in"):
            whole.require("T", value)
    with pytest.raises(SettingError, match="a range of possible values"):
        NumberSetting("α", 0.3, 0.0, 1.0, log_scale=True)


def test_discrete_and_numeric_tasks_have_separate_weights():
    """One σ for each loss: the loss that stays large gets the smaller weight."""
    graph = wired(
        [("a", "g", numeric(1), "concatenation"), ("c", "delta", discrete(3), "concatenation")],
        [("i0", "a"), ("i0", "c"), ("a", "o"), ("c", "oc")],
        [("o", numeric(1)), ("oc", discrete(3))],
        [("mse", "o", "o"), ("cross_entropy", "oc", "oc")],
    )
    x = torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0))
    truths = {"o": 0.01 * x[:, :1], "oc": torch.arange(ROWS) % 3}
    module = compile(graph, seed=0)
    training = Fitting(
        module, {"i0": x}, truths, steps=300, batch=ROWS, learning_rate=1e-3,
        balance=Balance(method="uncertainty", settings={"rate": 10.0}), executor="torch",
    )  # fmt: skip
    training.advance(300)
    numbers, classes = training._running._weighing.log_variances.tolist()
    assert numbers < classes
