"""Canonical labelling compared with known counts and with all permutations."""

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valp.graph.labelling import canonical_labelling


def form(labels, arcs):
    place = canonical_labelling(labels, arcs)
    assert sorted(place) == list(range(len(labels)))
    ordered = [labels[vertex] for vertex in sorted(range(len(labels)), key=place.__getitem__)]
    assert ordered == sorted(labels)
    return tuple(ordered), tuple(sorted((place[s], place[t], text) for s, t, text in arcs))


@pytest.mark.parametrize(("n", "count"), [(1, 1), (2, 3), (3, 16), (4, 218)])
def test_there_are_as_many_forms_as_digraphs_without_loops(n, count):
    # OEIS A000273
    pairs = [(s, t) for s, t in product(range(n), repeat=2) if s != t]
    digraphs = product([False, True], repeat=len(pairs))
    forms = {form("x" * n, [(*p, "") for p, there in zip(pairs, chosen, strict=True) if there]) for chosen in digraphs}
    assert len(forms) == count


@pytest.mark.parametrize(("n", "count"), [(1, 2), (2, 10), (3, 104)])
def test_there_are_as_many_forms_as_digraphs_with_loops(n, count):
    # OEIS A000595
    pairs = list(product(range(n), repeat=2))
    digraphs = product([False, True], repeat=len(pairs))
    forms = {form("x" * n, [(*p, "") for p, there in zip(pairs, chosen, strict=True) if there]) for chosen in digraphs}
    assert len(forms) == count


@st.composite
def digraphs(draw):
    n = draw(st.integers(1, 5))
    vertices = st.integers(0, n - 1)
    labels = draw(st.lists(st.sampled_from("xy"), min_size=n, max_size=n))
    return labels, draw(st.lists(st.tuples(vertices, vertices, st.sampled_from("st")), max_size=8))


def permuted(labels, arcs, permutation):
    moved = [labels[permutation.index(vertex)] for vertex in range(len(labels))]
    return moved, sorted((permutation[s], permutation[t], text) for s, t, text in arcs)


@given(digraphs())
def test_all_permutations_have_one_form(digraph):
    assert len({form(*permuted(*digraph, p)) for p in permutations(range(len(digraph[0])))}) == 1


@given(digraphs(), digraphs())
def test_one_form_means_isomorphic(one, other):
    isomorphic = len(one[0]) == len(other[0]) and any(
        permuted(*one, p) == (other[0], sorted(other[1])) for p in permutations(range(len(one[0])))
    )
    assert (form(*one) == form(*other)) is isomorphic


def ring(*lengths):
    """Disjoint directed cycles, which colour refinement cannot tell from one long one."""
    arcs, start = [], 0
    for length in lengths:
        arcs += [(start + i, start + (i + 1) % length, "") for i in range(length)]
        start += length
    return "x" * start, arcs


def test_what_colour_refinement_cannot_tell_apart_has_two_forms():
    assert form(*ring(6)) != form(*ring(3, 3))
    assert form(*ring(12, 3, 3)) != form(*ring(6, 6, 6))
    assert form(*ring(3, 6, 9)) == form(*ring(9, 6, 3))


def test_the_empty_digraph_has_a_form():
    assert canonical_labelling([], []) == []
