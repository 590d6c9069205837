"""`inherit`: gives a child VALP the trained weights of the networks that it shares with its parents.

It matches each column, unit and variable of the child with its place in the parent, or with None.
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
    align_layers,
    can_be_identity,
    input_shape,
    match_in_place,
    match_latent_pairs,
    match_units,
    match_variables,
    output_shape,
)


@dataclass(frozen=True)
class Parent:
    """A trained VALP.

    Attributes:
        graph: its graph.
        state: the state_dict of its compiled module.
    """

    graph: Graph
    state: Mapping[str, Tensor]


def inherit(
    module: VALPModule, graph: Graph, parents: Sequence[Parent], origins: Mapping[str, tuple[int, str]]
) -> frozenset[str]:
    """Copies the parents' weights into a freshly compiled module, in place.

    If the graph has only become larger, the module then computes what the parents computed, with the exceptions below.
    New parts have no effect at first: the weights that read new sources, variables or units are 0, and the weights that
    make these are random. The zero weights get gradients from the first step on, the weights behind them from the
    second.

    - A first layer keeps the columns of each variable (for a latent connection: each sampled variable) of each source
      that the parent's layer also reads. Inputs are matched by name, networks by origin. What addition, mean, product
      or a gated sum merges is matched by position. The gates of sources that stay are kept.
    - Hidden layers are aligned in order: as many as possible, preferably with equal activations and widths. New units
      of a wider layer come last; a narrower layer keeps the first units. An inserted layer starts as the identity, or
      close to it, if it is wide enough, has no batch normalisation, and its activation and stride allow it. Otherwise
      it stays random.
    - New variables of a wider output come last. But if a latent connection reads the output, means stay means and log
      variances stay log variances: variables move, and the layers that read them are adapted. Two readers may need
      different variables at one place (ψ names places, and a latent connection brings the whole output). Then model
      outputs take precedence, then latent connections, then what is merged by position.
    - Batch normalisation is copied with its units. A kernel of another size is cropped or padded around its centre.

    Some changes do alter what the model computes: a new source under a combiner other than concatenation, a removed
    layer or unit, an inserted layer that stays random, new classes of a Discretizer, another length of a numeric
    sequence, and another activation, combiner, cell or normalisation. New latent variables add their own KL. A module
    of another package passes on the tensors of equal name and shape. The optimiser's state is not inherited.

    Args:
        module: the child, compiled from `graph`.
        graph: a checked graph.
        parents: checked graphs with their weights.
        origins: for each network of the child, the index in `parents` and the network's name there. An entry is ignored
            if there is no such network or it is of another kind.

    Returns:
        The networks that received any weights. The others keep their initial weights.

    Raises:
        GraphError: if a parent's graph breaks a rule.
    """
    with torch.no_grad():
        return frozenset(_Inheritance(module, graph, parents, origins).copy_all())


class _Inheritance:
    """One call of `inherit`, with the same arguments."""

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

    def copy_all(self) -> set[str]:
        """Copies all weights that have a match. Returns the networks that received any."""
        networks = {name for name in self.child.graph.order if name in self.origins and self._copy_network(name)}
        gated = {c.target for c in self.child.graph.connections if self._copy_gates(c)}
        return networks | (gated & self.origins.keys())

    def _copy_network(self, name: str) -> bool:
        """Copies the weights of a network except its gates, after those of its sources. Returns whether it had any."""
        index, there = self.origins[name]
        child, parent = self.child, self.parents[index]
        ours, theirs, columns = child.layers[name], parent.layers[there], self._columns(name)
        pairs = align_layers(ours, theirs, KINDS[child.networks[name].kind].last_layer)
        ends_meet = bool(pairs) and pairs.get(len(ours) - 1) == len(theirs) - 1
        extents = child.extent(name), parent.extent(there)
        outgoing = match_units(*extents, self._preferred_pairs(name) if ends_meet else ())
        parts = {part: made for part, made in child.learnt[name].items() if not isinstance(made, Gate)}
        bare = not parts and len(columns) == child.units[name].size  # a Bottleneck passes on what reaches it
        self.variables[name] = columns if bare else match_variables(outgoing, *extents)
        copied = [bool(pairs)]
        if pairs:
            self._copy_layers((name, there), pairs, parent, columns, outgoing)
        for part, made in parts.items():
            given = parent.learnt[there].get(part)
            if given is not None and (isinstance(made, Apply) or not (ours and theirs)):
                copied += [
                    self._copy_equal_tensors(made.layer + norm, given.layer + norm, parent.state)
                    for norm in ("", "-norm")
                ]
        return any(copied)

    def _columns(self, name: str) -> Counterparts:
        """The matches of the merged variables that reach a network."""
        index, there = self.origins[name]
        parent = self.parents[index]
        if self.child.by_position(name) or parent.by_position(there):
            return match_in_place(self.child.merged[name][1], parent.merged[there][1])
        variables = ((c.source, variable) for c in parent.graph.incoming(there) for variable in parent.arriving(c))
        places = {key: place for place, key in enumerate(variables)}
        columns: Counterparts = []
        for connection in self.child.graph.incoming(name):
            found, arriving = self._counterpart(connection), self.child.arriving(connection)
            if found is None:
                columns += [None] * len(arriving)
                continue
            counterparts = self._variables(connection.source, found[0])
            # A column goes to one source only. A second source of the same origin would count it twice.
            keys = [(found[1].source, counterparts[variable]) for variable in arriving]
            columns += [None if variable is None else places.pop((source, variable), None) for source, variable in keys]
        return columns

    def _counterpart(self, connection: Connection) -> tuple[Compiled, Connection] | None:
        """The parent and its connection that match a connection of the child, if there is one."""
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
        """The matches in a parent of the variables of a source that comes from there."""
        if source in self.child.networks:
            return self.variables[source]
        extents = self.child.extent(source), parent.extent(source)
        return match_variables(match_units(*extents), *extents)

    def _preferred_pairs(self, name: str) -> list[tuple[int, int]]:
        """The pairs (variable, parent's variable) that the readers of a network need, the most important first."""
        ranked: list[tuple[int, list[tuple[int, int]]]] = []  # rank, pairs
        for connection in self.child.graph.connections:
            found = self._counterpart(connection) if connection.source == name else None
            if found is None:
                continue
            parent, given = found
            ours, theirs = self.child.indices(connection), parent.indices(given)
            by_position = self.child.by_position(connection.target) or parent.by_position(given.target)
            if connection.role is Role.LATENT:
                ranked.append((1, match_latent_pairs(ours, theirs, by_position)))
            elif by_position:
                rank = 2 if connection.target in self.child.networks else 0
                ranked.append((rank, list(zip(ours, theirs, strict=False))))
            elif connection.indices is not None:
                ranked.append((3, [(variable, variable) for variable in ours if variable in theirs]))
        return [pair for _, pairs in sorted(ranked, key=lambda entry: entry[0]) for pair in pairs]

    def _copy_layers(
        self, ends: tuple[str, str], pairs: dict[int, int], parent: Compiled, columns: Counterparts, last: Counterparts
    ) -> None:
        """Copies the layers of a network. `units` matches what the next layer reads with the parent's layer `level`."""
        ours, theirs = self.child.layers[ends[0]], parent.layers[ends[1]]
        areas = prod(input_shape(ours[0])[1:]), prod(input_shape(theirs[0])[1:])
        blocks = [columns[start : start + areas[0]] for start in range(0, len(columns), areas[0])]
        units: Counterparts = [next((c // areas[1] for c in block if c is not None), None) for block in blocks]
        level: int | None = -1
        before = ""
        for place, layer in enumerate(ours):
            if place in pairs:
                given = theirs[pairs[place]]
                if level != pairs[place] - 1:
                    units = match_in_place(input_shape(layer)[0], input_shape(given)[0])
                at_end = layer is ours[-1] and given is theirs[-1]
                made = last if at_end else match_in_place(output_shape(layer)[0], output_shape(given)[0])
                self._copy_layer(layer, given, parent.state, made, units)
                level, units = pairs[place], made
            elif level is not None and can_be_identity(layer, before):
                self._set_identity(layer)
                units = [*units, *[None] * (output_shape(layer)[0] - len(units))]
            else:
                level = None
            before = activation(layer)

    def _copy_layer(
        self, ours: PlanLayer, theirs: PlanLayer, state: State, rows: Counterparts, columns: Counterparts
    ) -> None:
        """Copies a layer. `rows` are the matches of its units, `columns` those of what it reads."""
        for name, own in self.child.state[ours.layer].items():
            given, made, read = state[theirs.layer][name], rows, None if own.dim() == 1 else columns
            if isinstance(ours, Recur):
                width = output_shape(theirs)[0]
                parts = range(len(given) // width)  # the gates of the cell, stacked
                made = [None if row is None else part * width + row for part in parts for row in rows]
                read = rows if name.startswith("weight_hh") else read
            elif isinstance(ours, Convolve) and read is not None:
                given = _centred(given, own.shape[2:])
                own, given = (own.transpose(0, 1), given.transpose(0, 1)) if ours.transposed else (own, given)
            _copy(own, given, made, read)
        if ours.normalise and theirs.normalise:
            for name, own in self.child.state[f"{ours.layer}-norm"].items():
                _copy(own.view(-1), state[f"{theirs.layer}-norm"][name].view(-1), rows if own.dim() else [0])

    def _set_identity(self, layer: PlanLayer) -> None:
        """Makes the first units of a layer equal to the units that it reads."""
        tensors, count = self.child.state[layer.layer], input_shape(layer)[0]
        weight = tensors["weight"]
        own = weight.transpose(0, 1) if isinstance(layer, Convolve) and layer.transposed else weight
        own[:count] = 0
        middle = own
        for side in own.shape[2:]:
            middle = middle.select(2, side // 2)
        middle.fill_diagonal_(1)
        tensors["bias"][:count] = 0

    def _copy_equal_tensors(self, ours: str, theirs: str, state: State) -> bool:
        """Copies the tensors of equal name and shape. Returns whether there were any."""
        own, given = self.child.state.get(ours, {}), state.get(theirs, {})
        names = [name for name in own if name in given and own[name].shape == given[name].shape]
        for name in names:
            own[name].copy_(given[name])
        return bool(names)

    def _copy_gates(self, connection: Connection) -> bool:
        """Copies the gates of a source that a gated sum merges in child and parent. Returns whether it did."""
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
    """Kernels (…, …, *k), cropped or padded with zeros around their centre to have these sides."""
    margins = []
    for side, given in zip(reversed(sides), reversed(kernels.shape[2:]), strict=True):
        margins += [(side - given) // 2, side - given - (side - given) // 2]
    return F.pad(kernels, margins)


def _copy(own: Tensor, given: Tensor, rows: Counterparts, columns: Counterparts | None = None) -> None:
    """Copies the rows that have a match, with 0 in columns without one. Other rows stay."""
    kept, theirs = _indices(rows)
    values = given.to(own)[theirs]
    if columns is not None:
        ours, read = _indices(columns)
        narrow, values = values, own.new_zeros(len(kept), *own.shape[1:])
        values[:, ours] = narrow[:, read]
    own[kept] = values


def _indices(counterparts: Counterparts) -> tuple[Tensor, Tensor]:
    """The places that have a match, and their matches."""
    pairs = [(place, other) for place, other in enumerate(counterparts) if other is not None]
    ours, theirs = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).unbind(1)
    return ours, theirs
