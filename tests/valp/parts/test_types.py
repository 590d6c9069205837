"""A user's own data types: which kinds take and make them, and what they count as (Garciarena et al., VI-A)."""

import pytest
import torch

from tests.valp.rows import rows_of
from valp.check.check import check
from valp.check.keys import content_key
from valp.check.rules.typing_rules import produces, takes
from valp.compile.compile import compile, lower
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
)
from valp.parts.combiners import merged_type
from valp.parts.kinds import KINDS
from valp.parts.losses import LOSSES
from valp.parts.own_types import OWN_TYPES, OwnType, like
from valp.parts.shapes import Arrival, merged, transported

NUMERIC, DISCRETE, SAMPLES, FEATURES = DataType


@pytest.fixture
def own(monkeypatch):
    """Adds a type of one's own for a test."""

    def add(code, like, **fields):
        fields = {name: frozenset(codes) for name, codes in fields.items()}
        monkeypatch.setitem(OWN_TYPES.rows, code, OwnType(code, code.title(), like, **fields))
        return code

    return add


def unit(type_, *shape):
    return DataUnit(type=type_, shape=shape)


def chain(kind, given, made, loss="mse", layers=(), role=Role.DATA):
    """One network between an input and an output."""
    return Graph(
        inputs=(Input(name="i", unit=given),),
        networks=(PrimaryNetwork(name="n", kind=kind, layers=layers, output=made),),
        outputs=(Output(name="o", unit=made),),
        connections=(Connection(source="i", target="n", role=role), Connection(source="n", target="o")),
        losses=(Loss(kind=loss, prediction="o", truth="o"),),
    )


def codes(graph):
    return {(violation.code, violation.component) for violation in check(graph).violations}


def assert_runs(graph):
    assert codes(graph) == set()
    assert Graph.model_validate_json(graph.model_dump_json()) == graph
    module = compile(graph, seed=0)
    inputs, truths = rows_of(graph, 4)
    for mode in ("train", "predict", "generate"):
        assert module(inputs, mode)["o"].shape == (4, graph.outputs[0].unit.size)
    total, _ = module.losses(inputs, truths)
    assert total.isfinite()
    return module


def test_an_own_type_is_like_a_built_in_one(own):
    own("angle", NUMERIC)
    assert [like(type_) for type_ in DataType] == list(DataType)
    assert like("angle") is NUMERIC
    assert like("unheard") is None


def test_an_unknown_type_is_named():
    graph = chain("g", unit("unheard", 3), unit(NUMERIC, 2))
    (violation,) = [v for v in check(graph).violations if v.code == "known-word"]
    assert violation.component == "i"
    assert violation.found.startswith("type 'unheard', known are numeric, discrete, samples, features")


@pytest.mark.parametrize("base", DataType)
def test_a_kind_listed_by_a_type_takes_it_in_the_roles_of_the_type_that_it_is_like(own, base):
    own("shy", base)
    own("open", base, taken_by=KINDS)
    for kind in KINDS.values():
        for role in Role:
            known = kind.takes.get(role, frozenset())
            assert takes(kind, role, "open") == (base in known)
            assert takes(kind, role, "shy") == (known == frozenset(DataType))


@pytest.mark.parametrize("base", DataType)
def test_a_kind_listed_by_a_type_makes_it_where_it_makes_the_type_that_it_is_like(own, base):
    own("shy", base)
    own("open", base, made_by=KINDS)
    for kind in KINDS.values():
        for received in DataType:
            assert produces(kind, [received], "open") == (base in kind.produces(received))
            assert not produces(kind, [received], "shy")


def test_a_type_may_require_a_type_that_its_maker_received(own):
    own("angle", NUMERIC)
    own("sine", NUMERIC, made_by={"g"}, received={"angle", DISCRETE})
    assert [produces(KINDS["g"], received, "sine") for received in (["angle"], [NUMERIC, DISCRETE], [NUMERIC])] == [
        True, True, False,
    ]  # fmt: skip
    assert_runs(chain("g", unit("angle", 3), unit("sine", 2)))
    assert ("produces", "n") in codes(chain("g", unit(NUMERIC, 3), unit("sine", 2)))


