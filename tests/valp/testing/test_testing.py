"""The public contract tests pass for every built-in row, and fail for rows that break the contract."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import nn

from valp.graph.graph import DataType, Role
from valp.parts.combiners import COMBINERS, Combiner
from valp.parts.kinds import ANY, KINDS, Kind
from valp.parts.kinds.generic_mlp import GenericMLP
from valp.parts.losses import LOSSES
from valp.parts.losses.mean_squared_error import MeanSquaredError
from valp.plan.operation import Apply, Concatenate
from valp.score import SCORES, GraphScore, OutputScore, Score
from valp.testing import check_combiner, check_kind, check_loss, check_score
from valp.testing.check_score import ROWS


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_keeps_the_contract(kind):
    check_kind(kind)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_keeps_the_contract(loss):
    check_loss(loss)


@pytest.mark.parametrize("combiner", COMBINERS.values(), ids=COMBINERS)
def test_every_combiner_keeps_the_contract(combiner):
    check_combiner(combiner)


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_every_score_keeps_the_contract(score):
    check_score(score)


class Own(GenericMLP):
    code, title, sign = "own", "Own MLP", "o"


class Linear(nn.Module):
    """Reads the whole batch: row by row it computes something else."""

    def __init__(self, inputs, outputs, weight):
        super().__init__()
        self.layer, self.weight = nn.Linear(inputs, outputs), weight

    def forward(self, x):
        return self.layer(x - self.weight * x.mean(0))


class Plain(Kind):
    code, title, sign = "own", "Plain network", "o"
    takes: ClassVar = {Role.DATA: ANY}
    layer = None
    last_layer = False
    weight = 0.0

    def produces(self, merged):
        return frozenset({DataType.NUMERIC})

    def lower(self, network, lowering):
        source, size = lowering.merged(network)
        lowering.apply(network, [source], lambda: Linear(size, network.output.size, self.weight))


@pytest.mark.parametrize("kind", [Own(), Plain()])
def test_a_kind_that_is_not_installed_is_in_the_table_only_during_the_test(kind):
    check_kind(kind)
    assert "own" not in KINDS


def broken(base, **words):
    return type("Broken", (base,), words)()


def of_no_wish(self, made, wish, designer):
    """A number of variables that does not follow from its inputs."""
    return GenericMLP.design(self, made, replace(wish, unit=None), designer)


BROKEN = {
    "a title": (broken(Own, title=""), "a kind must have a title"),
    "roles": (broken(Own, takes={}), "must take something"),
    "an implied layer": (broken(Plain, last_layer=True), "says that it has an implied last layer, but no weights"),
    "no implied layer": (broken(Own, last_layer=False), "says that it has no implied last layer, but weights"),
    "rows": (broken(Plain, weight=0.5), "must treat each row by itself"),
    "encodes": (broken(Plain, encodes=True, takes={Role.DATA: frozenset({DataType.NUMERIC})}), "because it encodes"),
    "samples": (broken(Plain, only_samples=True), "must learn nothing"),
    "searchable": (broken(Plain, takes={Role.DATA: frozenset({DataType.NUMERIC})}), "must be searchable"),
    "the wished unit": (broken(Own, design=of_no_wish), "must make .* when an output asks for it"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_kind_that_breaks_the_contract_fails_with_the_reason(what):
    kind, said = BROKEN[what]
    with pytest.raises(AssertionError, match=said):
        check_kind(kind)
    assert "own" not in KINDS


def test_a_code_that_another_kind_has_is_refused():
    with pytest.raises(AssertionError, match="code 'g' must be free"):
        check_kind(broken(Plain, code="g"))


class Wrong(torch.autograd.Function):
    """The square, with the gradient of something else."""

    @staticmethod
    def forward(context, x):
        return x**2

    @staticmethod
    def backward(context, gradient):
        return gradient


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"title": ""}, "a loss must have a title"),
        ({"takes": frozenset()}, "must take data types"),
        ({"each": lambda _, p, t: (p - t).sum(0)}, "must give"),
        ({"each": lambda _, p, t: (p - t) / 0}, "must be finite"),
        ({"each": lambda _, p, t: Wrong.apply(p - t)}, "must have the right gradient"),
        ({"__call__": lambda self, p, t, weights=None: self.each(p, t).mean()}, "must leave out rows of weight 0"),
    ],
)
def test_a_loss_that_breaks_the_contract_fails_with_the_reason(words, said):
    with pytest.raises(AssertionError, match=said):
        check_loss(broken(MeanSquaredError, **words))


class Last(nn.Module):
    def forward(self, *units):
        return units[-1][:, :3]


def applied(module):
    return lambda out, sources, size: Apply(out, sources, out.replace(".", "-"), module)


@pytest.mark.parametrize(
    ("combiner", "said"),
    [
        (Combiner("own", "", sum, lambda out, sources, _: Concatenate(out, sources), False), "a code and a sign"),
        (
            Combiner("own", "o", max, lambda out, sources, _: Concatenate(out, sources), True),
            "must cut to the",
        ),
        (Combiner("own", "o", len, lambda out, sources, _: Concatenate(out, sources), False), "must make 3 variables"),
        (Combiner("own", "o", min, applied(Last), True), "must not depend on the order"),
    ],
)
def test_a_combiner_that_breaks_the_contract_fails_with_the_reason(combiner, said):
    with pytest.raises(AssertionError, match=said):
        check_combiner(combiner)
    assert "own" not in COMBINERS


class WrongClasses(OutputScore):
    """The share of wrong classes."""

    code, title, direction = "wrong", "share of wrong classes", "minimize"

    def applies(self, output):
        return output.type is DataType.DISCRETE and not output.labels

    def compute(self, subject, output):
        found = subject.predicted(output.name)
        return float((found.values.argmax(1) != found.truth).float().mean())


class Layers(GraphScore):
    """The number of tensors that are learnt."""

    code, title, direction = "tensors", "learnt tensors", "minimize"

    def compute(self, subject):
        return len(list(subject.module.parameters()))


@pytest.mark.parametrize("score", [WrongClasses(), Layers()])
def test_a_score_that_is_not_installed_is_tried(score):
    check_score(score)
    assert score.code not in SCORES


def spoilt(self, subject):
    """The model is put in training mode by a score that forgets to put it back."""
    subject.module.train()
    return 1.0


def of_any_order(self, subject, output, state=[0]):  # noqa: B006 - a value that changes from call to call
    state[0] += 1
    return float(state[0])


def of_all_rows_only(self, subject, output):
    found = subject.predicted(output.name)
    assert len(found.truth) == ROWS
    return float((found.values.argmax(1) != found.truth).float().mean())


@pytest.mark.parametrize(
    ("base", "words", "said"),
    [
        (WrongClasses, {"title": ""}, "a score must have a title"),
        (WrongClasses, {"direction": "up"}, "must be 'maximize', 'minimize' or a finite target, but is 'up'"),
        (WrongClasses, {"direction": float("nan")}, "a finite target, but is nan"),
        (WrongClasses, {"direction": "maximize"}, "must not be better for a random result"),
        (WrongClasses, {"applies": lambda self, output: False}, "must apply to an output of some type"),
        (WrongClasses, {"compute": lambda *_: float("inf")}, "a value of wrong must be finite or None"),
        (WrongClasses, {"compute": lambda *_: torch.tensor(1.0)}, "a value of wrong must be a number or None"),
        (WrongClasses, {"compute": of_any_order}, "must be the same when repeated"),
        (WrongClasses, {"compute": of_all_rows_only}, "must be measured on half of the rows too"),
        (WrongClasses, {"chance": lambda *_: -1.0}, "must not be better for no learning"),
        (WrongClasses, {"ideal": 0.5}, "must not be better than its ideal 0.5, but is 0"),
        (Layers, {"compute": spoilt}, "must leave the model as it was"),
        (Layers, {"together": lambda *_: float("nan")}, "two models together of tensors must be finite"),
    ],
)
def test_a_score_that_breaks_its_word_is_told_so(base, words, said, monkeypatch):
    wrong = base()
    for name, value in words.items():
        monkeypatch.setattr(base, name, value)
    with pytest.raises(AssertionError, match=said):
        check_score(wrong)


def test_a_score_of_nothing_is_refused():
    with pytest.raises(AssertionError, match="must be an OutputScore or a GraphScore, but is a Bare"):
        check_score(Bare())


class Bare(Score):
    """A `Score` of neither kind."""

    code, title, direction = "bare", "nothing", "maximize"
