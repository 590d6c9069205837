"""The table of moves, one row each."""

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
    prior_moves as priors,
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
    """The target of a connection, the network of a layer, or the remaining one of two networks."""
    return pair[0] if isinstance(pair[0], tuple) else (NETWORK, pair[0])


def _second(pair: tuple[Place, Place]) -> Place:
    return pair[1]


def _itself(place: Place) -> Place:
    return place


@dataclass(frozen=True)
class Move:
    """A small change of a candidate.

    Attributes:
        title: one line about the move.
        sites: the sites where the move can be made.
        make: makes the move at a site, and returns whether that was possible. `Revision.completed` then adds missing
            sources, and drops networks that feed nothing.
        at: the component of a site; None if the move does not concern a component.
        offered: whether the move can be made in a space at all. If not, it is never tried.
        weight: how often the move is tried, relative to the others.
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
    "remove": Move("a network is replaced by its sources", networks.removable, networks.remove, _network, 2),
    "split in parallel": Move(
        "a network split into two, side by side", networks.parallel, networks.split_in_parallel, _network
    ),
    "repeat": Move(
        "a copy of a network for the same outputs (an ensemble)", networks.repeatable, networks.repeat, _network, 4
    ),
    "repeat instead": Move(
        "a copy of a network, in place of a network that serves only other outputs",
        networks.replaceable,
        networks.repeat_instead,
        _first,
        4,
    ),
    "split in series": Move(
        "a network split into two, one after the other", networks.series, networks.split_in_series, _network
    ),
    "merge": Move("two networks of the same kind and type merged into one", networks.mergeable, networks.merge, _first),
    "connect": Move("a further connection", connections.targets, connections.connect, _itself),
    "condition": Move(
        "the first condition of a decoder", connections.unconditioned, connections.condition, _itself, weight=10
    ),
    "read": Move("a network reads an input directly", connections.readable, connections.read, _second, weight=3),
    "read alone": Move(
        "a network reads only inputs", connections.readable_alone, connections.read_alone, _second, weight=4
    ),
    "disconnect": Move("one connection less", connections.disconnectable, connections.disconnect, _first),
    "rewire": Move("another source for a connection", connections.links, connections.rewire, _first),
    "role": Move(
        "another role of a connection: latent or condition", connections.into_decoders, connections.change_role, _first
    ),
    "psi": Move("other variables for a connection", connections.variable, connections.transport, _first),
    "whole": Move("all variables for a connection", connections.partial, connections.transport_all, _first, weight=4),
    "combiner": Move("another combiner", layers.combinable, layers.recombine, _network),
    "widen": Move("wider hidden layers throughout a network", layers.broadenable, layers.broaden, _network, weight=4),
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
        "one activation and one initialiser for all layers of a network", layers.restylable, layers.restyle, _network, 5
    ),
    "normalise": Move("batch normalisation on or off", layers.normalisable, layers.normalise, _network),
    "beta": Move("another β of a loss", weights.weighable, weights.weigh, weight=4),
    "beta_kl": Move("another β of a KL loss", weights.weighable_divergences, weights.weigh_divergence),
    "prior": Move(
        "another prior of a network's latent variables",
        priors.changeable,
        priors.change_prior,
        priors.network_of,
        offered=priors.searches_priors,
    ),
    "learning_rate": Move(
        "another learning rate", training.learning_rate_sites, training.change_learning_rate, weight=2
    ),
    "batch": Move("another batch size, for the same number of samples", training.batches, training.batch),
    "kl_warmup": Move("another KL warm-up", training.warmups, training.warm_up),
    "balance": Move(
        "another balancing method, or another setting of it",
        training.balances,
        training.rebalance,
        weight=2,
        offered=training.searches_balance,
    ),
}
"""The moves by name. These have a higher weight:

- changes of β, learning rate and balance, because they keep what is already learned;
- wider layers throughout a network, reading only inputs (which removes detours), and transporting all variables;
- repeating a network, because an ensemble has a smaller error than its members and grows by one at a time;
- one activation and initialiser for all layers of a network, because random mixtures are rarely good;
- the first condition of a decoder, which has the highest weight, because nothing improves samples as much.
"""


def tried_in(space: Space) -> tuple[str, ...]:
    """The names of the moves that can be made in a space, each repeated as often as its weight."""
    return tuple(name for name, move in MOVES.items() if move.offered(space) for _ in range(move.weight))
