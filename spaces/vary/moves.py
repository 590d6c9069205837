"""The moves, one row each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from valp.spaces.generate.draft_node import NETWORK, Place
from valp.spaces.generate.space import Space
from valp.spaces.vary import (
    beta_moves as weights,
)
from valp.spaces.vary import (
    connection_moves as connections,
)
from valp.spaces.vary import (
    layer_moves as layers,
)
from valp.spaces.vary import (
    network_moves as networks,
)
from valp.spaces.vary import (
    training_moves as training,
)
from valp.spaces.vary import (
    unit_moves as units,
)
from valp.spaces.vary.revision import Revision


def _network(index: int) -> Place:
    return NETWORK, index


def _first(pair: tuple[Any, Any]) -> Place:
    """Of a connection its target, of a layer its network, of two networks the one that stays."""
    return pair[0] if isinstance(pair[0], tuple) else (NETWORK, pair[0])


def _second(pair: tuple[Place, Place]) -> Place:
    return pair[1]


def _itself(place: Place) -> Place:
    return place


@dataclass(frozen=True)
class Move:
    """A small change of a candidate.

    Attributes:
        title: a line about it.
        sites: where it could be made.
        make: makes it at a site, and returns whether that was possible; what then lacks a source, or feeds nothing, is
            put right by `Revision.completed`.
        at: the component that a site is of; None if moves of this kind are of no component.
        offered: whether a space has moves of this kind at all; where it has none, they are not among the tried ones.
        weight: how often it is tried, beside the others.
    """

    title: str
    sites: Callable[[Revision], Sequence[Any]]
    make: Callable[[Revision, Any], bool]
    at: Callable[[Any], Place] | None = None
    weight: int = 1
    offered: Callable[[Space], bool] = lambda _: True


MOVES: dict[str, Move] = {
    "add": Move("a new network as a further source", networks.addable, networks.add, _itself),
    "insert": Move("a new network in the middle of a connection", networks.insertable, networks.insert, _first),
    "remove": Move("a network goes, and its sources take its place", networks.removable, networks.remove, _network, 2),
    "split in parallel": Move(
        "two networks for one, side by side", networks.parallel, networks.split_in_parallel, _network
    ),
    "repeat": Move(
        "a second of a network beside it, for the same outputs", networks.repeatable, networks.repeat, _network, 4
    ),
    "repeat instead": Move(
        "a second of a network, in the place of one that serves other outputs alone",
        networks.replaceable,
        networks.repeat_instead,
        _first,
        4,
    ),
    "split in series": Move(
        "two networks for one, one behind the other", networks.series, networks.split_in_series, _network
    ),
    "merge": Move("one network for two of a kind and type", networks.mergeable, networks.merge, _first),
    "connect": Move("a further connection", connections.targets, connections.connect, _itself),
    "condition": Move(
        "a first condition of a decoder", connections.unconditioned, connections.condition, _itself, weight=10
    ),
    "read": Move("a network reads an input itself", connections.distant, connections.read, _second, weight=3),
    "read alone": Move("a network reads inputs alone", connections.indirect, connections.read_alone, _second, weight=4),
    "disconnect": Move("a connection less", connections.spare, connections.disconnect, _first),
    "rewire": Move("another source for a connection", connections.links, connections.rewire, _first),
    "role": Move("latent or condition", connections.into_decoders, connections.change_role, _first),
    "psi": Move("other variables for a connection", connections.variable, connections.transport, _first),
    "whole": Move("all variables for a connection", connections.partial, connections.transport_all, _first, weight=4),
    "combiner": Move("another combiner", layers.combinable, layers.recombine, _network),
    "widen": Move("wider hidden layers, all of a network", layers.broadenable, layers.broaden, _network, weight=4),
    "widen layer": Move("a wider hidden layer", layers.widenable, layers.widen, _first),
    "narrow layer": Move("a narrower hidden layer", layers.narrowable, layers.narrow, _first),
    "deepen": Move("one hidden layer more", layers.deepenable, layers.deepen, _network),
    "make shallower": Move("one hidden layer less", layers.shallowable, layers.make_shallower, _network),
    "grow output": Move("a wider output unit", units.growable, units.grow, _network),
    "shrink output": Move("a narrower output unit", units.shrinkable, units.shrink, _network),
    "redesign": Move("other convolutional or recurrent layers", units.redesignable, units.redesign, _network),
    "activation": Move("another activation", layers.activatable, layers.activate, _first),
    "initializer": Move("another initialiser", layers.initialisable, layers.initialise, _first),
    "restyle": Move(
        "one activation and one initialiser, all layers of a network", layers.restylable, layers.restyle, _network, 5
    ),
    "normalise": Move("batch normalisation, or none", layers.normalisable, layers.normalise, _network),
    "beta": Move("another β of a loss", weights.weighed, weights.weigh, weight=4),
    "beta_kl": Move("another β of a KL loss", weights.diverging, weights.weigh_divergence),
    "learning_rate": Move("another learning rate", training.hurried, training.hurry, weight=2),
    "batch": Move("another batch size, for as many samples", training.batches, training.batch),
    "kl_warmup": Move("another KL warm-up", training.warmups, training.warm_up),
    "balance": Move(
        "another balancing method, or another setting of it",
        training.balances,
        training.rebalance,
        weight=2,
        offered=training.searches_balance,
    ),
}
"""By name. Those that balance what is learnt, and unlearn nothing, are tried more often, and so are widening whole
networks, reading inputs alone, which rids a graph of detours, and transporting all of a source: a network sees no more
than it is given. An ensemble errs less than its members, and grows by one at a time: so networks are often repeated,
and where a graph is full, instead of others. Where layers each have an activation and an initialiser of their own,
these are seldom good together: networks often get one of each. Most of all a decoder's first condition is tried, for
nothing helps samples as much, and it can be made but once."""


def tried_in(space: Space) -> tuple[str, ...]:
    """The names of the moves that a space has, each as often as its weight."""
    return tuple(name for name, move in MOVES.items() if move.offered(space) for _ in range(move.weight))
