"""`inherit`: a child VALP starts where its parents stopped, with the weights of the networks that it shares with them.

All of it is a matter of counterparts: for each column, unit or variable of the child its place in the parent, or None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from valp.compile.compile import lower
from valp.compile.module import VALPModule
from valp.graph.graph import Connection, Graph, Role
from valp.parts.kinds import KINDS
from valp.plan.operation import Apply, Convolve, Gate, Recur
from valp.train.weight_mapping import (
    Compiled,
    Counterparts,
    PlanLayer,
    State,
    activation,
    aligned,
    by_place,
    halves,
    hands_on,
    makes,
    placed,
    reads,
    spread,
)


@dataclass(frozen=True)
class Parent:
    """A trained VALP.

    Attributes:
        graph: what it is.
        state: the state_dict of its compiled module.
    """

    graph: Graph
    state: Mapping[str, Tensor]


def inherit(
    module: VALPModule, graph: Graph, parents: Sequence[Parent], origins: Mapping[str, tuple[int, str]]
) -> frozenset[str]:
    """Puts the parents' weights into a freshly compiled module, in place, so that it computes what they did.

    What is new has no say at first: the weights that read new sources, variables or units are 0, while those that make
    them are fresh. Gradients reach the zeros at the first step, and what is behind them from the second one on.

    - A first layer keeps the columns of each variable (of a latent connection: each sampled variable) of each source
      that it reads as the parent's did. Inputs are matched by name, networks by origin. What addition, mean, product
      or a gated sum merges is kept by position, and the gates of sources that stay are kept.
    - Hidden layers are aligned in order: as many as can be, if possible those of one activation and width. A wider
      one has its new units last, a narrower one keeps its first. An inserted one is the identity, or near it, where it
      is wide enough, has no batch normalisation, and its activation and stride permit; else it is fresh.
    - A wider output has its new variables last. But where a latent connection reads it, means stay means and log
      variances log variances: variables move, and who reads them follows. Readers that want one variable to be two
      (ψ names places, and a latent connection brings the whole) cannot all be served: model outputs come first, then
      latent connections, then what is merged by position.
    - Batch normalisation goes with its units; a kernel of another size is kept about its middle.

    What the model computes does change by a new source under another combiner than concatenation, a layer or unit that
    is gone, an inserted layer that is fresh, new classes of a Discretizer, another length of a numeric sequence, and
    another activation, combiner, cell or normalisation; new latent variables bring a KL of their own. A module of
    another package gives the tensors that have one name and shape. The optimiser's state is not inherited.

    Args:
        module: the child, compiled from `graph`.
        graph: a checked graph.
        parents: checked graphs with their weights.
        origins: by network of the child the place in `parents` and the network's name there; without a meaning if
            there is no such network or it is of another kind.

    Returns:
        The networks that received any weights; the others stay as they were initialised.

    Raises:
        GraphError: if a parent's graph breaks a rule.
    """
    with torch.no_grad():
        return frozenset(_Inheritance(module, graph, parents, origins).received())


class _Inheritance:
    """What a child takes from its parents; arguments as of `inherit`."""

    def __init__(
        self, module: VALPModule, graph: Graph, parents: Sequence[Parent], origins: Mapping[str, tuple[int, str]]
    ) -> None:
        self.child = Compiled(graph, module.plan, module.state_dict())
        self.parents = [Compiled(parent.graph, lower(parent.graph), parent.state) for parent in parents]
        self.variables: dict[str, Counterparts] = {}
        self.origins: dict[str, tuple[int, str]] = {}
        for name, (index, there) in origins.items():
            ours = self.child.networks.get(name)
            theirs = self.parents[index].networks.get(there) if 0 <= index < len(parents) else None
            if ours is not None and theirs is not None and ours.kind == theirs.kind:
                self.origins[name] = index, there

    def received(self) -> set[str]:
        """Copies all that can be copied; the networks that received any."""
        networks = {name for name in self.child.graph.order if name in self.origins and self._network(name)}
        gated = {c.target for c in self.child.graph.connections if self._gate(c)}
        return networks | (gated & self.origins.keys())

    def _network(self, name: str) -> bool:
        """All weights of a network but its gates, after those of its sources; whether there were any."""
        index, there = self.origins[name]
        child, parent = self.child, self.parents[index]
        ours, theirs, columns = child.layers[name], parent.layers[there], self._columns(name)
        pairs = aligned(ours, theirs, KINDS[child.networks[name].kind].last_layer)
        ends_meet = bool(pairs) and pairs.get(len(ours) - 1) == len(theirs) - 1
        extents = child.extent(name), parent.extent(there)
        outgoing = placed(*extents, self._wishes(name) if ends_meet else ())
        parts = {part: made for part, made in child.learnt[name].items() if not isinstance(made, Gate)}
        bare = not parts and len(columns) == child.units[name].size  # a Bottleneck hands on what reaches it
        self.variables[name] = columns if bare else spread(outgoing, *extents)
        copied = [bool(pairs)]
        if pairs:
            self._chain((name, there), pairs, parent, columns, outgoing)
        for part, made in parts.items():
            given = parent.learnt[there].get(part)
            if given is not None and (isinstance(made, Apply) or not (ours and theirs)):
                copied += [self._same(made.layer + norm, given.layer + norm, parent.state) for norm in ("", "-norm")]
        return any(copied)

    def _columns(self, name: str) -> Counterparts:
        """The counterparts of the variables that reach a network, merged."""
        index, there = self.origins[name]
        parent = self.parents[index]
        if self.child.by_position(name) or parent.by_position(there):
            return by_place(self.child.merged[name][1], parent.merged[there][1])
        variables = ((c.source, variable) for c in parent.graph.incoming(there) for variable in parent.arriving(c))
        places = {key: place for place, key in enumerate(variables)}
        columns: Counterparts = []
        for connection in self.child.graph.incoming(name):
            found, arriving = self._counterpart(connection), self.child.arriving(connection)
            if found is None:
                columns += [None] * len(arriving)
                continue
            counterparts = self._variables(connection.source, found[0])
            # What has gone to one source is not there for another of the same origin: it would count twice.
            keys = [(found[1].source, counterparts[variable]) for variable in arriving]
            columns += [None if variable is None else places.pop((source, variable), None) for source, variable in keys]
        return columns

    def _counterpart(self, connection: Connection) -> tuple[Compiled, Connection] | None:
        """The parent, and the connection there, that a connection of the child continues."""
        ends = connection.source, connection.target
        origin = self.origins.get(ends[1] if ends[1] in self.child.networks else ends[0])
        if origin is None:
            return None
        parent, names = self.parents[origin[0]], []
        for end in ends:
            index, there = self.origins.get(end, (None, "")) if end in self.child.networks else (origin[0], end)
            if index != origin[0] or (end in self.child.networks) != (there in parent.networks):
                return None
            names.append(there)
        latent = connection.role is Role.LATENT
        found = (c for c in parent.graph.incoming(names[1]) if c.source == names[0])
        return next(((parent, c) for c in found if (c.role is Role.LATENT) == latent), None)

    def _variables(self, source: str, parent: Compiled) -> Counterparts:
        """The counterparts in a parent of the variables of a source that comes from there."""
        if source in self.child.networks:
            return self.variables[source]
        extents = self.child.extent(source), parent.extent(source)
        return spread(placed(*extents), *extents)

    def _wishes(self, name: str) -> list[tuple[int, int]]:
        """Which variables of a network its readers want to continue which, the most urgent first."""
        ranked: list[tuple[int, list[tuple[int, int]]]] = []
        for connection in self.child.graph.connections:
            found = self._counterpart(connection) if connection.source == name else None
            if found is None:
                continue
            parent, given = found
            ours, theirs = self.child.indices(connection), parent.indices(given)
            by_position = self.child.by_position(connection.target) or parent.by_position(given.target)
            if connection.role is Role.LATENT:
                ranked.append((1, halves(ours, theirs, by_position)))
            elif by_position:
                rank = 2 if connection.target in self.child.networks else 0
                ranked.append((rank, list(zip(ours, theirs, strict=False))))
            elif connection.indices is not None:
                ranked.append((3, [(variable, variable) for variable in ours if variable in theirs]))
        return [wish for _, wishes in sorted(ranked, key=lambda pair: pair[0]) for wish in wishes]

    def _chain(
        self, ends: tuple[str, str], pairs: dict[int, int], parent: Compiled, columns: Counterparts, last: Counterparts
    ) -> None:
        """The layers of a network. `units`, of the parent's layer `level`, are what the next layer reads."""
        ours, theirs = self.child.layers[ends[0]], parent.layers[ends[1]]
        areas = prod(reads(ours[0])[1:]), prod(reads(theirs[0])[1:])
        blocks = [columns[start : start + areas[0]] for start in range(0, len(columns), areas[0])]
        units: Counterparts = [next((c // areas[1] for c in block if c is not None), None) for block in blocks]
        level: int | None = -1
        before = ""
        for place, layer in enumerate(ours):
            if place in pairs:
                given = theirs[pairs[place]]
                if level != pairs[place] - 1:
                    units = by_place(reads(layer)[0], reads(given)[0])
                at_end = layer is ours[-1] and given is theirs[-1]
                made = last if at_end else by_place(makes(layer)[0], makes(given)[0])
                self._layer(layer, given, parent.state, made, units)
                level, units = pairs[place], made
            elif level is not None and hands_on(layer, before):
                self._identity(layer)
                units = [*units, *[None] * (makes(layer)[0] - len(units))]
            else:
                level = None
            before = activation(layer)

    def _layer(
        self, ours: PlanLayer, theirs: PlanLayer, state: State, rows: Counterparts, columns: Counterparts
    ) -> None:
        """One layer: its units from those in `rows`, which read what is in `columns`."""
        for name, own in self.child.state[ours.layer].items():
            given, made, read = state[theirs.layer][name], rows, None if own.dim() == 1 else columns
            if isinstance(ours, Recur):
                width = makes(theirs)[0]
                parts = range(len(given) // width)  # the gates of the cell, one below the other
                made = [None if row is None else part * width + row for part in parts for row in rows]
                read = rows if name.startswith("weight_hh") else read
            elif isinstance(ours, Convolve) and read is not None:
                given = _centred(given, own.shape[2:])
                own, given = (own.transpose(0, 1), given.transpose(0, 1)) if ours.transposed else (own, given)
            _copy(own, given, made, read)
        if ours.normalise and theirs.normalise:
            for name, own in self.child.state[f"{ours.layer}-norm"].items():
                _copy(own.view(-1), state[f"{theirs.layer}-norm"][name].view(-1), rows if own.dim() else [0])

    def _identity(self, layer: PlanLayer) -> None:
        """Makes the first units of a layer those that it reads."""
        tensors, count = self.child.state[layer.layer], reads(layer)[0]
        weight = tensors["weight"]
        own = weight.transpose(0, 1) if isinstance(layer, Convolve) and layer.transposed else weight
        own[:count] = 0
        middle = own
        for side in own.shape[2:]:
            middle = middle.select(2, side // 2)
        middle.fill_diagonal_(1)
        tensors["bias"][:count] = 0

    def _same(self, ours: str, theirs: str, state: State) -> bool:
        """The tensors of a layer that have one name and shape; whether there were any."""
        own, given = self.child.state.get(ours, {}), state.get(theirs, {})
        names = [name for name in own if name in given and own[name].shape == given[name].shape]
        for name in names:
            own[name].copy_(given[name])
        return bool(names)

    def _gate(self, connection: Connection) -> bool:
        """The gates of a source, where a gated sum merges it here and there."""
        ours, found = self.child.learnt[connection.target].get("in"), self._counterpart(connection)
        theirs = found[0].learnt[found[1].target].get("in") if found else None
        if found is None or not isinstance(ours, Gate) or not isinstance(theirs, Gate):
            return False
        (parent, given), size = found, min(ours.size, theirs.size)
        row = self.child.graph.incoming(connection.target).index(connection)
        there = parent.graph.incoming(given.target).index(given)
        gates = parent.state[theirs.layer]["gates"][there, :size]
        self.child.state[ours.layer]["gates"][row, :size] = gates
        return True


def _centred(kernels: Tensor, sides: Sequence[int]) -> Tensor:
    """Kernels (…, …, *k) cropped to other sides, or zeros about them."""
    margins = []
    for side, given in zip(reversed(sides), reversed(kernels.shape[2:]), strict=True):
        margins += [(side - given) // 2, side - given - (side - given) // 2]
    return F.pad(kernels, margins)


def _copy(own: Tensor, given: Tensor, rows: Counterparts, columns: Counterparts | None = None) -> None:
    """Rows from their counterparts, and 0 in their columns that have none; rows without one stay."""
    kept, theirs = _indices(rows)
    values = given.to(own)[theirs]
    if columns is not None:
        ours, read = _indices(columns)
        narrow, values = values, own.new_zeros(len(kept), *own.shape[1:])
        values[:, ours] = narrow[:, read]
    own[kept] = values


def _indices(counterparts: Counterparts) -> tuple[Tensor, Tensor]:
    """The places that have a counterpart, and these."""
    pairs = [(place, other) for place, other in enumerate(counterparts) if other is not None]
    ours, theirs = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).unbind(1)
    return ours, theirs
