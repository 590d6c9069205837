"""Planters of the rules on the size of a graph."""

from tests.valp.check.planters.base import Planter, changed, flat, more, pick, unit_of, with_unit
from valp.check.rules.size_rules import CONNECTIONS, LAYER_NUMBER, LAYERS, VARIABLES
from valp.graph.graph import Convolution, Dense, Loss


def count(graph, random):
    victim = random.choice(graph.networks)
    return random.choice([
        (more(graph, "losses", *[Loss(kind="mse", prediction=victim.name)] * (CONNECTIONS + 1)), "graph"),
        (changed(graph, "networks", victim, layers=(Dense(units=1),) * (LAYERS + 1)), victim.name),
    ])  # fmt: skip


def width(graph, random):
    name, victim = random.choice(graph.components).name, random.choice(graph.networks)
    return random.choice([
        (with_unit(graph, name, flat(unit_of(graph, name).type, VARIABLES + 1)), name),
        (changed(graph, "networks", victim, layers=(Dense(units=LAYER_NUMBER + 1),)), victim.name),
    ])  # fmt: skip


def layer_values(graph, random):
    """Two convolutions in front of the others: one pads far too much, the other takes the padding away."""
    victim = pick(random, (x for x in graph.networks if x.layers and isinstance(x.layers[0], Convolution)))
    if victim is None:
        return None
    sides = len(victim.layers[0].kernel)
    padding, one = 1500 if sides == 2 else 2**18, (1,) * sides
    words = {"stride": one, "pool": one}
    wide = Convolution(channels=64, kernel=one, padding=(padding,) * sides, **words)
    back = Convolution(channels=1, kernel=(2 * padding + 1,) * sides, padding=(0,) * sides, **words)
    return changed(graph, "networks", victim, layers=(wide, back, *victim.layers)), victim.name


def parameters(graph, random):
    victim = pick(random, (x for x in graph.networks if x.layers and isinstance(x.layers[0], Dense)))
    if victim is None:
        return None
    layers = (*(Dense(units=2**19),) * 2, *victim.layers)
    return changed(graph, "networks", victim, layers=layers), victim.name


FIRST_SIZES: dict[str, Planter] = {"count": count, "width": width}
TOTAL_SIZES: dict[str, Planter] = {"layer-values": layer_values, "parameters": parameters}
