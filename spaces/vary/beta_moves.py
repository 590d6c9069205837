"""Moves that change β of the losses."""

from collections.abc import Sequence
from math import exp
from statistics import NormalDist

from valp.graph.graph import Loss
from valp.spaces.generate.assembly import latent_sources, range_of_beta
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.space import Range
from valp.spaces.vary.revision import Revision

SPREAD = 0.7
"""The standard deviation of a step in the natural logarithm. Most steps change a number by at most a factor of 2."""

TAIL = 1e-3
"""The share of the steps that is cut off at each end of their distribution."""


def stepped(choose: Choose, name: str, value: float, ends: Range) -> float:
    """A log-normal step from a value, clipped to a range. At an end of the range, the step goes the other way."""
    low, high = ends
    factor = exp(SPREAD * NormalDist().inv_cdf(choose.real(name, TAIL, 1 - TAIL)))
    moved = min(high, max(low, value * factor))
    return moved if moved != value else min(high, max(low, value / factor))


def has_width(ends: Range) -> bool:
    """Whether a range has more than one value."""
    return ends[0] < ends[1]


def weighable(revision: Revision) -> Sequence[int]:
    """The losses, other than KL, whose β can change."""
    return [i for i, loss in enumerate(revision.losses) if loss.beta > 0 and has_width(_range(revision, loss))]


def _range(revision: Revision, loss: Loss) -> Range:
    data = next(output.unit.type for output in revision.outputs if output.name == loss.truth)
    return range_of_beta(revision.space, loss.kind, data, revision.problem.variances.get(loss.truth or ""))


def weigh(revision: Revision, index: int) -> bool:
    """Changes β of a loss other than KL."""
    loss = revision.losses[index]
    beta = stepped(revision.choose, "beta", loss.beta, _range(revision, loss))
    revision.losses[index] = loss.model_copy(update={"beta": beta})
    return beta != loss.beta


def weighable_divergences(revision: Revision) -> Sequence[int]:
    """The networks with a KL loss whose β can change."""
    if not has_width(revision.space.beta_kl):
        return []
    return [i for i in latent_sources(revision) if revision.nodes[i].beta]


def weigh_divergence(revision: Revision, index: int) -> bool:
    """Changes β of a KL loss."""
    node = revision.nodes[index]
    if node.beta is None:
        return False
    node.beta = stepped(revision.choose, "beta", old := node.beta, revision.space.beta_kl)
    return node.beta != old
