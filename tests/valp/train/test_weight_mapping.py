"""Which layers, units and variables of a child take the weights of which ones of its parent."""

from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.valp.graphs import numeric, samples, unit, wired, with_part
from valp.compile.compile import compile
from valp.graph.graph import DataType, Dense, Recurrent, Role
from valp.plan.operation import Affine, Convolve, Recur
from valp.train.weight_mapping import (
    LIKE_IDENTITY,
    NEVER_NEGATIVE,
    Compiled,
    align_layers,
    can_be_identity,
    input_shape,
    match_in_place,
    match_latent_pairs,
    match_units,
    match_variables,
    output_shape,
)


def dense(outputs=5, activation="relu", inputs=5, normalise=False):
    return Affine("out", "in", "layer", inputs, outputs, activation, "xavier", normalise)


def convolution(channels=2, kernel=(3,), *, inputs=2, stride=1, padding=1, pool=1, activation="tanh", transposed=False):
    dimensions = len(kernel)
    return Convolve(
        "out", "in", "layer", (inputs, *(8,) * dimensions), (channels, *(8,) * dimensions), kernel,
        (stride,) * dimensions, (padding,) * dimensions, (pool,) * dimensions, transposed, activation, "xavier", False,
    )  # fmt: skip


def recurrent(units=4, cell="gru"):
    return Recur("out", "in", "layer", (2, 8), units, cell, "xavier", False)


LAYERS = st.one_of(
    st.builds(dense, st.sampled_from([3, 5, 7]), st.sampled_from(["relu", "tanh", "identity"])),
    st.builds(convolution, st.sampled_from([2, 4]), st.sampled_from([(3,), (3, 3)]), transposed=st.booleans()),
    st.builds(recurrent, st.just(4), st.sampled_from(["gru", "lstm"])),
)
NETWORKS = st.lists(LAYERS, max_size=4)
EXTENTS = st.tuples(st.integers(0, 6), st.integers(1, 3))


