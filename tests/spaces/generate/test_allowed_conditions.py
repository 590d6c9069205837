"""Samples of the graphs that Algorithm 1 draws depend only on what a problem says."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.spaces.graphs import (
    CLASSES,
    CLOTHING,
    DISCRETE,
    IMAGE,
    SAMPLES,
    SETTINGS,
    SEVERAL,
    SHAPED,
    SHAPES,
    SPACE_SETTINGS,
    random_graph,
    shape,
    unit,
)
from tests.spaces.kept_conditions import asked_by, conditions_of, require_kept
from valp.graph.graph import Role
from valp.spaces.generate.choose import RandomChoose, RecordedChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER

GRAPHS = 8
SAMPLED = {name: setting for name, setting in SETTINGS.items() if setting[0] is not CLASSES}


@pytest.mark.parametrize("name", SAMPLED)
def test_samples_depend_only_on_the_conditions_of_the_problem(name):
    wanted, space = SAMPLED[name]
    space = replace(space, any_condition=False)
    for conditions in conditions_of(wanted):
        for seed in range(GRAPHS):
            require_kept(random_graph(seed, wanted, space, conditions=conditions), conditions, space.max_n)


PAIRS = [(found, space) for found in (CLOTHING, SEVERAL) for space in (PAPER, DEFAULT, FULL)]
PAIRS += [(found, FULL) for found in SHAPED.values()]


@given(
    seed=st.integers(0, 2**31),
    pair=st.sampled_from(PAIRS),
    which=st.integers(0, 6),
    settings=st.fixed_dictionaries(SPACE_SETTINGS),
)
@hypothesis_settings(max_examples=200, deadline=None, derandomize=True)
def test_for_any_settings_samples_keep_to_their_conditions_and_decisions_can_be_repeated(seed, pair, which, settings):
    wanted, space = pair[0], replace(pair[1], any_condition=False, **settings)
    several = list(conditions_of(wanted))
    conditions = several[which % len(several)]
    choose = RandomChoose(seed)
    graph = random_graph(seed, wanted, space, choose, conditions)
    require_kept(graph, conditions, space.max_n)
    recorded = RecordedChoose(json.loads(json.dumps(choose.decisions)))
    assert random_graph(seed, wanted, space, recorded, conditions) == graph


@pytest.mark.slow
@pytest.mark.parametrize("space", [DEFAULT, FULL], ids=lambda space: space.name)
def test_thousands_of_graphs_keep_to_their_conditions(space):
    shapes = [found for found in (*SHAPES.values(), *SHAPED.values()) if found is not CLASSES]
    for wanted in shapes if space is FULL else shapes[:2]:
        for conditions in conditions_of(wanted):
            for seed in range(1000):
                require_kept(random_graph(seed, wanted, space, conditions=conditions), conditions, space.max_n)


@pytest.mark.parametrize("name", ["clothing", "several"])
def test_max_n_may_be_as_small_as_without_conditions(name):
    wanted = SHAPES[name]
    space = replace(DEFAULT, max_n=wanted.least)
    for conditions in conditions_of(wanted):
        for seed in range(20):
            require_kept(random_graph(seed, wanted, space, conditions=conditions), conditions, wanted.least)


@pytest.mark.parametrize("space", [DEFAULT, FULL], ids=lambda space: space.name)
def test_a_class_that_may_be_asked_for_conditions_samples_about_as_often_as_an_input_could(space):
    counts = {}
    for conditions in (("pixels",), ("garment",)):
        graphs = [random_graph(seed, IMAGE, space, conditions=conditions) for seed in range(500)]
        assert all(graph.given == tuple(filter(graph.predictors, conditions)) for graph in graphs)
        counts[conditions] = sum(bool(asked_by(graph)) for graph in graphs)
    assert min(counts.values()) > 10
    assert 0.4 < counts["garment",] / counts["pixels",] < 2.5


def test_the_class_that_conditions_a_decoder_is_the_one_that_the_graph_predicts():
    conditioned = 0
    for seed in range(200):
        graph = random_graph(seed, CLOTHING, replace(DEFAULT, phi=0.9), conditions=("garment",))
        types = {network.name: network.output.type for network in graph.networks}
        sources = {c.source for c in graph.connections if c.role is Role.CONDITION and types[c.source] is DISCRETE}
        assert sources <= set(graph.predictors("garment"))
        conditioned += bool(sources)
    assert conditioned > 20


def test_the_papers_space_allows_any_condition():
    for seed in range(30):
        assert random_graph(seed, CLOTHING, PAPER, conditions=()) == random_graph(seed, CLOTHING, PAPER)
        assert random_graph(seed, CLOTHING, PAPER, conditions=("garment",)).given == ()


def test_conditions_change_nothing_where_nothing_is_generated():
    for seed in range(30):
        assert random_graph(seed, CLASSES, FULL, conditions=("c",)) == random_graph(seed, CLASSES, FULL)


def test_samples_of_several_inputs_that_are_samples_are_not_copies_of_them():
    wanted = shape({"a": unit(SAMPLES, 12), "k": unit(DISCRETE, 3)}, {"s": unit(SAMPLES, 12)}, least=2)
    found = Counter(
        frozenset(require_kept(random_graph(seed, wanted, space, conditions=("k",)), ("k",), space.max_n))
        for space in (DEFAULT, replace(DEFAULT, max_n=2), replace(DEFAULT, alpha=0.1), FULL)
        for seed in range(50)
    )
    assert found.keys() == {frozenset(), frozenset({"k"})}
