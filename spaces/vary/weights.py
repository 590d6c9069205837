"""Moves that change numbers: β of the losses, and the learning rate."""

from collections.abc import Sequence
from math import exp
from statistics import NormalDist

from spaces.assembly import latent_sources
from spaces.choose import Choose
from spaces.space import Range
from spaces.vary.revision import Revision

SPREAD = 0.7
"""The standard deviation of a step, in the natural logarithm: most steps at most double or halve a number."""

TAIL = 1e-3
"""The share of the steps that is left out at either end."""


def stepped(choose: Choose, name: str, value: float, ends: Range) -> float:
    """A log-normal step from a value, clipped into a range; at an end of it the step goes the other way."""
    low, high = ends
    factor = exp(SPREAD * NormalDist().inv_cdf(choose.real(name, TAIL, 1 - TAIL)))
    moved = min(high, max(low, value * factor))
    return moved if moved != value else min(high, max(low, value / factor))


def _has_width(ends: Range) -> bool:
    return ends[0] < ends[1]


def weighed(revision: Revision) -> Sequence[int]:
    """The losses whose β can change, KL apart."""
    wide = _has_width(revision.space.beta)
    return [i for i, loss in enumerate(revision.losses) if wide and loss.beta > 0]


def weigh(revision: Revision, index: int) -> bool:
    """Changes β of a loss."""
    loss = revision.losses[index]
    beta = stepped(revision.choose, "beta", loss.beta, revision.space.beta)
    revision.losses[index] = loss.model_copy(update={"beta": beta})
    return beta != loss.beta


def diverging(revision: Revision) -> Sequence[int]:
    """The networks with a KL loss whose β can change."""
    if not _has_width(revision.space.beta_kl):
        return []
    return [i for i in latent_sources(revision) if revision.nodes[i].beta]


def weigh_divergence(revision: Revision, index: int) -> bool:
    """Changes β of a KL loss."""
    node = revision.nodes[index]
    if node.beta is None:
        return False
    node.beta = stepped(revision.choose, "beta", old := node.beta, revision.space.beta_kl)
    return node.beta != old


def trained(revision: Revision) -> Sequence[None]:
    """Once, if the learning rate can change."""
    return [None] if _has_width(revision.space.learning_rate) else []


def learn(revision: Revision, _: None) -> bool:
    """Changes the learning rate."""
    old = revision.learning_rate
    revision.learning_rate = stepped(revision.choose, "learning_rate", old, revision.space.learning_rate)
    return revision.learning_rate != old
