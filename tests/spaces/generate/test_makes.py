"""Which networks of a space can serve a component: by type, role, shape, and the rules of a user's own types."""

from dataclasses import replace

import pytest

from tests.spaces.graphs import DISCRETE, FEATURES, NUMERIC, SAMPLES, unit
from valp.graph.graph import Role
from valp.parts.design import Wish
from valp.parts.kinds import KINDS
from valp.parts.own_types import OWN_TYPES, OwnType
from valp.spaces.generate.makes import anything, kinds_of, serving
from valp.spaces.generate.space import FULL, PAPER

INSIDE = Wish(Role.DATA)
SEQUENCE, IMAGE = (32,), (28, 28)


def of(*kinds):
    return replace(FULL, kinds=kinds)


def codes(makes):
    return [kind for kind, _ in makes]


def test_the_kinds_of_a_space_are_rows_in_the_order_of_the_space():
    assert kinds_of(of("d", "g", "delta")) == (KINDS["d"], KINDS["g"], KINDS["delta"])


@pytest.mark.parametrize(("wanted", "kinds"), [(NUMERIC, ["g"]), (DISCRETE, ["delta"]), (SAMPLES, ["d", "g"])])
def test_the_papers_kinds_serve_the_types_that_they_make(wanted, kinds):
    assert serving(PAPER, wanted, INSIDE, []) == tuple((kind, wanted) for kind in kinds)


@pytest.mark.parametrize("order", [("g", "delta", "d"), ("d", "delta", "g")])
def test_a_kind_that_needs_samples_comes_after_the_kinds_that_make_the_first_ones(order):
    assert codes(serving(of(*order), SAMPLES, INSIDE, [])) == ["d", "g"]


def test_other_kinds_keep_the_order_of_the_space():
    assert codes(serving(of("r", "g"), NUMERIC, INSIDE, [SEQUENCE])) == ["r", "g"]
    assert codes(serving(of("g", "r"), NUMERIC, INSIDE, [SEQUENCE])) == ["g", "r"]


def test_without_a_kind_that_makes_the_first_samples_none_serves_them():
    assert serving(of("g", "delta"), SAMPLES, INSIDE, []) == ()


def test_only_an_encoding_kind_serves_a_latent_connection():
    assert codes(serving(FULL, NUMERIC, Wish(Role.LATENT), [SEQUENCE])) == ["g"]


def test_kinds_that_read_shapes_serve_only_if_an_input_has_one():
    assert serving(FULL, FEATURES, INSIDE, []) == ()
    assert codes(serving(FULL, FEATURES, INSIDE, [IMAGE])) == ["c"]
    assert codes(serving(FULL, FEATURES, INSIDE, [SEQUENCE])) == ["c", "r"]


def test_features_of_an_output_need_an_input_that_halves_to_their_sides():
    wish = Wish(Role.DATA, unit=unit(FEATURES, 3, 14, 14))
    assert codes(serving(FULL, FEATURES, wish, [IMAGE])) == ["c"]
    assert serving(FULL, FEATURES, wish, [(20, 20)]) == ()


def test_a_transposed_decoder_serves_pictures_only_and_needs_a_kind_that_samples():
    picture = Wish(Role.DATA, unit=unit(SAMPLES, 784), image=(1, 28, 28))
    assert "t" in codes(serving(FULL, SAMPLES, picture, []))
    assert "t" not in codes(serving(FULL, SAMPLES, replace(picture, image=None), []))
    assert "t" not in codes(serving(of("g", "d", "t"), SAMPLES, picture, []))


def test_an_own_type_is_served_by_the_kinds_that_it_lists_and_that_make_the_type_it_is_like():
    listed = OwnType("angle", "Angle", NUMERIC, made_by=frozenset({"g", "delta"}))
    with OWN_TYPES.adding(listed):
        assert serving(PAPER, "angle", INSIDE, []) == (("g", "angle"),)
    with OWN_TYPES.adding(replace(listed, made_by=frozenset())):
        assert serving(PAPER, "angle", INSIDE, []) == ()


def test_an_own_type_that_must_be_made_of_another_is_served_by_nothing():
    with OWN_TYPES.adding(OwnType("sine", "Sine", NUMERIC, frozenset(), frozenset({"g"}), frozenset({NUMERIC}))):
        assert serving(PAPER, "sine", INSIDE, []) == ()


def test_an_unknown_type_is_served_by_nothing():
    assert serving(FULL, "unheard", INSIDE, [IMAGE, SEQUENCE]) == ()


def test_a_target_that_takes_anything_may_get_each_kind_once_with_its_usual_type():
    assert anything(PAPER, []) == (("g", NUMERIC), ("delta", DISCRETE), ("d", SAMPLES))
    assert anything(of("delta", "g"), []) == (("delta", DISCRETE), ("g", NUMERIC))


def test_a_target_that_takes_anything_gets_only_kinds_that_fit_the_inputs():
    assert codes(anything(FULL, [])) == ["g", "delta", "d", "b"]
    assert codes(anything(FULL, [IMAGE])) == ["g", "delta", "d", "c", "b"]
    assert anything(FULL, [SEQUENCE])[-1] == ("r", NUMERIC)
