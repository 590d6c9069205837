"""In a space with codes of their own, no network both predicts an output and has latent connections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spaces.graphs import CLOTHING, IMAGE, SEQUENCE, SEVERAL, random_graph
from tests.spaces.handmade import description
from valp.graph.graph import Role
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER
from valp.spaces.vary import cross, mutate

CASES = [(CLOTHING, DEFAULT), (SEVERAL, DEFAULT), (IMAGE, FULL), (SEQUENCE, FULL)]
BATCH = 8


def mixed(graph):
    """The networks that do both."""
    outputs = {output.name for output in graph.outputs}
    latent = {connection.source for connection in graph.connections if connection.role is Role.LATENT}
    return {connection.source for connection in graph.connections if connection.target in outputs} & latent


def candidate(graph):
    return Candidate(graph=graph, training=Training(steps=100, batch=BATCH))


@given(st.integers(0, 10**9), st.sampled_from(CASES))
def test_drawn_graphs_have_codes_of_their_own(seed, case):
    assert not mixed(random_graph(seed, *case))


@given(st.integers(0, 10**9), st.sampled_from(CASES))
def test_children_have_codes_of_their_own(seed, case):
    wanted, space = case
    problem, choose = description(wanted), RandomChoose(f"{seed}")
    pair = [candidate(random_graph(f"{seed}:{i}", wanted, space)) for i in range(2)]
    assert not mixed(mutate(pair[0], problem, space, choose, moves=3, batch=BATCH).graph)
    assert not mixed(cross(*pair, problem, space, choose).graph)


def test_the_paper_allows_a_prediction_to_be_a_code():
    assert any(mixed(random_graph(seed, CLOTHING, PAPER)) for seed in range(50))


@pytest.mark.parametrize("seed", range(5))
def test_a_parent_from_elsewhere_keeps_its_code(seed):
    graphs = (random_graph(f"{seed}:{i}", CLOTHING, PAPER) for i in range(100))
    parent = candidate(next(graph for graph in graphs if mixed(graph)))
    children = [mutate(parent, description(CLOTHING), DEFAULT, RandomChoose(f"{i}"), batch=BATCH) for i in range(20)]
    assert any(mixed(child.graph) for child in children)
