"""Which losses reach which parameters. A balancing method gets this before a training begins."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from valp.parts.losses import LOSSES
from valp.plan.plan import Divergence, Plan

if TYPE_CHECKING:  # reading a candidate must not load torch
    from torch import Tensor


@dataclass(frozen=True)
class ParameterGroup:
    """The layers that one set of losses reaches.

    Attributes:
        layers: the keys of the layers, in the plan's order.
        losses: the losses, ascending indices into `Plan.terms`.
    """

    layers: tuple[str, ...]
    losses: tuple[int, ...]


@dataclass(frozen=True)
class LossReach:
    """The loss terms of a plan, and the layers that each of them trains.

    Attributes:
        names: the names of the terms, in the order of `Plan.terms`.
        betas: the final β of each term.
        divergent: whether each term is a KL loss; the others compare a prediction with the truth.
        groups: the layers, grouped by the set of losses that reach them. Layers that no loss reaches are in no group.
        floors: the value of each term for a perfect prediction, where that is a constant; else 0. () for none.
        seed: the seed of the training, for methods that draw something.
    """

    names: tuple[str, ...]
    betas: tuple[float, ...]
    divergent: tuple[bool, ...]
    groups: tuple[ParameterGroup, ...]
    floors: tuple[float, ...] = ()
    seed: int = 0

    @property
    def tasks(self) -> tuple[int, ...]:
        """The supervised losses with β > 0, ascending. A KL loss compares no prediction with a truth, so it is none."""
        pairs = enumerate(zip(self.divergent, self.betas, strict=True))
        return tuple(loss for loss, (divergent, beta) in pairs if beta > 0 and not divergent)

    def above_floors(self, losses: "Tensor") -> "Tensor":
        """What lies above the floors, for losses (…, K); without this, the constant of a likelihood would count as
        error that is still to be learned.
        """
        if not any(self.floors):
            return losses
        floors = losses.new_tensor(self.floors)
        return (losses - floors).clamp_min(0).where(floors > 0, losses)


def loss_reach(plan: Plan, seed: int = 0) -> LossReach:
    """The losses of a plan, and the layers that they reach; `seed` is that of the training."""
    terms = plan.terms
    return LossReach(
        names=tuple(term.name for term in terms),
        betas=tuple(term.beta for term in terms),
        divergent=tuple(isinstance(term, Divergence) for term in terms),
        groups=parameter_groups(plan),
        floors=tuple(0.0 if isinstance(term, Divergence) else LOSSES[term.kind].floor for term in terms),
        seed=seed,
    )


def parameter_groups(plan: Plan) -> tuple[ParameterGroup, ...]:
    """The layers of a plan, grouped by the set of losses that reach them.

    A loss reaches a layer if what it judges depends on the layer in training. A loss whose β is 0 trains nothing, so
    it reaches nothing. Groups are in the order of their first layers.
    """
    buffers = reaching_losses(plan)
    reached: dict[str, set[int]] = {}
    for operation in plan.operations:
        layer = getattr(operation, "layer", None)  # most operations have no parameters
        if layer is not None and operation.out in buffers:
            reached.setdefault(layer, set()).update(buffers[operation.out])
    groups: dict[tuple[int, ...], list[str]] = {}
    for layer, losses in reached.items():
        groups.setdefault(tuple(sorted(losses)), []).append(layer)
    return tuple(ParameterGroup(tuple(layers), losses) for losses, layers in groups.items())


def reaching_losses(plan: Plan) -> dict[str, tuple[int, ...]]:
    """The losses that depend on each buffer in training, as ascending indices into `Plan.terms`.

    Losses whose β is 0 do not count, and buffers that no loss depends on are left out, as are the model inputs.
    """
    reached: dict[str, list[int]] = {}
    for number, term in enumerate(plan.terms):
        for operation in plan.needed(term.buffers, "train") if term.beta else ():
            reached.setdefault(operation.out, []).append(number)
    return {buffer: tuple(losses) for buffer, losses in reached.items()}
