"""Mutation and crossover: every child is a VALP of the space."""

import json
from collections import Counter
from dataclasses import replace
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spaces.graphs import CLOTHING, IMAGE, SEQUENCE, SETTINGS, SEVERAL, SHAPED, SHAPES, random_graph, shape, unit
from tests.spaces.handmade import description, odd_graph
from valp.check.check import check
from valp.check.keys import content_key
from valp.errors import SettingError
from valp.graph.graph import DataType, Dense, Graph, Role
from valp.parts.kinds import KINDS
from valp.parts.losses import KL
from valp.parts.own_types import like
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.catalogue import CATALOGUE
from valp.spaces.generate.assembly import range_of_beta
from valp.spaces.generate.choose import Choose, RandomChoose, RecordedChoose
from valp.spaces.generate.draft_node import NETWORK, OUTPUT
from valp.spaces.generate.space import DEFAULT, FULL, PAPER
from valp.spaces.vary import MOVES, cross, mutate
from valp.spaces.vary.beta_moves import stepped
from valp.spaces.vary.crossover import MOST_OUTPUTS
from valp.spaces.vary.mutation import moved as one_move
from valp.spaces.vary.numbered_choices import AGAIN, Numbered
from valp.spaces.vary.variation import opened
from valp.train.balance import Balance

BALANCES = (Balance(), Balance(method="uncertainty"))
PAIRS = [(shape, space) for shape in SHAPES.values() for space in (PAPER, DEFAULT, FULL)]
PAIRS += [(shape, replace(FULL, balances=BALANCES, priors=("normal", "mixture"))) for shape in SHAPED.values()]
"""Shapes of problems, each in spaces that serve them."""

IN_ONE_NETWORK = {
    "combiner",
    "widen",
    "widen layer",
    "narrow layer",
    "deepen",
    "make shallower",
    "activation",
    "initializer",
    "restyle",
    "normalise",
}
"""The moves that change only a network."""

SEARCHED = {"learning_rate", "batch", "kl_warmup", "balance"}
"""The moves that change only the training, with the names of the fields that they change."""


BATCH, SAMPLES_SEEN = 8, 1600


