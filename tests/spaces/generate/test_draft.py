"""`Draft`: how many networks completing it may need, which sources a component can have, and what ψ is."""

from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.spaces.graphs import (
    CLOTHING,
    DISCRETE,
    FEATURES,
    FULL,
    IMAGE,
    NUMERIC,
    SAMPLES,
    SEQUENCE,
    SETTINGS,
    SEVERAL,
    shape,
    unit,
)
from valp.errors import SettingError
from valp.graph.graph import Role
from valp.parts.design import Design
from valp.parts.kinds import Need
from valp.spaces.generate.algorithm1 import complete
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.draft import Draft
from valp.spaces.generate.draft_node import INPUT, NETWORK, OUTPUT, Node
from valp.spaces.generate.space import DEFAULT, PAPER

VECTOR = {"x": unit(NUMERIC, 20)}
DATA, LATENT, CONDITION = Role.DATA, Role.LATENT, Role.CONDITION
N0, N1, N2 = ((NETWORK, i) for i in range(3))
O0, O1 = ((OUTPUT, i) for i in range(2))


def draft_of(problem, space=PAPER, seed=0):
    return Draft(problem.inputs, problem.outputs, problem.images, space, RandomChoose(seed))


def small(outputs, inputs=VECTOR, **changes):
    """A draft of the paper's space with these outputs."""
    return draft_of(shape(inputs, {f"o{i}": made for i, made in enumerate(outputs)}, 1), replace(PAPER, **changes))


def walked(setting, steps, seed):
    """A draft after random steps of Algorithm 1, and the digraph with an edge from each source to its target."""
    problem, space = SETTINGS[setting]
    draft, reads = draft_of(problem, space, seed), nx.DiGraph()
    for _ in range(steps):
        step(draft, reads)
    return draft, reads


def step(draft, reads):
    """Makes one step, if one is possible."""
    if draft.room() <= draft.needed():
        return
    target = draft.choose.category(draft.name("target"), draft.targets())
    role = draft.role(target)
    sources, makes = draft.sources(target, role), draft.creatable(target, role)
    if makes and (not sources or draft.choose.flag(draft.name("create"), 0.5)):
        sources = [draft.create(target, role, makes)]
    if sources:
        source = draft.choose.category(draft.name("source"), sources)
        draft.connect(source, target, role)
        reads.add_edge(source, target)


walks = given(st.sampled_from(list(SETTINGS)), st.integers(0, 40), st.integers(0, 10**6))
some = hypothesis_settings(max_examples=60, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("outputs", "networks"),
    [
        ([unit(NUMERIC, 3)], 1),
        ([unit(DISCRETE, 3), unit(NUMERIC, 3)], 2),
        ([unit(SAMPLES, 8)], 2),
        ([unit(SAMPLES, 8), unit(SAMPLES, 9)], 3),
    ],
)
def test_a_new_draft_needs_a_network_for_each_output_and_one_code_for_all_decoders(outputs, networks):
    assert small(outputs).needed() == networks


def test_a_network_that_fits_an_output_lowers_the_count_and_a_smaller_one_does_not():
    draft = small([unit(NUMERIC, 9), unit(NUMERIC, 4)])
    assert draft.needed() == 2
    draft.create(O1, DATA, [("g", NUMERIC)])
    assert draft.needed() == 1
    draft.create(O0, DATA, [("g", NUMERIC)])
    assert draft.needed() == 0


def test_a_decoder_needs_a_code_that_it_does_not_feed_itself():
    draft = small([unit(SAMPLES, 8), unit(NUMERIC, 4)])
    assert draft.needed() == 3
    draft.connect(draft.create(O0, DATA, [("d", SAMPLES)]), O0, DATA)
    draft.connect(draft.create(O1, DATA, [("g", NUMERIC)]), O1, DATA)
    assert draft.needed() == 0  # the Generic MLP can serve both
    draft.connect(N0, N1, DATA)
    assert draft.needed() == 1  # now it reads the decoder
    assert draft.sources(N0, LATENT) == []


def test_a_transposed_decoder_needs_a_bottleneck_which_needs_a_code_of_its_width():
    problem = replace(shape(VECTOR, {"o0": unit(SAMPLES, 784)}, 2), images={"o0": (1, 28, 28)})
    draft = draft_of(problem, replace(FULL, output_units=(8, 8)))
    draft.create(O0, DATA, [("t", SAMPLES)])
    assert draft.needed() == 2
    draft.connect(draft.create(N0, DATA, [("b", NUMERIC)]), N0, DATA)
    assert draft.nodes[1].exactly == 8
    assert draft.needed() == 1
    draft.connect(draft.create(N1, LATENT, [("g", NUMERIC)]), N1, LATENT)
    assert draft.unit(N2).size == 8
    assert draft.needed() == 0


