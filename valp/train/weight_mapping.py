"""Matches the layers, units, variables and columns of a child VALP with those of its parent."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import prod

from torch import Tensor

from valp.graph.graph import Connection, Graph, Role
from valp.parts.lowering import Lowering
from valp.plan.operation import Affine, Apply, Concatenate, Convolve, Gate, Normalise, Recur, Select
from valp.plan.plan import Plan

Counterparts = list[int | None]
"""For each place in the child, the matching place in the parent, or None."""

PlanLayer = Affine | Convolve | Recur
"""A layer of a network. Its units are neurons, channels or states."""

State = dict[str, dict[str, Tensor]]
"""The tensors of each layer, by layer and name."""

Extent = tuple[int, int]
"""The number of units of a source, and of variables per unit: more than one if the units are channels."""

NEVER_NEGATIVE = ("relu", "softplus", "sigmoid")
"""The activations whose values a ReLU does not change."""

LIKE_IDENTITY = ("identity", "elu", "softsign", "tanh")
"""The activations that are 0 at 0, with slope 1 on both sides."""


class Compiled:
    """A graph with its plan and weights, prepared for matching. Used for the child and for each parent."""

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
            part, layer, name = key.split(".", 2)
            if part == "layers":  # a prior is not inherited: it is fitted to the child's own codes
                self.state.setdefault(layer, {})[name] = tensor
        lowering = Lowering(graph)
        self.units = lowering.units
        self.merged = {network.name: lowering.merged(network) for network in graph.networks}
        self.layers = {name: self._layers(name) for name in self.networks}

    def _layers(self, name: str) -> list[PlanLayer]:
        """The layers of a network that is a chain of layers, each reading the one before; else none."""
        found = [operation for operation in self.learnt[name].values() if isinstance(operation, PlanLayer)]
        source, size = self.merged[name]
        for place, layer in enumerate(found):
            between, read = self.operations.get(layer.source), input_shape(layer)
            last_state = place > 0 and isinstance(between, Select) and between.source == source
            if not (last_state or layer.source == source) or size != (read[0] if place else prod(read)):
                return []
            source, size = layer.out, output_shape(layer)[0]
        end = self.operations[name]
        return found if source == (end.source if isinstance(end, Normalise) else name) else []

    def indices(self, connection: Connection) -> tuple[int, ...]:
        """ψ as explicit indices."""
        return connection.indices or tuple(range(self.units[connection.source].size))

    def arriving(self, connection: Connection) -> tuple[int, ...]:
        """The variables of the source that reach a network. A sampled variable is identified by its mean."""
        indices = self.indices(connection)
        return indices[: len(indices) // 2] if connection.role is Role.LATENT else indices

    def by_position(self, name: str) -> bool:
        """Whether the variables that reach a component are matched by position, not by source."""
        several = len(self.graph.incoming(name)) > 1
        merging = self.operations.get(f"{name}.in")
        return name not in self.networks or (several and not isinstance(merging, Concatenate))

    def extent(self, name: str) -> Extent:
        """The units of a source, and the variables per unit."""
        layers, unit = self.layers.get(name), self.units[name]
        area = prod(output_shape(layers[-1])[1:] if layers else unit.shape[1:])
        return unit.size // area, area


def input_shape(layer: PlanLayer) -> tuple[int, ...]:
    """The shape that a layer reads: the units, then the spatial size or steps of each."""
    return (layer.inputs,) if isinstance(layer, Affine) else layer.inputs


def activation(layer: PlanLayer) -> str:
    """The activation of a layer; "" for a recurrent one."""
    return "" if isinstance(layer, Recur) else layer.activation


def output_shape(layer: PlanLayer) -> tuple[int, ...]:
    """The shape that a layer makes, in the same form."""
    if isinstance(layer, Recur):
        return layer.units, layer.inputs[1]
    return (layer.outputs,) if isinstance(layer, Affine) else layer.outputs


def align_layers(ours: list[PlanLayer], theirs: list[PlanLayer], implied: bool) -> dict[int, int]:
    """Matches layers of the child with layers of the parent, in order: place in the child to place in the parent.

    If the last layers are `implied`, each matches only the other. The alignment with the most pairs wins. Ties are
    decided by the most pairs of equal activation, the most new layers that can be the identity, the most pairs that
    lose no units, the most pairs of equal layers, and the earliest layers.
    """
    identity = [
        can_be_identity(layer, activation(ours[place - 1]) if place else "") for place, layer in enumerate(ours)
    ]

    def compatible(i: int, j: int) -> bool:
        if implied and (i == len(ours) - 1) != (j == len(theirs) - 1):
            return False
        match ours[i], theirs[j]:
            case Convolve() as one, Convolve() as other:
                return (one.transposed, len(one.kernel)) == (other.transposed, len(other.kernel))
            case Recur() as one, Recur() as other:
                return one.cell == other.cell
            case one, other:
                return type(one) is type(other)

    def quality(pairs: tuple[tuple[int, int], ...], start: int) -> tuple[int, ...]:
        both = [(ours[i], theirs[j]) for i, j in pairs]
        left = set(range(start, len(ours))) - dict(pairs).keys()
        activations = sum(activation(one) == activation(other) for one, other in both)
        whole = sum(output_shape(one)[0] >= output_shape(other)[0] for one, other in both)
        alike = sum(
            output_shape(one) == output_shape(other) and one.normalise == other.normalise for one, other in both
        )
        return len(pairs), activations, sum(identity[i] for i in left), whole, alike

    @cache
    def best(i: int, j: int) -> tuple[tuple[int, int], ...]:
        if i == len(ours) or j == len(theirs):
            return ()
        paired = [((i, j), *best(i + 1, j + 1))] if compatible(i, j) else []
        return max([*paired, best(i + 1, j), best(i, j + 1)], key=lambda pairs: quality(pairs, i))

    return dict(best(0, 0))


def match_units(ours: Extent, theirs: Extent, preferred: Iterable[tuple[int, int]] = ()) -> Counterparts:
    """Matches units: first as preferred for their variables, then at the same place, then with what is left."""
    same = ((unit * ours[1], unit * theirs[1]) for unit in range(min(ours[0], theirs[0])))
    made: Counterparts = [None] * ours[0]
    left = dict.fromkeys(range(theirs[0]))
    for variable, other in (*preferred, *same):
        (unit, place), (given, there) = divmod(variable, ours[1]), divmod(other, theirs[1])
        if place == there and made[unit] is None and given in left:
            made[unit] = given
            del left[given]
    rest = iter(left)
    return [next(rest, None) if given is None else given for given in made]


def match_in_place(ours: int, theirs: int) -> Counterparts:
    """Matches units at the same place."""
    return match_units((ours, 1), (theirs, 1))


def match_variables(units: Counterparts, ours: Extent, theirs: Extent) -> Counterparts:
    """The matches of variables, from the matches of their units."""
    inside = [place if place < theirs[1] else None for place in range(ours[1])]
    return [None if unit is None or x is None else unit * theirs[1] + x for unit in units for x in inside]


def match_latent_pairs(ours: Sequence[int], theirs: Sequence[int], by_position: bool) -> list[tuple[int, int]]:
    """Matches the pairs (μ, log σ²) of two latent connections: equal pairs first, then the others in order."""
    pairs = [
        list(zip(psi[: len(psi) // 2], psi[len(psi) // 2 : len(psi) // 2 * 2], strict=True)) for psi in (ours, theirs)
    ]
    same = [] if by_position else [pair for pair in pairs[0] if pair in pairs[1]]
    mine, given = ([pair for pair in side if pair not in same] for side in pairs)
    both = [*zip(same, same, strict=True), *zip(mine, given, strict=False)]
    return [pair for one, other in both for pair in zip(one, other, strict=True)]


def can_be_identity(layer: PlanLayer, before: str) -> bool:
    """Whether a layer can be the identity, or close to it, on values that activation `before` made."""
    if isinstance(layer, Recur) or layer.normalise or output_shape(layer)[0] < input_shape(layer)[0]:
        return False
    if isinstance(layer, Convolve):
        moves = {*layer.stride, *layer.pool, *(k - 2 * p for k, p in zip(layer.kernel, layer.padding, strict=True))}
        if moves != {1}:
            return False
    return layer.activation in LIKE_IDENTITY or (layer.activation == "relu" and before in NEVER_NEGATIVE)