def test_an_own_type_merged_with_another_counts_as_the_type_that_it_is_like(own):
    own("angle", NUMERIC)
    own("species", DISCRETE)
    own("sketch", SAMPLES)
    own("sound", FEATURES)
    for code in ("angle", "species", "sketch", "sound"):
        assert merged_type([code, code]) == code
        assert merged_type([code]) == code
        for other in DataType:
            if other is not like(code):
                assert merged_type([code, other]) == merged_type([like(code), other])
        assert merged_type([code, like(code)]) is like(code)
    assert merged_type(["angle", "species"]) is NUMERIC
    assert merged_type(["angle", "sketch"]) is SAMPLES


def test_a_type_like_features_has_a_shape_and_keeps_it_where_whole_channels_go(own):
    own("sound", FEATURES, taken_by={"c", "r"}, made_by={"c", "r"})
    sound = unit("sound", 2, 5)
    whole = Connection(source="a", target="b", indices=tuple(range(5, 10)))
    assert transported(sound, whole) == Arrival("sound", (1, 5))
    part = Connection(source="a", target="b", indices=(0, 1))
    assert transported(sound, part) == Arrival(NUMERIC, (2,))
    assert merged([Arrival("sound", (2, 5)), Arrival("sound", (1, 5))], "concatenation") == Arrival("sound", (3, 5))
    assert merged([Arrival("sound", (2, 5)), Arrival(FEATURES, (2, 5))], "mean") == Arrival(FEATURES, (2, 5))
    assert ("shape", "i") in codes(chain("g", unit("sound", 5), unit(NUMERIC, 2)))
    layer = Convolution(channels=3, kernel=(3,), stride=(1,), padding=(1,), pool=(1,))
    assert_runs(chain("c", sound, unit("sound", 3, 5), layers=(layer,)))
    assert_runs(chain("r", sound, unit("sound", 4, 5), layers=(Recurrent(units=3),)))
    shorter = chain("r", sound, unit("sound", 4, 6), layers=(Recurrent(units=3),))
    assert ("layers-make", "n") in codes(shorter)


def test_an_output_like_features_has_the_shape_that_reaches_it(own):
    own("sound", FEATURES, taken_by={"c"}, made_by={"c"})
    layer = Convolution(channels=3, kernel=(3,), stride=(1,), padding=(1,), pool=(1,))
    graph = chain("c", unit("sound", 2, 5), unit("sound", 3, 5), layers=(layer,))
    turned = graph.model_copy(update={"outputs": (Output(name="o", unit=unit("sound", 5, 3)),)})
    assert codes(turned) == {("output-size", "o")}


def test_a_type_like_discrete_is_normalised_and_judged_as_classes(own):
    own("species", DISCRETE, made_by={"delta"})
    module = assert_runs(chain("delta", unit(NUMERIC, 3), unit("species", 4), "cross_entropy"))
    result = module({"i": torch.randn(5, 3)}, "predict")["o"]
    torch.testing.assert_close(result.sum(1), torch.ones(5))


def test_a_type_like_samples_is_generated_and_divides_the_divergence(own):
    own("sketch", SAMPLES, made_by={"d"})
    graph = Graph(
        inputs=(Input(name="i", unit=unit(NUMERIC, 3)),),
        networks=(
            PrimaryNetwork(name="e", kind="g", layers=(Dense(units=4),), output=unit(NUMERIC, 4)),
            PrimaryNetwork(name="n", kind="d", output=unit("sketch", 6)),
        ),
        outputs=(Output(name="o", unit=unit("sketch", 6)),),
        connections=(
            Connection(source="i", target="e"),
            Connection(source="e", target="n", role=Role.LATENT),
            Connection(source="n", target="o"),
        ),
        losses=(Loss(kind="bernoulli", prediction="o", truth="o"), Loss(kind="kl", prediction="e")),
    )
    assert_runs(graph)
    assert [variables for term in lower(graph).divergences for *_, variables in term.latents] == [6]


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_loss_takes_types_that_are_like_one_it_takes(own, loss):
    for base in DataType:
        own("mine", base, made_by=KINDS)
        shape = (2, 4) if base is FEATURES else (4,)
        refused = ("loss-type", "o") in codes(chain("g", unit(NUMERIC, 3), unit("mine", *shape), loss.code))
        assert refused == (base not in loss.takes)


def test_the_type_counts_in_the_key(own):
    own("angle", NUMERIC, made_by={"g"})
    keys = {content_key(chain("g", unit(NUMERIC, 3), unit(type_, 2))) for type_ in ("angle", NUMERIC, SAMPLES)}
    assert len(keys) == 3
