"""What of a child VALP corresponds to what of its parent: layers, units, variables, columns."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import prod

from torch import Tensor

from valp.graph.graph import Connection, Graph, Role
from valp.parts.lowering import Lowering
from valp.plan.operation import Affine, Apply, Concatenate, Convolve, Gate, Normalise, Recur, Select
from valp.plan.plan import Plan

Counterparts = list[int | None]
"""By place in the child the place in the parent, None where there is none."""

PlanLayer = Affine | Convolve | Recur
"""A layer of a network; its units are neurons, channels or states."""

State = dict[str, dict[str, Tensor]]
"""By layer its tensors by name."""

Extent = tuple[int, int]
"""The units of a source, and the variables of each: more than one where it is a channel."""

NEVER_NEGATIVE = ("relu", "softplus", "sigmoid")
"""The activations whose values a ReLU hands on."""

LIKE_IDENTITY = ("identity", "elu", "softsign", "tanh")
"""The activations that are 0 at 0 with slope 1 on both sides."""


class Compiled:
    """A graph beside its plan and weights: what must be known of the child and of each parent alike."""

    def __init__(self, graph: Graph, plan: Plan, state: Mapping[str, Tensor]) -> None:
        self.graph = graph
        self.networks = {network.name: network for network in graph.networks}
        self.operations = {operation.out: operation for operation in plan.operations}
        self.learnt: dict[str, dict[str, PlanLayer | Gate | Apply]] = {c.name: {} for c in graph.components}
        for operation in plan.operations:
            if isinstance(operation, PlanLayer | Gate | Apply):
                component, _, part = operation.layer.partition("-")
                self.learnt[component][part] = operation
        self.state: State = {}
        for key, tensor in state.items():
            _, layer, name = key.split(".", 2)
            self.state.setdefault(layer, {})[name] = tensor
        lowering = Lowering(graph)
        self.units = lowering.units
        self.merged = {network.name: lowering.merged(network) for network in graph.networks}
        self.layers = {name: self._layers(name) for name in self.networks}

    def _layers(self, name: str) -> list[PlanLayer]:
        """The layers of a network, each of which reads the one before; none if it is made in another way."""
        found = [operation for operation in self.learnt[name].values() if isinstance(operation, PlanLayer)]
        source, size = self.merged[name]
        for place, layer in enumerate(found):
            between, read = self.operations.get(layer.source), reads(layer)
            last_state = place > 0 and isinstance(between, Select) and between.source == source
            if not (last_state or layer.source == source) or size != (read[0] if place else prod(read)):
                return []
            source, size = layer.out, makes(layer)[0]
        end = self.operations[name]
        return found if source == (end.source if isinstance(end, Normalise) else name) else []

    def indices(self, connection: Connection) -> tuple[int, ...]:
        """ψ, written out."""
        return connection.indices or tuple(range(self.units[connection.source].size))

    def arriving(self, connection: Connection) -> tuple[int, ...]:
        """The variables of the source that reach a network; means stand for what is sampled."""
        indices = self.indices(connection)
        return indices[: len(indices) // 2] if connection.role is Role.LATENT else indices

    def by_position(self, name: str) -> bool:
        """Whether what reaches a component counts by its position, not by its source."""
        several = len(self.graph.incoming(name)) > 1
        merging = self.operations.get(f"{name}.in")
        return name not in self.networks or (several and not isinstance(merging, Concatenate))

    def extent(self, name: str) -> Extent:
        """The units of a source."""
        layers, unit = self.layers.get(name), self.units[name]
        area = prod(makes(layers[-1])[1:] if layers else unit.shape[1:])
        return unit.size // area, area


def reads(layer: PlanLayer) -> tuple[int, ...]:
    """The shape that a layer reads: units, and what belongs to each."""
    return (layer.inputs,) if isinstance(layer, Affine) else layer.inputs


def activation(layer: PlanLayer) -> str:
    """The activation of a layer; none of a recurrent one."""
    return "" if isinstance(layer, Recur) else layer.activation


def makes(layer: PlanLayer) -> tuple[int, ...]:
    """The shape that a layer makes."""
    if isinstance(layer, Recur):
        return layer.units, layer.inputs[1]
    return (layer.outputs,) if isinstance(layer, Affine) else layer.outputs


def aligned(ours: list[PlanLayer], theirs: list[PlanLayer], implied: bool) -> dict[int, int]:
    """By place of a layer in the child that of its counterpart, in order; an `implied` last one has the other's.

    As many as can be; of such ones those with the most equal activations, the most new layers that hand on what they
    read, the fewest units lost, the most that are alike, and the first in front.
    """
    idle = [hands_on(layer, activation(ours[place - 1]) if place else "") for place, layer in enumerate(ours)]

    def able(i: int, j: int) -> bool:
        if implied and (i == len(ours) - 1) != (j == len(theirs) - 1):
            return False
        match ours[i], theirs[j]:
            case Convolve() as one, Convolve() as other:
                return (one.transposed, len(one.kernel)) == (other.transposed, len(other.kernel))
            case Recur() as one, Recur() as other:
                return one.cell == other.cell
            case one, other:
                return type(one) is type(other)

    def worth(pairs: tuple[tuple[int, int], ...], start: int) -> tuple[int, ...]:
        both = [(ours[i], theirs[j]) for i, j in pairs]
        left = set(range(start, len(ours))) - dict(pairs).keys()
        activations = sum(activation(one) == activation(other) for one, other in both)
        whole = sum(makes(one)[0] >= makes(other)[0] for one, other in both)
        alike = sum(makes(one) == makes(other) and one.normalise == other.normalise for one, other in both)
        return len(pairs), activations, sum(idle[i] for i in left), whole, alike

    @cache
    def best(i: int, j: int) -> tuple[tuple[int, int], ...]:
        if i == len(ours) or j == len(theirs):
            return ()
        paired = [((i, j), *best(i + 1, j + 1))] if able(i, j) else []
        return max([*paired, best(i + 1, j), best(i, j + 1)], key=lambda pairs: worth(pairs, i))

    return dict(best(0, 0))


def placed(ours: Extent, theirs: Extent, wishes: Iterable[tuple[int, int]] = ()) -> Counterparts:
    """The counterparts of units: as wished for their variables, else at the same place, else what is left."""
    same = ((unit * ours[1], unit * theirs[1]) for unit in range(min(ours[0], theirs[0])))
    made: Counterparts = [None] * ours[0]
    left = dict.fromkeys(range(theirs[0]))
    for variable, other in (*wishes, *same):
        (unit, place), (given, there) = divmod(variable, ours[1]), divmod(other, theirs[1])
        if place == there and made[unit] is None and given in left:
            made[unit] = given
            del left[given]
    rest = iter(left)
    return [next(rest, None) if given is None else given for given in made]


def by_place(ours: int, theirs: int) -> Counterparts:
    """The counterparts of so many units, each at its own place."""
    return placed((ours, 1), (theirs, 1))


def spread(units: Counterparts, ours: Extent, theirs: Extent) -> Counterparts:
    """The counterparts of variables, from those of their units."""
    inside = [place if place < theirs[1] else None for place in range(ours[1])]
    return [None if unit is None or x is None else unit * theirs[1] + x for unit in units for x in inside]


def halves(ours: Sequence[int], theirs: Sequence[int], by_position: bool) -> list[tuple[int, int]]:
    """The counterparts of (μ, log σ²), two halves: of pairs that are the same, then of the others in order."""
    pairs = [
        list(zip(psi[: len(psi) // 2], psi[len(psi) // 2 : len(psi) // 2 * 2], strict=True)) for psi in (ours, theirs)
    ]
    same = [] if by_position else [pair for pair in pairs[0] if pair in pairs[1]]
    mine, given = ([pair for pair in side if pair not in same] for side in pairs)
    both = [*zip(same, same, strict=True), *zip(mine, given, strict=False)]
    return [wish for one, other in both for wish in zip(one, other, strict=True)]


def hands_on(layer: PlanLayer, before: str) -> bool:
    """Whether a layer can be the identity, or near it, on values that activation `before` made."""
    if isinstance(layer, Recur) or layer.normalise or makes(layer)[0] < reads(layer)[0]:
        return False
    if isinstance(layer, Convolve):
        moves = {*layer.stride, *layer.pool, *(k - 2 * p for k, p in zip(layer.kernel, layer.padding, strict=True))}
        if moves != {1}:
            return False
    return layer.activation in LIKE_IDENTITY or (layer.activation == "relu" and before in NEVER_NEGATIVE)