def drawn(seed, shape, space) -> Candidate:
    rate = RandomChoose(f"{seed}:rate").real("learning_rate", *space.learning_rate, log_scale=True)
    training = Training(learning_rate=rate, steps=SAMPLES_SEEN // BATCH, batch=BATCH, seed=3)
    return Candidate(graph=random_graph(seed, shape, space), training=training)


def child_of(variation) -> Candidate:
    return Candidate(graph=variation.graph, training=variation.training)


def chain(seed, shape, space, count):
    """A drawn candidate's descendants by one move each: parent, child."""
    parent, problem = drawn(seed, shape, space), description(shape)
    for i in range(count):
        child = mutate(parent, problem, space, RandomChoose(f"{seed}:{i}"), moves=1, batch=BATCH)
        yield parent, child
        parent = child_of(child)


def crossings(seed, shape, space, count):
    """Crossings among drawn candidates and their children: first, second, child."""
    pool, problem = [drawn(f"{seed}:{i}", shape, space) for i in range(3)], description(shape)
    for i in range(count):
        first, second = pool[i % 3], pool[(i + 1) % 3]
        child = cross(first, second, problem, space, RandomChoose(f"{seed}:{i}"))
        yield first, second, child
        pool[i % 3] = child_of(child)


@pytest.fixture(scope="module")
def moved():
    """Children by one move each, of every shape and space."""
    return [
        (*found, space) for i in range(44) for found in chain(i, *PAIRS[i % 11], 30) for space in [PAIRS[i % 11][1]]
    ]


@pytest.fixture(scope="module")
def crossed():
    return [
        (*found, space) for i in range(22) for found in crossings(i, *PAIRS[i % 11], 10) for space in [PAIRS[i % 11][1]]
    ]


def require_of_space(graph: Graph, space) -> None:
    """Networks and β lie within a space; output units also are those of outputs."""
    asked = {output.unit for output in graph.outputs}
    assert len(graph.networks) <= space.max_n
    for network in graph.networks:
        assert network.kind in space.kinds
        assert network.combiner in space.network_combiners
        assert network.initializer in space.initializers
        if KINDS[network.kind].layer is Dense:
            low, high = space.hidden_layers
            assert low <= len(network.layers) <= high
            assert all(space.units[0] <= layer.units <= space.units[1] for layer in network.layers)
            assert network.output in asked or space.output_units[0] <= network.output.size <= space.output_units[1]
        assert {layer.initializer for layer in network.layers} <= set(space.initializers)
        assert {getattr(x, "activation", "identity") for x in network.layers} <= {*space.activations, "identity"}
    for loss in graph.losses:
        data = next((output.unit.type for output in graph.outputs if output.name == loss.truth), DataType.NUMERIC)
        of_unit = range_of_beta(space, loss.kind, data, CLOTHING.variances.get(loss.truth))
        without = range_of_beta(space, loss.kind, data, None)  # not every shape says its variances
        ranges = [space.beta_kl] if loss.kind == KL else [without, of_unit]
        assert any(low <= loss.beta <= high for low, high in ranges)


def test_children_are_valps_of_their_space_with_the_inputs_and_outputs_of_the_problem(moved, crossed):
    for *parents, child, space in (*moved, *crossed):
        assert check(child.graph).violations == ()
        assert (child.graph.inputs, child.graph.outputs) == (parents[0].graph.inputs, parents[0].graph.outputs)
        require_of_space(child.graph, space)
        training = child.training
        assert space.learning_rate[0] <= training.learning_rate <= space.learning_rate[1]
        assert training.batch in space.batches_of(BATCH)
        assert training.steps * training.batch == SAMPLES_SEEN
        assert training.kl_warmup in (0, *space.kl_warmups)
        assert training.seed == parents[0].training.seed


def test_a_preferred_move_comes_first_if_it_is_possible():
    made = []
    for seed in range(33):
        shape, space = PAIRS[seed % 11]
        parent, problem, choose = drawn(seed, shape, space), description(shape), RandomChoose(f"rather {seed}")
        can = bool(MOVES["condition"].sites(opened(parent, problem, space, Numbered(choose, "look"), BATCH)))
        child = mutate(parent, problem, space, choose, batch=BATCH, rather=("condition",))
        made.append(child.moves[0] == "condition")
        assert made[-1] == can
    assert set(made) == {True, False}


def test_every_move_occurs_and_changes_what_its_name_says(moved):
    assert {name for _, child, _ in moved for name in child.moves} == MOVES.keys()
    for parent, child, _ in moved:
        (name,) = child.moves
        same = content_key(child.graph) == content_key(parent.graph)
        assert same == (name in SEARCHED)
        assert {x for x in SEARCHED if getattr(child.training, x) != getattr(parent.training, x)} == {name} & SEARCHED


def test_origins_are_networks_of_the_same_kind_and_type(moved, crossed):
    for *parents, child, _ in (*moved, *crossed):
        networks = {network.name: network for network in child.graph.networks}
        for name, (parent, origin) in child.origins.items():
            of = next(network for network in parents[parent].graph.networks if network.name == origin)
            assert (networks[name].kind, networks[name].output.type) == (of.kind, of.output.type)


def test_a_kept_network_keeps_its_name_and_a_new_one_takes_the_first_free_name(moved):
    for parent, child, _ in moved:
        before = {network.name for network in parent.graph.networks}
        for network in child.graph.networks:
            _, origin = child.origins.get(network.name, (0, None))
            assert origin == network.name or child.moves[0].startswith("split") or origin is None
        new = {network.name for network in child.graph.networks} - before
        free = [name for i in range(40) if (name := f"n{i}") not in before & {n.name for n in child.graph.networks}]
        assert new <= set(free[: len(child.graph.networks)])


def test_a_move_leaves_everything_else_as_it_was(moved):
    for parent, child, _ in moved:
        (name,) = child.moves
        before, after = parent.graph, child.graph
        changed = len(set(after.networks) - set(before.networks))
        connections = len(set(after.connections) - set(before.connections))
        if name in IN_ONE_NETWORK:
            assert (changed, connections) == (1, 0)
            assert after.losses == before.losses
        if name in ("psi", "role"):
            assert (changed, connections) == (0, 1)
        if name in ("beta", "beta_kl"):
            assert (after.networks, after.connections) == (before.networks, before.connections)
            assert len(set(after.losses) - set(before.losses)) == 1


def test_a_decoder_gets_conditions_and_a_network_that_makes_no_samples_reads_inputs(moved):
    for parent, child, _ in moved:
        networks = {network.name: network for network in child.graph.networks}
        added = set(child.graph.connections) - set(parent.graph.connections)
        if child.moves[0] in ("condition", "read"):
            (connection,) = added
            assert set(parent.graph.connections) < set(child.graph.connections)
            target = networks[connection.target]
        if child.moves[0] == "condition":
            assert (target.kind, connection.role) == ("d", Role.CONDITION)
        if child.moves[0] == "read":
            assert connection.source in {model_input.name for model_input in parent.graph.inputs}
            assert connection.role is Role.DATA
            assert like(target.output.type) is not DataType.SAMPLES


def reads(graph, name):
    """The sources of a network that are inputs, and the others."""
    inputs = {model_input.name for model_input in graph.inputs}
    sources = {connection.source for connection in graph.incoming(name)}
    return sources & inputs, sources - inputs


def test_reading_inputs_alone_removes_the_networks_in_between(moved):
    fresh = set()
    for parent, child, _ in moved:
        before, after = parent.graph, child.graph
        if child.moves[0] != "read alone":
            continue
        assert set(after.networks) <= set(before.networks)
        (name,) = (x.name for x in after.networks if reads(before, x.name)[1] and not reads(after, x.name)[1])
        assert any(c.indices is None for c in after.incoming(name) if c.source in reads(after, name)[0])
        assert (name in child.origins) == bool(reads(before, name)[0])
        fresh.add(name not in child.origins)
    assert fresh == {True, False}


def test_a_connection_that_transports_all_is_the_same_but_for_its_variables(moved):
    spaces = set()
    for parent, child, space in moved:
        if child.moves[0] != "whole":
            continue
        assert child.graph.networks == parent.graph.networks
        pairs = list(zip(parent.graph.connections, child.graph.connections, strict=True))
        (pair,) = [pair for pair in pairs if pair[0] != pair[1]]
        assert pair[0].indices is not None
        assert pair[1] == pair[0].model_copy(update={"indices": None})
        spaces.add(space.name)
    assert {"default", "paper"} <= spaces


def test_halves_that_have_the_same_sources_and_readers_do_not_have_the_same_weights(moved):
    alike = 0
    for _, child, _ in moved:
        if child.moves[0] != "split in parallel":
            continue
        graph, names = child.graph, [network.name for network in child.graph.networks]
        ends = {
            name: (
                {(c.source, c.role, c.indices) for c in graph.incoming(name)},
                {c.target for c in graph.connections if c.source == name},
            )
            for name in names
        }
        of: dict[tuple[int, str], list[str]] = {}
        for name, origin in child.origins.items():
            of.setdefault(origin, []).append(name)
        halves = [pair for pair in of.values() if len(pair) == 2]
        assert all(ends[one] != ends[other] for one, other in halves)
        alike += not halves
    assert alike


def is_another(new, graph) -> bool:
    """Whether a network, which feeds outputs alone, is made, fed and read as another one is."""
    fed = {c.target for c in graph.connections if c.source == new.name}
    arriving = {(c.source, c.role, c.indices) for c in graph.incoming(new.name)}
    alike = [
        old
        for old in graph.networks
        if old.name != new.name
        and old.model_copy(update={"name": new.name}) == new
        and {(c.source, c.role, c.indices) for c in graph.incoming(old.name)} == arriving
        and fed <= {c.target for c in graph.connections if c.source == old.name}
    ]
    return bool(alike) and bool(fed) and fed <= {output.name for output in graph.outputs}


def test_a_repeated_network_has_the_same_design_sources_and_outputs_and_fresh_weights(moved):
    repeated = 0
    for parent, child, _ in moved:
        if child.moves[0] != "repeat":
            continue
        before, after = parent.graph, child.graph
        (new,) = set(after.networks) - set(before.networks)
        assert set(before.networks) < set(after.networks)
        assert set(before.connections) < set(after.connections)
        assert is_another(new, after)
        assert like(new.output.type) is not DataType.SAMPLES
        assert new.name not in child.origins
        assert set(child.origins) == {network.name for network in before.networks}
        repeated += 1
    assert repeated


def test_in_a_full_graph_a_network_is_repeated_in_the_place_of_one_that_serves_other_outputs(moved):
    replaced = 0
    for parent, child, space in moved:
        if child.moves[0] != "repeat instead":
            continue
        before, after = parent.graph, child.graph
        assert len(before.networks) == space.max_n
        if len(before.inputs) > 1:
            continue  # an input that nothing reads any more is read by either of the two
        made = {network.name for network in after.networks} - set(child.origins)
        if any({c.source, c.target} <= made for c in after.connections):
            continue  # a network that completed the graph reads the copy
        new = [x for x in after.networks if x.name in made and is_another(x, after)]
        assert new
        served = nx.DiGraph((c.source, c.target) for c in before.connections)
        fed = {c.target for x in new for c in after.connections if c.source == x.name}
        gone = {x.name for x in before.networks} - set(child.origins)
        assert gone
        assert any(not nx.descendants(served, name) & fed for name in gone)
        replaced += 1
    assert replaced


def the_changed(parent, child):
    """The one network in which a child differs from its parent: before and now."""
    before = {network.name: network for network in parent.graph.networks}
    (changed,) = [network for network in child.graph.networks if network != before[network.name]]
    return before[changed.name], changed


def test_a_widened_network_has_no_hidden_layer_as_narrow_as_before_but_where_it_was_widest(moved):
    for parent, child, space in moved:
        if child.moves[0] != "widen":
            continue
        old_network, changed = the_changed(parent, child)
        pairs = list(zip(old_network.layers, changed.layers, strict=True))
        widths = [[getattr(layer, "units", 0) or layer.channels for layer in pair] for pair in pairs]
        assert all(old <= new for old, new in widths)
        assert any(old < new for old, new in widths)
        if isinstance(changed.layers[0], Dense):
            assert all(old < new or old >= space.units[1] for old, new in widths)


def test_a_restyled_network_has_one_activation_and_one_initializer_where_they_are_free(moved):
    restyled = 0
    for parent, child, space in moved:
        if child.moves[0] != "restyle":
            continue
        _, changed = the_changed(parent, child)
        assert not space.uniform_layers
        assert len({layer.initializer for layer in changed.layers}) == 1
        if KINDS[changed.kind].last_layer:
            assert changed.initializer == changed.layers[0].initializer
            assert len({layer.activation for layer in changed.layers}) == 1
        restyled += 1
    assert restyled


def test_moves_of_what_serves_one_output_leave_the_rest_alone():
    parent, problem = drawn(3, CLOTHING, DEFAULT), description(CLOTHING)
    numbered = Numbered(RandomChoose("focus"), "look")
    revision = opened(parent, problem, DEFAULT, numbered, BATCH)
    for output in range(len(problem.outputs)):
        serving = revision.serving((OUTPUT, output))
        names = {revision.nodes[place[1]].name for place in serving if place[0] is NETWORK}
        assert names == cone(parent.graph, [problem.outputs[output].name])
        for attempt in range(20):
            found = one_move(revision, Numbered(RandomChoose(f"{output}:{attempt}"), "moves"), ("activation",), output)
            assert found is not None
            edited, name = found
            changed = {a.name for a, b in zip(revision.nodes, edited.nodes, strict=True) if a.design != b.design}
            assert name == "activation"
            assert changed
            assert changed <= names


def test_the_number_of_moves_is_as_given_or_small():
    parent, problem = drawn(1, CLOTHING, DEFAULT), description(CLOTHING)
    assert len(mutate(parent, problem, DEFAULT, RandomChoose(0), moves=5).moves) == 5
    counts = Counter(len(mutate(parent, problem, DEFAULT, RandomChoose(seed)).moves) for seed in range(100))
    assert counts[1] > counts[2] > counts[4] > 0


def test_a_child_of_two_parents_has_each_output_from_one_of_them(crossed):
    both = 0
    for first, second, child, _ in crossed:
        both += {parent for parent, _ in child.origins.values()} == {0, 1}
        for name in SEARCHED:
            assert getattr(child.training, name) in (getattr(first.training, name), getattr(second.training, name))
        if child.moves == ("cross",) and len(child.graph.outputs) > 1:
            for output in child.graph.outputs:
                judged = [loss for loss in child.graph.losses if loss.truth == output.name]
                assert any(judged == [x for x in p.graph.losses if x.truth == output.name] for p in (first, second))
                count = len(child.graph.incoming(output.name))
                assert count in [len(p.graph.incoming(output.name)) for p in (first, second)]
    assert both > 0.6 * len(crossed)


def cone(graph, outputs):
    """The networks that feed these outputs."""
    connections = nx.DiGraph([(connection.source, connection.target) for connection in graph.connections])
    feeding = set().union(*(nx.ancestors(connections, output) for output in outputs))
    return feeding & {network.name for network in graph.networks}


def selections(names):
    """Some of the outputs, not all, with the others."""
    for count in range(1, len(names)):
        for chosen in combinations(names, count):
            yield chosen, [name for name in names if name not in chosen]


def test_nothing_is_removed_if_some_outputs_of_both_parents_fit_in_max_n(crossed):
    removed = 0
    for first, second, child, space in crossed:
        names = [output.name for output in child.graph.outputs]
        sizes = [len(cone(first.graph, kept)) + len(cone(second.graph, taken)) for taken, kept in selections(names)]
        if 1 < len(names) <= MOST_OUTPUTS and "remove" in child.moves:
            removed += 1
            assert min(sizes) > space.max_n
    assert 0 < removed < len(crossed)


@pytest.mark.parametrize("better", [{"garment"}, {"histogram", "image"}])
def test_a_child_takes_from_the_second_parent_only_the_outputs_in_which_it_is_better(better):
    roomy = replace(DEFAULT, max_n=16)
    for seed in range(20):
        first, second = drawn(f"{seed}:first", CLOTHING, DEFAULT), drawn(f"{seed}:second", CLOTHING, DEFAULT)
        child = cross(first, second, description(CLOTHING), roomy, RandomChoose(seed), better=better)
        names = [output.name for output in child.graph.outputs]
        parents = {name: {child.origins[network][0] for network in cone(child.graph, [name])} for name in names}
        assert all(parents[name] == ({1} if name in better else {0}) for name in names)


def test_crossover_of_equal_candidates_changes_nothing():
    parent = drawn(4, SEVERAL, DEFAULT)
    child = cross(parent, parent, description(SEVERAL), DEFAULT, RandomChoose(2))
    assert content_key(child.graph) == content_key(parent.graph)
    assert {network.name for network in child.graph.networks} == {network.name for network in parent.graph.networks}


@pytest.mark.parametrize("name", SHAPES)
def test_crossover_stays_within_max_n_even_if_it_is_the_least_possible(name):
    shape = SHAPES[name]
    space = replace(DEFAULT, max_n=shape.least)
    for *_, child in crossings(name, shape, space, 40):
        assert check(child.graph).passed
        assert len(child.graph.networks) <= shape.least


def given_by_hand():
    """Graphs that no space draws, by problem."""
    for wanted in (CLOTHING, IMAGE, SEVERAL):
        problem = description(wanted)
        for name, entry in CATALOGUE.items():
            try:
                yield f"{name} {len(wanted.outputs)}", problem, entry.build(problem)
            except SettingError:
                continue
        for output in wanted.outputs:
            yield f"single {output.name}", problem, single_task(problem, output.name)
    yield "odd", description(SEQUENCE), odd_graph()


@pytest.mark.parametrize(
    "space", [PAPER, DEFAULT, FULL, replace(FULL, by_shape=False)], ids=["paper", "default", "full", "dense"]
)
def test_graphs_made_by_hand_can_be_varied_too(space):
    made = 0
    for name, problem, graph in given_by_hand():
        if space.name != "full" and any(output.unit.type is DataType.FEATURES for output in graph.outputs):
            continue
        assert check(graph).passed, name
        first = parent = Candidate(graph=graph)
        for i in range(8):
            choose = RandomChoose(f"{name}:{i}")
            vary = cross(first, parent, problem, space, choose) if i == 5 else mutate(parent, problem, space, choose)
            assert check(vary.graph).violations == (), (name, vary.moves)
            assert [x.name for x in vary.graph.outputs] == [x.name for x in problem.outputs]
            assert vary.graph.inputs == problem.inputs
            parent = child_of(vary)
            made += 1
    assert made > 100


def test_a_graph_for_another_problem_is_refused():
    with pytest.raises(SettingError, match=r"input 'pixels' .* of the graph must be an input of"):
        mutate(drawn(0, CLOTHING, DEFAULT), description(SEVERAL), DEFAULT, RandomChoose(0))


@pytest.mark.parametrize("value", [0.1, 0.5, 1.0, 7.0])
def test_a_step_changes_the_value_and_stays_in_its_range(value):
    steps = [stepped(RandomChoose(seed), "step", value, (0.1, 1.0)) for seed in range(200)]
    assert all(0.1 <= step <= 1.0 and step != value for step in steps)
    assert len(set(steps)) > (1 if value > 1 else 50)


@given(seed=st.integers(0, 2**31), pair=st.sampled_from(list(SETTINGS.values())), crossing=st.booleans())
@settings(max_examples=120, deadline=None, derandomize=True)
def test_a_child_is_a_valp_and_its_recorded_decisions_make_it_again(seed, pair, crossing):
    shape, space = pair
    problem, parents = description(shape), [drawn(f"{seed}:{i}", shape, space) for i in range(2)]
    before = [parent.model_dump_json() for parent in parents]

    def made(choose):
        if crossing:
            return cross(*parents, problem, space, choose)
        return mutate(parents[0], problem, space, choose)

    choose = RandomChoose(seed)
    child = made(choose)
    assert check(child.graph).violations == ()
    assert len(child.graph.networks) <= space.max_n
    assert Graph.model_validate_json(child.graph.model_dump_json()) == child.graph
    assert [parent.model_dump_json() for parent in parents] == before
    recorded = RecordedChoose(json.loads(json.dumps(choose.decisions)))
    assert made(recorded) == child
    assert recorded.decisions == choose.decisions


def test_one_source_of_decisions_serves_several_calls():
    problem, parents = description(CLOTHING), [drawn(i, CLOTHING, DEFAULT) for i in range(2)]

    def made(choose):
        child = child_of(cross(*parents, problem, DEFAULT, choose))
        for _ in range(2):
            child = child_of(mutate(child, problem, DEFAULT, choose))
        return child

    choose = RandomChoose(8)
    assert made(choose) == made(RecordedChoose(choose.decisions))


class Every(Choose):
    """Takes the decisions of a path, then the first option of each; `radices` has how many options each had.

    A decision that is made because an earlier choice led nowhere has one: the earlier choice has the others.
    """

    def __init__(self, path):
        super().__init__()
        self.path, self.radices = list(path), []

    def _next(self, options):
        if len(self.radices) == len(self.path):
            self.path.append(0)
        self.radices.append(options)
        return self.path[len(self.radices) - 1]

    def draw_integer(self, name, low, high, log_scale):
        return low + self._next(1 if name.endswith(AGAIN) else high - low + 1)

    def draw_real(self, name, low, high, log_scale):
        return low

    def flag(self, name, probability):
        self.decisions[name] = value = probability >= 1 or (probability > 0 and bool(self._next(2)))
        return value

    def subset(self, name, size, count):
        self.decisions[name] = 0
        options = list(combinations(range(size), count))
        return options[self._next(len(options))]


def every_child(graph, problem, space):
    """The children by one move, over all decisions."""
    path = []
    while True:
        choose = Every(path)
        yield mutate(Candidate(graph=graph), problem, space, choose, moves=1).graph
        path = choose.path
        while path and path[-1] + 1 == choose.radices[len(path) - 1]:
            path.pop()
        if not path:
            return
        path[-1] += 1


SMALL = replace(
    DEFAULT,
    max_n=3,
    hidden_layers=(1, 1),
    units=(2, 2),
    output_units=(2, 2),
    activations=("relu",),
    network_combiners=("addition",),
    partial=0.0,
    beta=(1.0, 1.0),
    beta_kl=(1.0, 1.0),
    beta_error=None,
    learning_rate=(1e-3, 1e-3),
    batches=(1.0,),
    kl_warmups=(0.0,),
)


@pytest.mark.parametrize(
    ("outputs", "least", "changes"),
    [
        pytest.param({"c": unit(DataType.DISCRETE, 2)}, 1, {"max_n": 2}, id="two networks"),
        pytest.param({"c": unit(DataType.DISCRETE, 2)}, 1, {}, id="classes", marks=pytest.mark.slow),
        pytest.param(
            {"x": unit(DataType.NUMERIC, 2)},
            1,
            {"max_n": 2, "output_units": (2, 3), "hidden_layers": (0, 1)},
            id="sizes and layers",
            marks=pytest.mark.slow,
        ),
        pytest.param({"s": unit(DataType.SAMPLES, 2)}, 2, {}, id="samples", marks=pytest.mark.slow),
        pytest.param(
            {"s": unit(DataType.SAMPLES, 2), "c": unit(DataType.DISCRETE, 2)}, 3, {}, id="both", marks=pytest.mark.slow
        ),
    ],
)
def test_moves_lead_from_every_graph_of_a_space_to_every_other(outputs, least, changes):
    """From every start the same graphs are reached: the digraph of all moves is strongly connected."""
    wanted, space = shape({"a": unit(DataType.NUMERIC, 2)}, outputs, least), replace(SMALL, **changes)
    problem = description(wanted)
    drawn_keys = {content_key(random_graph(seed, wanted, space)) for seed in range(500)}
    start = random_graph(0, wanted, space)
    waiting, reached = {content_key(start): start}, nx.DiGraph()
    while waiting:
        key, graph = waiting.popitem()
        reached.add_node(key)
        for child in every_child(graph, problem, space):
            child_key = content_key(child)
            if child_key not in reached:
                waiting[child_key] = child
            reached.add_edge(key, child_key)
    assert nx.is_strongly_connected(reached)
    assert drawn_keys <= set(reached)
    assert len(reached) > 1


@pytest.mark.slow
def test_many_children_at_every_edge_are_valps_within_max_n():
    for number in range(700):
        shape, space = list(SETTINGS.values())[number % len(SETTINGS)]
        for _, child in chain(f"many {number}", shape, space, 25):
            assert check(child.graph).passed, (number, child.moves)
            assert len(child.graph.networks) <= space.max_n
        for *_, child in crossings(f"many {number}", shape, space, 5):
            assert check(child.graph).passed, number
            assert len(child.graph.networks) <= space.max_n
