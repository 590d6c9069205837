"""`Offers`: its bit masks answer what a loop over the networks would answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spaces.graphs import DISCRETE, FEATURES, NUMERIC, SAMPLES, unit
from valp.graph.graph import Input, Output
from valp.parts.kinds import KINDS
from valp.spaces.generate.available_sources import Offers

MADE = {"g": (NUMERIC, SAMPLES), "delta": (DISCRETE,), "d": (SAMPLES,), "b": (NUMERIC,), "c": (FEATURES,)}
"""Some kinds, and the types they make."""

UNITS = [
    unit(NUMERIC, 1), unit(NUMERIC, 2), unit(NUMERIC, 5), unit(DISCRETE, 3), unit(SAMPLES, 4), unit(SAMPLES, 6),
    unit(FEATURES, 2, 3), unit(FEATURES, 3, 3), unit(FEATURES, 2, 4),
]  # fmt: skip
WANTED = [unit(NUMERIC, 1), unit(NUMERIC, 4), unit(DISCRETE, 3), unit(SAMPLES, 5), unit(FEATURES, 2, 3)]

networks = st.lists(
    st.sampled_from([(kind, made) for kind, types in MADE.items() for made in UNITS if made.type in types]), max_size=8
)
masks = st.integers(0, 2**8 - 1)


def offers(*, given=(NUMERIC,), wanted=()):
    inputs = [Input(name=f"i{i}", unit=unit(type_, 3)) for i, type_ in enumerate(given)]
    return Offers(inputs, [Output(name=f"o{i}", unit=made) for i, made in enumerate(wanted)])


def filled(rows, **arguments):
    found = offers(**arguments)
    for index, (kind, made) in enumerate(rows):
        found.add(index, kind, made)
    return found


def fits(made, wanted):
    """Whether an output can receive a network's unit."""
    same_shape = made.shape == wanted.shape or wanted.type is not FEATURES
    return made.type is wanted.type and made.size >= wanted.size and same_shape


def assert_answers(found, rows, below, size):
    """Compares every query with the definition, over the networks by their indices."""
    free = [row for index, row in rows.items() if not below >> index & 1]
    codes = [made.size for kind, made in free if KINDS[kind].encodes and made.type is NUMERIC]
    assert found.latent(below) == any(width >= 2 for width in codes)
    assert found.wide(size, below) == any(width >= size for width in codes)
    assert found.sampled(below) == any(kind == "b" for kind, _ in free)
    assert found.samples(below) == any(made.type is SAMPLES for _, made in free)
    for mask, wanted in zip(found.fitting, WANTED, strict=True):
        assert mask == sum(1 << index for index, (_, made) in rows.items() if fits(made, wanted))


@given(networks, masks, st.integers(2, 6))
def test_each_question_is_answered_as_a_loop_over_the_networks_does(rows, below, size):
    assert_answers(filled(rows, wanted=WANTED), dict(enumerate(rows)), below, size)


@given(networks, st.sets(st.integers(0, 7)), masks, st.integers(2, 6))
def test_a_removed_network_offers_nothing(rows, removed, below, size):
    found, left = filled(rows, wanted=WANTED), dict(enumerate(rows))
    for index in removed & left.keys():
        found.remove(index, *left.pop(index))
    assert_answers(found, left, below, size)


def test_without_networks_nothing_is_offered():
    found = offers(wanted=WANTED)
    assert not any((found.latent(0), found.wide(2, 0), found.sampled(0), found.samples(0), *found.fitting))


@pytest.mark.parametrize(("types", "has"), [((SAMPLES, NUMERIC), True), ((NUMERIC, DISCRETE), False), ((), False)])
def test_an_input_of_samples_offers_samples_below_any_network(types, has):
    assert offers(given=types).samples(-1) is has


def test_a_code_needs_room_for_a_mean_and_a_log_variance():
    assert not filled([("g", unit(NUMERIC, 1))]).latent(0)
    assert filled([("g", unit(NUMERIC, 2))]).latent(0)


def test_numeric_units_of_kinds_that_do_not_encode_are_no_codes():
    found = filled([("b", unit(NUMERIC, 5)), ("r", unit(NUMERIC, 5))])
    assert not found.latent(0)
    assert not found.wide(2, 0)


def test_features_must_have_the_shape_of_the_output_and_other_units_may_be_larger():
    found = filled([("c", unit(FEATURES, 2, 4)), ("c", unit(FEATURES, 2, 3)), ("g", unit(NUMERIC, 9))], wanted=WANTED)
    assert found.fitting == [0b100, 0b100, 0, 0, 0b010]
