"""The conditions that the shapes of problems may have, and a check that graphs keep to them."""

from collections.abc import Iterator

from tests.spaces.graphs import Shape
from valp.check.check import check
from valp.compile.compile import lower
from valp.graph.graph import DataType, Graph
from valp.parts.own_types import like

Conditions = tuple[str, ...] | None


def conditions_of(shape: Shape) -> Iterator[Conditions]:
    """Anything, nothing, a class of an output, classes of inputs, both, one input, and all there is."""
    outputs = [output.name for output in shape.outputs if output.unit.type is DataType.DISCRETE]
    inputs = [part.name for part in shape.inputs if part.unit.type is DataType.DISCRETE]
    every = tuple(part.name for part in shape.inputs)
    yield from dict.fromkeys(
        (None, (), tuple(outputs[:1]), tuple(inputs), (*inputs, *outputs[:1]), every[:1], (*every, *outputs))
    )


def asked_by(graph: Graph) -> set[str]:
    """What the samples of a graph depend on, by its plan."""
    plan = lower(graph)
    return set().union(
        *(plan.inputs_of(x.name, "generate") for x in graph.outputs if like(x.unit.type) is DataType.SAMPLES)
    )


def require_kept(graph: Graph, conditions: Conditions, max_n: int) -> set[str]:
    """The graph is a VALP of at most this size that reads every input, and its samples keep to the conditions."""
    assert check(graph).violations == ()
    assert len(graph.networks) <= max_n
    assert {part.name for part in graph.inputs} <= {connection.source for connection in graph.connections}
    found = asked_by(graph)
    assert conditions is None or found <= set(conditions)
    assert set(graph.given) <= set(conditions or ())
    return found
