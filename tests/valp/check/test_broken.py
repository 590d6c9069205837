"""Random graphs with one violation planted: `check` names the rule and the place."""

from collections import Counter
from itertools import count
from random import Random

import pytest

from tests.valp.check.planters import PLANTERS
from tests.valp.random_graphs import random_graph
from valp.check.check import GraphError, check
from valp.check.rules import RULES
from valp.compile.compile import compile
from valp.graph.graph import Graph


def test_every_rule_has_a_planter():
    assert set(PLANTERS) == {rule.code for rule in RULES}


def broken_graphs(number):
    """This number of graphs with the planted violations: the rules in turn, the graphs at random."""
    seeds, made = count(60_000), 0
    while made < number:
        for code, planter in PLANTERS.items():
            planted = None
            while planted is None:
                seed = next(seeds)
                planted = planter(random_graph(seed), Random(seed))
            yield code, *planted
            made += 1


@pytest.mark.parametrize("number", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_planted_violation_is_reported_in_its_place(number):
    planted = Counter()
    for code, graph, component in broken_graphs(number):
        assert Graph.model_validate_json(graph.model_dump_json()) == graph
        found = {(violation.code, violation.component) for violation in check(graph).violations}
        assert (code, component) in found, f"{code} at {component}: {graph.model_dump_json()}"
        planted[code] += 1
    assert min(planted.values()) >= number // len(RULES)


def test_a_broken_graph_is_not_compiled():
    for code, graph, _ in broken_graphs(60):
        with pytest.raises(GraphError, match=code):
            compile(graph)
