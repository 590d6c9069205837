"""Where a given class conditions samples, z has a prior that depends on the class, in every graph of a search."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.spaces.graphs import CLOTHING, IMAGE, SEVERAL, SPACE_SETTINGS, random_graph
from tests.spaces.handmade import description
from tests.spaces.kept_conditions import asked_by, conditions_of
from valp.compile.compile import lower
from valp.graph.graph import Graph, Role
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER
from valp.spaces.vary import cross, mutate

BOTH = ("normal", "mixture")
SEVERAL_PRIORS = replace(DEFAULT, priors=BOTH)
PAIRS = [
    (CLOTHING, SEVERAL_PRIORS),
    (SEVERAL, SEVERAL_PRIORS),
    (IMAGE, replace(FULL, priors=BOTH)),
    (CLOTHING, replace(PAPER, any_condition=False)),
]


def with_mixtures(graph: Graph) -> Graph:
    networks = tuple(network.model_copy(update={"prior": "mixture"}) for network in graph.networks)
    return graph.model_copy(update={"networks": networks})


def require_suited(graph: Graph) -> int:
    """All latent variables that make samples together with a class depend on it; returns their number."""
    suited = {group.name for group in lower(with_mixtures(graph)).groups if group.given}
    assert suited == {group.name for group in lower(graph).groups if group.given}
    return len(suited)


@given(
    seed=st.integers(0, 2**31),
    pair=st.sampled_from(PAIRS[:3]),
    which=st.integers(0, 6),
    settings=st.fixed_dictionaries(SPACE_SETTINGS),
)
@hypothesis_settings(max_examples=100, deadline=None, derandomize=True)
def test_in_every_graph_and_its_children(seed, pair, which, settings):
    wanted, space = pair[0], replace(pair[1], **settings)
    several = list(conditions_of(wanted))
    conditions = several[which % len(several)]
    problem = description(wanted).model_copy(update={"conditions": conditions})
    graphs = [random_graph(f"{seed}:{i}", wanted, space, conditions=conditions) for i in range(2)]
    parents = [Candidate(graph=graph, training=Training(steps=200, batch=8)) for graph in graphs]
    child = mutate(parents[0], problem, space, RandomChoose(seed), batch=8)
    for graph in (*graphs, child.graph, cross(*parents, problem, space, RandomChoose(seed)).graph):
        require_suited(graph)


def test_the_move_that_changes_priors_keeps_to_it_and_n_0_i_stays_where_no_class_conditions():
    problem, found, moved = description(CLOTHING).model_copy(update={"conditions": ("garment",)}), Counter(), 0
    for seed in range(120):
        graph = random_graph(seed, CLOTHING, replace(SEVERAL_PRIORS, phi=0.8), conditions=("garment",))
        parent = Candidate(graph=graph, training=Training(steps=200, batch=8))
        child = mutate(parent, problem, SEVERAL_PRIORS, RandomChoose(seed), moves=1, batch=8, rather=("prior",))
        for made in (graph, child.graph):
            found["suited"] += require_suited(made)
            targets = {c.target for c in made.connections if c.role is Role.LATENT}
            found["normal"] += sum(network.prior == "normal" for network in made.networks if network.name in targets)
        moved += child.moves == ("prior",)
    assert found["suited"] > 25
    assert found["normal"] > 30
    assert moved > 10


@pytest.mark.parametrize(("wanted", "space"), PAIRS)
def test_a_space_without_such_a_prior_keeps_its_own(wanted, space):
    space, some = replace(space, priors=("normal",), phi=0.8), 0
    for seed in range(30):
        graph = random_graph(seed, wanted, space, conditions=("garment",))
        assert {network.prior for network in graph.networks} == {"normal"}
        some += bool(asked_by(graph))
    assert some or "garment" not in {output.name for output in wanted.outputs} or not space.discrete_conditions
