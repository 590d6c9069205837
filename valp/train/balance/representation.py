"""The representations by which groups of parameters reach other networks and losses (Sener & Koltun 2018, 3.3).

The representation of a group is the set of the buffers that depend on its layers, are needed by all of its losses, and
are read by something that fewer losses need: a network outside the group, or a loss itself. All paths from the layers
of the group to its losses lead through its representation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from valp.plan.operation import Apply, Combine, Concatenate, Gate, Operation
from valp.plan.plan import Plan
from valp.train.balance.loss_reach import ParameterGroup, reaching_losses


@dataclass(frozen=True)
class Representations:
    """The representations of the groups of a plan, with a copy of each of their buffers.

    What is outside a group reads the copies, and what is inside reads the buffers. A gradient by a copy has just the
    paths that leave the group there, also if the buffer has other readers inside.

    Attributes:
        operations: the operations of a training step, with those that copy.
        copies: the copy of each buffer that belongs to a representation. The losses read the copies.
        groups: the copies of each group, in the order of the groups.
    """

    operations: tuple[Operation, ...]
    copies: Mapping[str, str]
    groups: tuple[tuple[str, ...], ...]


def representations(plan: Plan, groups: Sequence[ParameterGroup]) -> Representations:
    """The representations of groups of parameters, which are those of `parameter_groups`."""
    operations = plan.needed(plan.judged, "train")
    inside = _inside(plan, operations, groups)
    leaving = {
        source
        for operation in operations
        for source in operation.sources
        if source in inside and inside.get(operation.out) != inside[source]
    }
    leaving |= plan.judged & inside.keys()
    copies = {op.out: f"{op.out}|copy" for op in operations if op.out in leaving}  # no name of a network has a bar
    run: list[Operation] = []
    for operation in operations:
        group = inside.get(operation.out)
        run.append(_reading(operation, {b: copy for b, copy in copies.items() if inside[b] != group}))
        if operation.out in copies:
            run.append(Concatenate(copies[operation.out], (operation.out,)))
    by_group = tuple(tuple(copy for b, copy in copies.items() if inside[b] == i) for i in range(len(groups)))
    return Representations(tuple(run), copies, by_group)


def _inside(plan: Plan, operations: Sequence[Operation], groups: Sequence[ParameterGroup]) -> dict[str, int]:
    """The buffers that depend on the layers of a group and are needed by all of its losses, with the group."""
    losses = reaching_losses(plan)
    numbers = {group.losses: number for number, group in enumerate(groups)}
    inside: dict[str, int] = {}
    for operation in operations:
        group = numbers.get(losses.get(operation.out, ()))
        has_layer = getattr(operation, "layer", None) is not None
        if group is not None and (has_layer or any(inside.get(source) == group for source in operation.sources)):
            inside[operation.out] = group
    return inside


def _reading(operation: Operation, names: Mapping[str, str]) -> Operation:
    """The same operation, which reads some sources under other names."""
    if not names.keys() & set(operation.sources):
        return operation
    if isinstance(operation, Concatenate | Combine | Gate | Apply):
        return replace(operation, sources=tuple(names.get(source, source) for source in operation.sources))
    return replace(operation, source=names.get(operation.source, operation.source))
