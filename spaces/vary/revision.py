"""A draft made from existing graphs, which moves edit."""

from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import replace
from itertools import count
from typing import Any

from valp.graph.graph import DataType, DataUnit, Graph, Layer, Loss, Output, Role
from valp.parts.kinds import Need
from valp.parts.losses import KL
from valp.parts.own_types import like
from valp.spaces.candidate import Training
from valp.spaces.generate.algorithm1 import complete
from valp.spaces.generate.assembly import drawn_divergence, graph_of, latent_sources
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft import Draft
from valp.spaces.generate.draft_node import INPUT, NETWORK, OUTPUT, Place
from valp.spaces.generate.space import Space
from valp.spaces.problem.description import Description

Link = tuple[Place, int]
"""A connection: its target, and its position among the target's incoming connections."""

Indices = tuple[int, ...] | None
"""ψ; None transports all."""


class Revision(Draft):
    """A draft made from existing graphs, which can be edited. After any edit, `completed` makes it a valid VALP.

    Args:
        problem: the problem of the graphs.
        outputs: the model outputs, with their combiners.
        space: the ranges.
        choose: makes the decisions.
        training: how the graph is trained.
        batch: the search's batch size, to which the space's batch sizes relate.
    """

    def __init__(
        self,
        problem: Description,
        outputs: Sequence[Output],
        space: Space,
        choose: Choose,
        training: Training,
        batch: int,
    ) -> None:
        super().__init__(problem.inputs, outputs, problem.images, space, choose, problem.conditions)
        self.problem, self.training, self.batch = problem, training, batch
        self.losses: list[Loss] = []
        """All losses except KL. β of the KL losses is in the nodes."""
        self.fixed: set[int] = set()
        """The outputs that must keep their connections."""

    def copy(self) -> "Revision":
        """A copy that can be edited independently."""
        other = copy(self)
        other.nodes = [copy(node) for node in self.nodes]
        for node in other.nodes:
            node.sources = list(node.sources)
        other.arrivals = [list(arrivals) for arrivals in self.arrivals]
        other.losses = list(self.losses)
        other.refresh()
        return other

    def refresh(self) -> None:
        """Recomputes what a draft derives from its networks: `below`, the offers, the open components, and so on."""
        self._offers = self._new_offers()
        self.mark_generating()
        self._read_by: dict[int, list[Link]] = {}
        for target in self.components():
            for position, (place, _, _) in enumerate(self.into(target)):
                if place[0] is NETWORK:
                    self._read_by.setdefault(place[1], []).append((target, position))
        for i, node in enumerate(self.nodes):
            node.below = 0
            serves = None if self.mixed else self.serves_output(i)
            self._offers.add(i, node.kind, node.unit, encodes=not node.generating, serves=serves)
        for i in range(len(self.nodes)):
            self._find_below(i)
        self._shaped = sum(node.design.reads is not None for node in self.nodes)
        self.open = {place for place in self.components() if not self.is_fed(place)}

    def givable(self) -> tuple[int, ...]:
        """See `DraftParts`."""
        return tuple(output for output in super().givable() if output not in self.fixed)

    def is_fed(self, target: Place) -> bool:
        """Whether a component has the source that it requires."""
        waits = self._need(target) is not None and not self.is_fixed(target)
        return bool(self.essential(target) if waits else self.into(target))

    def essential(self, target: Place) -> list[int]:
        """The position of the first connection into a component that meets the `Need` of its kind; empty if none."""
        need = self._need(target)
        for position, (place, role, _) in enumerate(self.into(target) if need else []):
            row = self.nodes[place[1]].row if place[0] is NETWORK else None
            match need:
                case Need.SAMPLES:
                    found = like(self.unit(place).type) is DataType.SAMPLES
                case Need.SAMPLED:
                    found = row is not None and row.only_samples
                case _:
                    found = row is not None and row.encodes and role is Role.LATENT
            if found:
                return [position]
        return []

    def links(self) -> list[Link]:
        """All connections that may be changed."""
        free = (place for place in self.components() if not self.is_fixed(place))
        return [(place, position) for place in free for position in range(len(self.into(place)))]

    def is_fixed(self, target: Place) -> bool:
        """Whether a component must keep its incoming connections."""
        return target[1] in self.fixed if target[0] is OUTPUT else self.nodes[target[1]].fixed

    def into(self, target: Place) -> list[tuple[Place, Role, Indices]]:
        """The connections into a component: source, role and ψ."""
        if target[0] is OUTPUT:
            return [(place, Role.DATA, indices) for place, indices in self.arrivals[target[1]]]
        return self.nodes[target[1]].sources

    def out_of(self, index: int) -> list[Link]:
        """The connections from a network."""
        return self._read_by.get(index, [])

    def serving(self, target: Place) -> set[Place]:
        """A component, and the networks that feed it directly or indirectly."""
        fed = self._sources(target)
        return {target, *((NETWORK, i) for i, node in enumerate(self.nodes) if node.below & fed)}

    def _sources(self, target: Place) -> int:
        """A bit mask of the networks that a component reads."""
        return sum({1 << place[1] for place, _, _ in self.into(target) if place[0] is NETWORK})

    def extendable(self) -> list[Place]:
        """The components that can have a further source."""
        return [target for target in self.targets() if not self.is_fixed(target)]

    def serves_output(self, index: int) -> bool:
        """Whether a network is a source of an output."""
        return any(target[0] is OUTPUT for target, _ in self.out_of(index))

    def is_movable(self, index: int) -> bool:
        """Whether all outgoing connections of a network may be changed."""
        return not any(self.is_fixed(target) for target, _ in self.out_of(index))

    def is_judged(self, index: int) -> bool:
        """Whether a loss other than KL applies to a network directly."""
        name = self.nodes[index].name
        return bool(name) and any(loss.prediction == name for loss in self.losses)

    def accepted(self, target: Place, role: Role) -> list[Place]:
        """The components that can serve `target` without a cycle, and do not do so yet."""
        return [place for place in self._existing(target, role) if not self._joined(place, target)]

    def cut(self, link: Link) -> tuple[Place, Role, Indices]:
        """Removes a connection, and returns its source, role and ψ."""
        target, position = link
        taken = self.into(target)[position]
        if target[0] is OUTPUT:
            del self.arrivals[target[1]][position]
        else:
            del self.nodes[target[1]].sources[position]
        self.refresh()
        return taken

    def join(self, source: Place, target: Place, role: Role, position: int | None = None) -> None:
        """Connects like Algorithm 1. The connection is inserted at a position, by default at the end."""
        self.connect(source, target, role)
        into = self._list(target)
        if position is not None:
            into.insert(position, into.pop())
        self.refresh()

    def append(self, source: Place, target: Place, role: Role, indices: Indices) -> None:
        """Adds a connection with this ψ at the end."""
        self._list(target).append((source, indices) if target[0] is OUTPUT else (source, role, indices))
        self.refresh()

    def point(self, link: Link, source: Place, indices: Indices) -> None:
        """Gives a connection another source and ψ."""
        target, position = link
        role = self.into(target)[position][1]
        self._list(target)[position] = (source, indices) if target[0] is OUTPUT else (source, role, indices)
        self.refresh()

    def drop(self, gone: Collection[int]) -> None:
        """Removes networks with all their connections."""
        kept = [i for i in range(len(self.nodes)) if i not in gone]
        renamed: dict[Place, Place] = {(NETWORK, old): (NETWORK, new) for new, old in enumerate(kept)}
        renamed |= {(INPUT, i): (INPUT, i) for i in range(len(self.inputs))}
        self.nodes = [self.nodes[i] for i in kept]
        for node in self.nodes:
            node.sources = [(renamed[place], *rest) for place, *rest in node.sources if place in renamed]  # type: ignore[misc]
        self.arrivals = [
            [(renamed[place], indices) for place, indices in arrivals if place in renamed] for arrivals in self.arrivals
        ]
        self.refresh()

    def exactly(self, target: Place) -> int | None:
        """The number of variables that each connection into a component must transport; None if any number fits."""
        if target[0] is OUTPUT:
            return self.outputs[target[1]].unit.size
        return self.nodes[target[1]].exactly

    def with_layers(self, index: int, layers: Sequence[Layer]) -> None:
        """Sets the layers of a network."""
        self.nodes[index].design = replace(self.nodes[index].design, layers=tuple(layers))

    def with_unit(self, index: int, unit: DataUnit) -> None:
        """Sets the output unit of a network. ψ of its outgoing connections keeps the variables that still exist."""
        node = self.nodes[index]
        node.unit, node.design = unit, replace(node.design, unit=unit)
        for target, position in self.out_of(index):
            place, role, indices = self.into(target)[position]
            self.point((target, position), place, self.fitted(target, role, unit, indices))
        if node.exactly is not None:
            for position, (place, _, _) in enumerate(node.sources):
                self.point(((NETWORK, index), position), place, self._chosen(self.unit(place).size, node.exactly))
        self.refresh()

    def fitted(self, target: Place, role: Role, unit: DataUnit, indices: Indices) -> Indices:
        """ψ of a connection whose source has this unit. It keeps variables of the earlier ψ as far as possible."""
        size, exactly = unit.size, self.exactly(target)
        if exactly is not None:
            if indices is None and exactly < size:
                return tuple(range(exactly))
            whole = exactly == size or indices is None
            return None if whole else indices if max(indices or ()) < size else self._chosen(size, exactly)
        kept = tuple(i for i in indices or () if i < size)
        if role is Role.LATENT:
            kept = kept[: len(kept) - len(kept) % 2]
        return None if not kept or kept == tuple(range(size)) else kept

    def part(self, source: Place, target: Place, role: Role) -> Indices:
        """Draws a ψ for some variables, like Algorithm 1. It may happen to be all of them."""
        unit, exactly = self.unit(source), self.exactly(target)
        return self._part(unit, self.nodes[target[1]], role) if exactly is None else self._chosen(unit.size, exactly)

    def has_parts(self, source: Place, target: Place, role: Role) -> bool:
        """Whether a connection has more than one possible ψ."""
        unit, exactly = self.unit(source), self.exactly(target)
        if exactly is not None:
            return unit.size > exactly
        shaped = self.nodes[target[1]].design.reads is not None
        return (unit.shape[0] if shaped else unit.size) > (2 if role is Role.LATENT else 1)

    def can_be_latent(self, source: Place) -> bool:
        """Whether a component can give a mean and a log variance."""
        unit = self.unit(source)
        encodes = source[0] is NETWORK and self.nodes[source[1]].row.encodes
        encodes = encodes and (self.mixed or not self.serves_output(source[1]))
        return encodes and unit.type is DataType.NUMERIC and unit.size > 1

    def completed(self) -> bool:
        """Drops networks that feed no output, adds missing sources, and connects unread inputs.

        Returns whether that is possible as the space wants it: with at most `most` networks, samples that depend on
        nothing but what they may be asked for by, and codes of their own. If not, the revision is of no use any more.
        """
        fed = 0
        for output in range(len(self.outputs)):
            fed |= self._sources((OUTPUT, output))
        useless = [i for i, node in enumerate(self.nodes) if not node.below & fed]
        if useless:
            self.drop(useless)
        for target in sorted(self.open):
            self._promote(target)
        if self.room() < 0 or (self.open and self.needed() > self.room()):
            return False
        if not self.keeps_conditions() or any(map(self._is_stuck, self.open)):
            return False
        if not all(map(self.readers, self.unread_inputs())):
            return False
        complete(self)
        self.settle()
        mixed = not self.mixed and any(map(self.serves_output, latent_sources(self)))
        return not mixed and self.keeps_conditions()  # a decoder that fed no samples, so was free, may feed some now

    def _is_stuck(self, target: Place) -> bool:
        """Whether an open component may have no source with which samples keep to their conditions."""
        if target[0] is OUTPUT or self._need(target) is not None or not self.is_generating(target):
            return False
        return not self.conditions.inputs or self.nodes[target[1]].design.reads is not None

    def settle(self) -> None:
        """Names each new network n{i}, gives each new latent source a β, and drops losses without a prediction."""
        self.refresh()
        names = self._names()
        self.losses = [loss for loss in self.losses if loss.prediction in names]
        free = self.free_names()
        for node in self.nodes:
            node.name = node.name or next(free)
        latent = [self.nodes[i] for i in latent_sources(self)]
        if any(node.beta is None for node in latent):
            beta = next((node.beta for node in latent if node.beta is not None), None)
            beta = drawn_divergence(self) if beta is None else beta
            for node in latent:
                node.beta = beta if node.beta is None else node.beta

    def graph(self) -> Graph:
        """The graph. Only valid after `completed`."""
        latent = [self.nodes[i] for i in latent_sources(self)]
        divergences = [Loss(kind=KL, prediction=node.name, beta=node.beta or 0.0) for node in latent]
        return graph_of(self, [*self.losses, *divergences])

    def _promote(self, target: Place) -> None:
        """Makes a condition latent if a decoder has no latent connection: there may be no other source for one."""
        if self._need(target) is not Need.CODE:
            return
        for position, (place, role, indices) in enumerate(self.into(target)):
            if role is Role.CONDITION and self.can_be_latent(place):
                indices = self.fitted(target, Role.LATENT, self.unit(place), indices)
                self.nodes[target[1]].sources[position] = (place, Role.LATENT, indices)
                self.refresh()
                return

    def _names(self) -> set[str]:
        return {x.name for x in self.nodes} | {x.name for x in self.inputs} | {x.name for x in self.outputs}

    def free_names(self, taken: Collection[str] = ()) -> Iterator[str]:
        """The names n{i} that no component has, and that are not in `taken`."""
        names = self._names().union(taken)
        for i in count():
            if f"n{i}" not in names:
                yield f"n{i}"

    def _list(self, target: Place) -> list[Any]:
        return self.arrivals[target[1]] if target[0] is OUTPUT else self.nodes[target[1]].sources

    def components(self) -> list[Place]:
        """The components that have sources: outputs and networks."""
        outputs: list[Place] = [(OUTPUT, i) for i in range(len(self.outputs))]
        return [*outputs, *((NETWORK, i) for i in range(len(self.nodes)))]

    def _need(self, place: Place) -> Need | None:
        return self.nodes[place[1]].need if place[0] is NETWORK else None

    def _find_below(self, index: int) -> int:
        node = self.nodes[index]
        if not node.below:
            node.below = 1 << index
            for (group, reader), _ in self.out_of(index):
                if group is NETWORK:
                    node.below |= self._find_below(reader)
        return node.below
