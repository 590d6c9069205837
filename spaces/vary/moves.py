"""The moves, one row each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spaces.vary import connections, layers, networks, training, units, weights
from spaces.vary.revision import Revision


@dataclass(frozen=True)
class Move:
    """A small change of a candidate.

    Attributes:
        title: a line about it.
        sites: where it could be made.
        make: makes it at a site, and returns whether that was possible; what then lacks a source, or feeds nothing, is
            put right by `Revision.completed`.
        weight: how often it is tried, beside the others.
    """

    title: str
    sites: Callable[[Revision], Sequence[Any]]
    make: Callable[[Revision, Any], bool]
    weight: int = 1


MOVES: dict[str, Move] = {
    "add": Move("a new network as a further source", networks.addable, networks.add),
    "insert": Move("a new network in the middle of a connection", networks.insertable, networks.insert),
    "remove": Move("a network goes, and its sources take its place", networks.removable, networks.remove),
    "split in parallel": Move("two networks for one, side by side", networks.parallel, networks.split_in_parallel),
    "split in series": Move("two networks for one, one behind the other", networks.series, networks.split_in_series),
    "merge": Move("one network for two of a kind and type", networks.mergeable, networks.merge),
    "connect": Move("a further connection", connections.targets, connections.connect),
    "condition": Move("a first condition of a decoder", connections.unconditioned, connections.condition, weight=10),
    "read": Move("a network reads an input itself", connections.distant, connections.read, weight=3),
    "read alone": Move("a network reads inputs alone", connections.indirect, connections.read_alone, weight=4),
    "disconnect": Move("a connection less", connections.spare, connections.disconnect),
    "rewire": Move("another source for a connection", connections.links, connections.rewire),
    "role": Move("latent or condition", connections.into_decoders, connections.change_role),
    "psi": Move("other variables for a connection", connections.variable, connections.transport),
    "combiner": Move("another combiner", layers.combinable, layers.recombine),
    "widen layer": Move("a wider hidden layer", layers.widenable, layers.widen),
    "narrow layer": Move("a narrower hidden layer", layers.narrowable, layers.narrow),
    "deepen": Move("one hidden layer more", layers.deepenable, layers.deepen),
    "make shallower": Move("one hidden layer less", layers.shallowable, layers.make_shallower),
    "grow output": Move("a wider output unit", units.growable, units.grow),
    "shrink output": Move("a narrower output unit", units.shrinkable, units.shrink),
    "redesign": Move("other convolutional or recurrent layers", units.redesignable, units.redesign),
    "activation": Move("another activation", layers.activatable, layers.activate),
    "initializer": Move("another initialiser", layers.initialisable, layers.initialise),
    "normalise": Move("batch normalisation, or none", layers.normalisable, layers.normalise),
    "beta": Move("another β of a loss", weights.weighed, weights.weigh, weight=4),
    "beta_kl": Move("another β of a KL loss", weights.diverging, weights.weigh_divergence),
    "learning_rate": Move("another learning rate", training.hurried, training.hurry, weight=2),
    "batch": Move("another batch size, for as many samples", training.batches, training.batch),
    "kl_warmup": Move("another KL warm-up", training.warmups, training.warm_up),
}
"""By name. Those that balance what is learnt, and unlearn nothing, are tried more often, and so is reading inputs
alone, which rids a graph of detours; most of all a decoder's first condition, for nothing helps samples as much, and it
can be made but once."""

TRIED = tuple(name for name, move in MOVES.items() for _ in range(move.weight))
"""Each name as often as it weighs."""