@some
@walks
def test_completing_a_draft_creates_at_most_the_needed_networks(setting, steps, seed):
    draft, _ = walked(setting, steps, seed)
    draft.most = len(draft.nodes) + draft.needed()
    complete(draft)
    assert len(draft.nodes) <= draft.most
    assert draft.open == set()
    assert draft.unread_inputs() == []
    assert draft.needed() == 0


@some
@walks
def test_no_step_makes_a_draft_need_more_networks_than_there_is_room_for(setting, steps, seed):
    draft, reads = walked(setting, 0, seed)
    for _ in range(steps):
        step(draft, reads)
        assert draft.needed() <= draft.room()


@some
@walks
def test_sources_are_new_to_their_target_and_do_not_read_it(setting, steps, seed):
    draft, reads = walked(setting, steps, seed)
    for target in draft.targets():
        below = {target, *(nx.descendants(reads, target) if target in reads else ())}
        for source in draft.sources(target, draft.role(target)):
            assert source not in below
            assert not reads.has_edge(source, target)


@some
@walks
def test_sources_of_an_output_have_its_type_and_at_least_its_size(setting, steps, seed):
    draft, _ = walked(setting, steps, seed)
    for i, output in enumerate(draft.outputs):
        for source in draft.sources((OUTPUT, i), DATA):
            assert draft.unit(source).type is output.unit.type
            assert draft.unit(source).size >= output.unit.size


@some
@walks
def test_asking_for_sources_and_makes_changes_nothing_in_the_draft(setting, steps, seed):
    draft, _ = walked(setting, steps, seed)
    draft.most = len(draft.nodes) + draft.needed() + 1  # little room: each connection and creation is tested

    def state():
        return [*draft.nodes], [node.below for node in draft.nodes], set(draft.open), [*draft.arrivals], draft.needed()

    for target in draft.targets():
        role, before = draft.role(target), state()
        draft.sources(target, role)
        draft.creatable(target, role)
        assert state() == before


@pytest.mark.parametrize(("problem", "space"), [(SEVERAL, PAPER), (IMAGE, FULL), (SEQUENCE, FULL)])
def test_without_room_nothing_can_be_created_for_a_new_draft(problem, space):
    draft = draft_of(problem, space)
    draft.most = 0
    assert draft.room() == 0
    assert all(draft.creatable(target, DATA) == [] for target in draft.targets())


def test_a_component_is_open_until_it_has_a_source():
    draft = small([unit(NUMERIC, 3)])
    assert draft.open == {O0}
    network = draft.create(O0, DATA, draft.creatable(O0, DATA))
    assert draft.open == {O0, N0}
    draft.connect(network, O0, DATA)
    assert draft.open == {N0}
    assert draft.unread_inputs() == [0]
    draft.connect((INPUT, 0), N0, DATA)
    assert draft.open == set()
    assert draft.unread_inputs() == []


def test_a_network_that_takes_one_source_is_no_target_once_it_has_it():
    problem = replace(shape(VECTOR, {"o0": unit(SAMPLES, 784)}, 3), images={"o0": (1, 28, 28)})
    draft = draft_of(problem, FULL)
    draft.create(O0, DATA, [("t", SAMPLES)])
    draft.create(N0, DATA, [("b", NUMERIC)])
    assert draft.targets() == [O0, N0, N1]
    draft.connect(draft.create(N1, LATENT, [("g", NUMERIC)]), N1, LATENT)
    assert draft.targets() == [O0, N0, N2]


def test_a_decision_has_the_slot_of_the_next_network_and_counts_from_1():
    draft = small([unit(NUMERIC, 3)])
    assert [draft.name("a"), draft.name("a"), draft.name("b")] == ["n0.a.1", "n0.a.2", "n0.b.1"]
    draft.create(O0, DATA, [("g", NUMERIC)])
    assert draft.name("a") == "n1.a.1"


@pytest.mark.parametrize(("phi", "role"), [(0, LATENT), (1, CONDITION)])
def test_the_first_connection_into_a_decoder_is_latent_and_phi_decides_the_others(phi, role):
    draft = small([unit(SAMPLES, 8), unit(NUMERIC, 3)], phi=phi)
    draft.create(O0, DATA, [("d", SAMPLES)])
    assert draft.role(N0) is LATENT
    draft.connect(draft.create(N0, LATENT, [("g", NUMERIC)]), N0, LATENT)
    assert draft.role(N0) is role
    assert draft.role(O1) is draft.role(N1) is DATA


