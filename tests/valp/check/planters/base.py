"""What planters share. A planter breaks a rule in a graph that keeps it, and returns where."""

from collections.abc import Callable
from random import Random

from valp.graph.graph import DataType, DataUnit, Graph, PrimaryNetwork

Planted = tuple[Graph, str]
"""The broken graph, and the component where it is broken."""

Planter = Callable[[Graph, Random], Planted | None]
"""None where the graph has no place for the violation."""


def changed(graph, part, old, **fields):
    """The graph with one of its parts changed."""
    parts = [item.model_copy(update=fields) if item is old else item for item in getattr(graph, part)]
    return graph.model_copy(update={part: tuple(parts)})


def more(graph, part, *items):
    return graph.model_copy(update={part: (*getattr(graph, part), *items)})


def kept(graph, part, keep):
    return graph.model_copy(update={part: tuple(item for item in getattr(graph, part) if keep(item))})


def pick(random, items):
    items = list(items)
    return random.choice(items) if items else None


def network(graph, name):
    return next((x for x in graph.networks if x.name == name), None)


def unit_of(graph, name):
    found = next(x for x in graph.components if x.name == name)
    return found.output if isinstance(found, PrimaryNetwork) else found.unit


def with_unit(graph, name, unit):
    """The graph with another unit of a component."""
    for part, field in (("inputs", "unit"), ("networks", "output"), ("outputs", "unit")):
        for item in getattr(graph, part):
            if item.name == name:
                return changed(graph, part, item, **{field: unit})
    raise AssertionError(name)


def flat(type_, size):
    """A unit of a type; Features have pixels of one channel each."""
    return DataUnit(type=type_, shape=(size, 1, 1) if type_ is DataType.FEATURES else (size,))


def of_type(graph, name, type_):
    """The graph with a component's unit of another type and the same size."""
    return with_unit(graph, name, flat(type_, unit_of(graph, name).size))


def with_indices(graph, connection, indices):
    return changed(graph, "connections", connection, indices=tuple(indices)), connection.name