def fits(one, other):
    """Whether the weights of one layer can become those of the other."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Convolve):
        return one.transposed == other.transposed and len(one.kernel) == len(other.kernel)
    return not isinstance(one, Recur) or one.cell == other.cell


def most_pairs(ours, theirs):
    """The number of pairs of the best alignment, found by trying all."""
    return max(
        count
        for count in range(min(len(ours), len(theirs)) + 1)
        for mine in combinations(ours, count)
        for given in combinations(theirs, count)
        if all(map(fits, mine, given))
    )


@hypothesis_settings(max_examples=60, deadline=None)
@given(NETWORKS, NETWORKS)
def test_layers_are_aligned_in_order_with_as_many_pairs_as_possible(ours, theirs):
    pairs = align_layers(ours, theirs, implied=False)
    assert all(fits(ours[i], theirs[j]) for i, j in pairs.items())
    assert [*pairs] == sorted(pairs)
    assert [*pairs.values()] == sorted(set(pairs.values()))
    assert len(pairs) == most_pairs(ours, theirs)


@given(NETWORKS)
def test_a_network_is_aligned_with_itself_layer_by_layer(layers):
    for implied in (False, True):
        assert align_layers(layers, layers, implied) == {i: i for i in range(len(layers))}


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs"),
    [
        ([dense(), dense()], [dense()], {1: 0}),
        ([dense()], [dense(), dense()], {0: 1}),
        ([dense(), dense(), dense()], [dense(), dense()], {0: 0, 2: 1}),
    ],
)
def test_an_implied_last_layer_matches_only_the_last_layer(ours, theirs, pairs):
    assert align_layers(ours, theirs, implied=True) == pairs


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs"),
    [
        # equal activations before the place
        ([dense(activation="relu"), dense(activation="tanh")], [dense(activation="tanh")], {1: 0}),
        # then the new layer that can be the identity: tanh can, a ReLU after tanh cannot
        ([dense(activation="tanh"), dense(activation="relu")], [dense(activation="softplus")], {1: 0}),
        # then the pair that loses no units
        ([dense(3, "sigmoid"), dense(9, "sigmoid", inputs=3)], [dense(7, "sigmoid")], {1: 0}),
        # then the pair of equal layers
        ([dense(9, "sigmoid"), dense(7, "sigmoid")], [dense(7, "sigmoid")], {1: 0}),
        ([dense(7, "sigmoid", normalise=True), dense(7, "sigmoid")], [dense(7, "sigmoid")], {1: 0}),
        # then the first layers
        ([dense(5, "sigmoid"), dense(5, "sigmoid")], [dense(5, "sigmoid")], {0: 0}),
        ([dense(5, "sigmoid")], [dense(5, "sigmoid"), dense(5, "sigmoid")], {0: 0}),
    ],
)  # fmt: skip
def test_ties_between_alignments_are_decided_in_the_documented_order(ours, theirs, pairs):
    assert align_layers(ours, theirs, implied=False) == pairs


def test_without_layers_nothing_is_aligned():
    assert align_layers([], [dense()], True) == align_layers([dense()], [], False) == {}


@given(EXTENTS, EXTENTS, st.lists(st.tuples(st.integers(0, 17), st.integers(0, 17)), max_size=8))
def test_each_unit_matches_at_most_one_and_as_many_as_possible_match(ours, theirs, preferred):
    mine, given = ours[0] * ours[1], theirs[0] * theirs[1]
    preferred = [(one % mine, other % given) for one, other in preferred] if mine and given else []
    made = match_units(ours, theirs, preferred)
    matched = [unit for unit in made if unit is not None]
    assert len(made) == ours[0]
    assert len(matched) == len(set(matched)) == min(ours[0], theirs[0])
    assert all(0 <= unit < theirs[0] for unit in matched)


@pytest.mark.parametrize(
    ("ours", "theirs", "preferred", "made"),
    [
        ((4, 1), (3, 1), [], [0, 1, 2, None]),
        ((3, 1), (5, 1), [], [0, 1, 2]),
        ((3, 1), (3, 1), [(0, 2)], [2, 1, 0]),
        ((3, 1), (3, 1), [(0, 2), (0, 1), (1, 2)], [2, 1, 0]),  # the first preference of a unit counts
        ((3, 1), (5, 1), [(2, 4), (0, 1)], [1, 0, 4]),
        ((2, 3), (2, 3), [(0, 3)], [1, 0]),  # the first variable of unit 0 prefers the first one of unit 1
        ((2, 3), (2, 3), [(0, 4)], [0, 1]),  # another variable of unit 1: units cannot be shifted
    ],
)
def test_units_match_as_preferred_then_in_place_then_what_is_left(ours, theirs, preferred, made):
    assert match_units(ours, theirs, preferred) == made


def test_units_match_in_place_as_far_as_both_go():
    assert match_in_place(3, 3) == [0, 1, 2]
    assert match_in_place(3, 2) == [0, 1, None]
    assert match_in_place(1, 2) == [0]


@pytest.mark.parametrize(
    ("units", "ours", "theirs", "made"),
    [
        ([1, 0], (2, 1), (2, 1), [1, 0]),
        ([1, None], (2, 2), (2, 2), [2, 3, None, None]),
        ([1, 0], (2, 3), (2, 2), [2, 3, None, 0, 1, None]),
        ([1, 0], (2, 2), (2, 3), [3, 4, 0, 1]),
    ],
)
def test_variables_follow_their_units_and_keep_their_place_within(units, ours, theirs, made):
    assert match_variables(units, ours, theirs) == made


@pytest.mark.parametrize(
    ("ours", "theirs", "by_position", "matched"),
    [
        ((0, 1, 2, 3), (0, 1, 2, 3), False, [(0, 0), (2, 2), (1, 1), (3, 3)]),
        ((3, 5, 8, 9), (5, 7, 9, 1), False, [(5, 5), (9, 9), (3, 7), (8, 1)]),
        ((3, 5, 8, 9), (5, 7, 9, 1), True, [(3, 5), (8, 9), (5, 7), (9, 1)]),
        ((0, 1), (0, 1, 2, 3), False, [(0, 0), (1, 2)]),
        ((0, 1, 9), (0, 1, 8), False, [(0, 0), (1, 1)]),
        ((), (0, 1), False, []),
    ],
)
def test_means_match_means_and_log_variances_match_log_variances(ours, theirs, by_position, matched):
    """Equal pairs match first, unless position counts; an odd last variable belongs to no pair."""
    assert match_latent_pairs(ours, theirs, by_position) == matched


@pytest.mark.parametrize(
    ("layer", "before", "able"),
    [
        *[(dense(activation=name), "", True) for name in LIKE_IDENTITY],
        *[(dense(activation="relu"), name, True) for name in NEVER_NEGATIVE],
        (dense(activation="relu"), "tanh", False),
        (dense(activation="relu"), "", False),
        (dense(activation="sigmoid"), "sigmoid", False),
        (dense(4, "tanh", inputs=5), "", False),
        (dense(6, "tanh", inputs=5), "", True),
        (dense(activation="tanh", normalise=True), "", False),
        (convolution(), "", True),
        (convolution(kernel=(5, 5), padding=2), "", True),
        (convolution(padding=0), "", False),
        (convolution(stride=2), "", False),
        (convolution(pool=2), "", False),
        (convolution(1, inputs=2), "", False),
        (recurrent(), "", False),
    ],
)
def test_a_layer_can_be_the_identity_only_if_it_is_wide_enough_and_changes_nothing(layer, before, able):
    assert can_be_identity(layer, before) is able


@pytest.mark.parametrize("activation", LIKE_IDENTITY)
def test_activations_like_the_identity_are_0_at_0_with_slope_1_on_both_sides(activation):
    x = torch.tensor([-1e-3, 0.0, 1e-3], dtype=torch.float64)
    function = {
        "identity": lambda x: x, "elu": torch.nn.functional.elu, "softsign": torch.nn.functional.softsign,
        "tanh": torch.tanh,
    }[activation]  # fmt: skip
    torch.testing.assert_close(function(x), x, atol=2e-6, rtol=0)


def test_a_layer_reads_and_makes_units_with_their_sides_or_steps():
    assert (input_shape(dense(7, inputs=5)), output_shape(dense(7, inputs=5))) == ((5,), (7,))
    assert (input_shape(convolution(3)), output_shape(convolution(3))) == ((2, 8), (3, 8))
    assert (input_shape(recurrent(5)), output_shape(recurrent(5))) == ((2, 8), (5, 8))


def compiled(graph):
    module = compile(graph, seed=0)
    return Compiled(graph, module.plan, module.state_dict())


def vae(combiner="concatenation"):
    """A Generic MLP `a` of 7 variables that `d` reads as latent and `b` in part; `b` conditions `d`."""
    graph = wired(
        [("a", "g", numeric(7), "concatenation"), ("b", "g", numeric(3), combiner),
         ("d", "d", samples(4), "concatenation")],
        [("i0", "a"), ("a", "b", Role.DATA, (4, 1)), ("i0", "b"), ("a", "d", Role.LATENT),
         ("b", "d", Role.CONDITION, (0, 2)), ("b", "o0"), ("d", "o1")],
        [("o0", numeric(3)), ("o1", samples(4))],
        [("mse", "o0", "o0"), ("bernoulli", "o1", "o1"), ("kl", "a", None)],
    )  # fmt: skip
    return with_part(graph, "networks", 0, layers=(Dense(units=6), Dense(units=5)))


def test_the_layers_of_a_network_are_listed_in_order_with_their_tensors():
    found = compiled(vae())
    assert [(input_shape(layer)[0], output_shape(layer)[0]) for layer in found.layers["a"]] == [(6, 6), (6, 5), (5, 7)]
    assert {name: tuple(tensor.shape) for name, tensor in found.state["a-1"].items()} == {
        "weight": (5, 6),
        "bias": (5,),
    }
    assert [len(found.layers[name]) for name in ("b", "d")] == [1, 1]


def test_the_variables_that_arrive_are_those_of_psi_and_of_a_latent_connection_the_means():
    found = compiled(vae())
    part, whole, latent, condition = vae().connections[1:5]
    assert (found.indices(part), found.arriving(part)) == ((4, 1), (4, 1))
    assert found.arriving(whole) == tuple(range(6))
    assert (found.indices(latent), found.arriving(latent)) == (tuple(range(7)), (0, 1, 2))
    assert found.arriving(condition) == (0, 2)


def test_position_counts_at_outputs_and_where_several_sources_are_not_concatenated():
    assert not compiled(vae()).by_position("b")
    assert compiled(vae("addition")).by_position("b")
    assert not compiled(vae("addition")).by_position("a")  # it has one source
    assert compiled(vae()).by_position("o0")


def test_the_units_of_a_source_are_its_variables_or_its_channels():
    graph = wired(
        [("r", "r", unit(DataType.FEATURES, 3, 8), "concatenation")],
        [("i0", "r"), ("r", "o0")], [("o0", unit(DataType.FEATURES, 3, 8))], [("mse", "o0", "o0")],
    )  # fmt: skip
    graph = with_part(graph, "inputs", 0, unit=unit(DataType.FEATURES, 2, 8))
    found = compiled(with_part(graph, "networks", 0, layers=(Recurrent(units=5, cell="gru"),)))
    assert found.extent("i0") == (2, 8)
    assert found.extent("r") == (3, 8)
    assert compiled(vae()).extent("a") == (7, 1)
    assert compiled(vae()).extent("i0") == (6, 1)