@pytest.mark.parametrize("seed", range(8))
def test_an_output_gets_its_full_width_and_a_latent_connection_an_even_number(seed):
    problem = shape(VECTOR, {"s": unit(SAMPLES, 8), "o": unit(NUMERIC, 3)}, 3)
    draft = draft_of(problem, replace(PAPER, partial=1, output_units=(5, 9)), seed)
    network = draft.create(O0, DATA, [("d", SAMPLES)])
    code = draft.create(network, LATENT, [("g", NUMERIC)])
    draft.connect(code, network, LATENT)
    draft.connect(code, O1, DATA)
    ((_, _, latent),) = draft.nodes[0].sources
    ((_, whole),) = draft.arrivals[1]
    width = draft.unit(code).size
    count = width if latent is None else len(latent)
    assert count % 2 == 0
    assert 2 <= count <= width
    assert len(whole) == 3
    assert list(whole) == sorted(set(whole))
    assert max(whole) < width


def test_a_network_that_reads_features_gets_whole_channels():
    problem = shape({"signal": unit(FEATURES, 3, 8)}, {"o": unit(FEATURES, 2, 8)}, 1)
    counts = set()
    for seed in range(20):
        draft = draft_of(problem, replace(FULL, partial=1), seed)
        draft.connect((INPUT, 0), draft.create(O0, DATA, [("r", FEATURES)]), DATA)
        ((_, _, indices),) = draft.nodes[0].sources
        indices = range(24) if indices is None else indices
        assert [*indices] == [8 * c + i for c in sorted({index // 8 for index in indices}) for i in range(8)]
        counts.add(len(indices))
    assert counts == {8, 16, 24}


def test_without_partial_connections_every_variable_is_transported():
    draft = small([unit(NUMERIC, 3)], partial=0)
    draft.connect((INPUT, 0), draft.create(O0, DATA, [("g", NUMERIC)]), DATA)
    assert draft.nodes[0].sources == [((INPUT, 0), DATA, None)]


def test_an_input_with_a_shape_is_read_by_networks_that_read_it_and_other_inputs_by_those_for_any_type():
    draft = draft_of(SEQUENCE, FULL)
    draft.create(O0, DATA, [("r", NUMERIC)])
    draft.create(O1, DATA, [("delta", DISCRETE)])
    draft.create((OUTPUT, 2), DATA, [("d", SAMPLES)])
    assert draft.readers(0) == [N0]
    assert draft.readers(1) == draft.readers(2) == [N1]
    assert (INPUT, 0) not in draft.sources(N1, DATA)
    assert {(INPUT, 1), (INPUT, 2)} <= {*draft.sources(N1, DATA)}


def test_an_output_that_no_kind_produces_is_refused_with_its_name():
    problem = shape(VECTOR, {"a": unit(NUMERIC, 3), "signal": unit(FEATURES, 2, 8)}, 1)
    with pytest.raises(SettingError, match=r"the paper space \(g, delta, d\) has no .* that produces output 'signal'"):
        draft_of(problem)


@pytest.mark.parametrize(
    ("kind", "made", "need", "exactly"),
    [
        ("g", unit(NUMERIC, 3), None, None),
        ("g", unit(SAMPLES, 3), Need.SAMPLES, None),
        ("d", unit(SAMPLES, 3), Need.CODE, None),
        ("b", unit(NUMERIC, 3), Need.WIDE_CODE, 6),
        ("t", unit(SAMPLES, 3), Need.SAMPLED, None),
    ],
)
def test_a_node_has_the_need_of_its_kind_and_type_and_the_width_that_its_sources_must_have(kind, made, need, exactly):
    node = Node(kind, Design(made, ()), "", "", 1)
    assert (node.unit, node.need, node.exactly) == (made, need, exactly)
    assert node.row.code == kind


def test_nodes_do_not_share_their_lists_of_sources():
    one, other = (Node("g", Design(unit(NUMERIC, 3), ()), "", "", 1) for _ in range(2))
    one.sources.append(((INPUT, 0), DATA, None))
    assert other.sources == []


def test_equal_seeds_draw_equal_drafts():
    one, other = (walked("clothing/default", 30, 5)[0] for _ in range(2))
    assert one.nodes == other.nodes
    assert one.choose.decisions == other.choose.decisions
    assert len(one.nodes) > 3
    assert draft_of(CLOTHING, DEFAULT).nodes == []
