"""`ParameterLayout`: the places of a plan's parameters and of their gradients in the flat arrays of a program."""

from collections.abc import Collection, Iterable

from valp.plan.operation import Affine, Gate, Operation
from valp.plan.plan import Plan
from valp.train.balance.loss_reach import parameter_groups
from valp.train.native.program import ALIGNMENT, GroupPlace


class ParameterLayout:
    """The places of the parameters and of their gradients.

    If the losses are separate, the parameters of a group are next to each other, and so are the gradients of each loss
    by them. Otherwise a gradient has the place of its parameter.

    Args:
        plan: the plan.
        operations: the operations that are trained.
        separate: whether each loss has gradients of its own.

    Attributes:
        parameters: the place of each parameter, by its name in `state_dict`.
        groups: the groups of parameters; empty if the losses are not separate.
        size: the numbers in all parameters, padding included.
        slopes: the numbers in all gradients, padding included.
    """

    def __init__(self, plan: Plan, operations: Collection[Operation], separate: bool) -> None:
        self.parameters: dict[str, int] = {}
        self.size = self.slopes = 0
        groups, placed = parameter_groups(plan) if separate else (), set[str]()
        self.groups: list[GroupPlace] = []
        for group in groups:
            low = self.size
            self._place(op for op in operations if _layer(op) in group.layers)
            self.groups.append(GroupPlace(low, self.size, self.slopes, group.losses))
            self.slopes += len(group.losses) * (self.size - low)
            placed.update(group.layers)
        self._place(op for op in operations if _layer(op) not in placed)
        if not separate:
            self.slopes = self.size
        self._layers = [group.layers for group in groups]

    def shifts(self, loss: int) -> dict[str, int]:
        """For each layer that a loss reaches, the place of a gradient by a parameter less the parameter's own place."""
        shifts: dict[str, int] = {}
        for place, layers in zip(self.groups, self._layers, strict=True):
            if loss in place.losses:
                row = place.losses.index(loss)
                shifts |= dict.fromkeys(layers, place.gradients + row * (place.high - place.low) - place.low)
        return shifts

    def _place(self, operations: Iterable[Operation]) -> None:
        for op in operations:
            match op:
                case Affine():
                    self._parameter(f"layers.{op.layer}.weight", op.inputs * op.outputs)
                    self._parameter(f"layers.{op.layer}.bias", op.outputs)
                case Gate(_, sources, size):
                    self._parameter(f"layers.{op.layer}.gates", len(sources) * size)

    def _parameter(self, name: str, size: int) -> None:
        self.parameters[name] = self.size
        self.size += aligned(size)


def aligned(count: int) -> int:
    """`count` numbers with the padding up to the next multiple of `ALIGNMENT`."""
    return -(-count // ALIGNMENT) * ALIGNMENT


def _layer(operation: Operation) -> str | None:
    return getattr(operation, "layer", None)  # most operations have no parameters
