"""The networks and connections of a graph under construction, and what samples may depend on."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from valp.graph.graph import DataType, DataUnit, Input, Output, Role
from valp.parts.own_types import like
from valp.parts.priors import PRIORS
from valp.spaces.generate.allowed_conditions import allowed_conditions
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import INPUT, NETWORK, OUTPUT, Node, Place
from valp.spaces.generate.space import Space


class DraftParts:
    """The networks and connections of a draft.

    `open` has the components that still lack a required source.

    If a problem restricts the conditions of its samples, some networks are *generating*: those that make Samples or
    latent variables, and those that feed them other than by latent connections. Such a network reads generating
    networks, allowed inputs, and networks that predict a given class, but nothing else, except by latent connections.
    So no sample depends on any other input when the graph generates.

    Args:
        inputs, outputs: the model's inputs and outputs.
        space: the ranges.
        choose: makes the decisions.
        conditions: by what samples may be asked for, `Description.conditions`; None allows anything.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        space: Space,
        choose: Choose,
        conditions: Collection[str] | None,
    ) -> None:
        self.inputs, self.outputs, self.space, self.choose = tuple(inputs), tuple(outputs), space, choose
        self.conditions = allowed_conditions(inputs, outputs, space, conditions)
        self.nodes: list[Node] = []
        self.arrivals: list[list[tuple[Place, tuple[int, ...] | None]]] = [[] for _ in outputs]
        self.open: set[Place] = {(OUTPUT, i) for i in range(len(outputs))}
        self._repeats: Counter[str] = Counter()

    def name(self, decision: str) -> str:
        """The stable name of a decision: the slot of the next network, the decision, and a number."""
        name = f"n{len(self.nodes)}.{decision}"
        self._repeats[name] += 1
        return f"{name}.{self._repeats[name]}"

    def targets(self) -> list[Place]:
        """The outputs and networks (O ∪ N), without the networks that take one source and have it."""
        networks = ((NETWORK, i) for i in range(len(self.nodes)))
        return [
            *((OUTPUT, i) for i in range(len(self.outputs))),
            *(place for place in networks if place in self.open or not self.nodes[place[1]].row.one_source),
        ]

    def role(self, target: Place) -> Role:
        """The role of the next connection: first latent if the kind has that, later another with probability φ."""
        roles = self.nodes[target[1]].row.takes if target[0] is NETWORK else (Role.DATA,)
        if Role.LATENT not in roles:
            return Role.DATA
        others = [role for role in (Role.CONDITION, Role.DATA) if role in roles]
        if not others or target in self.open or not self.choose.flag(self.name("condition"), self.space.phi):
            return Role.LATENT
        return others[0]

    def connect(self, source: Place, target: Place, role: Role) -> None:
        """Draws ψ and connects `source` to `target`, which is then no longer open."""
        indices = self._psi(self.unit(source), target, role)
        if target[0] is OUTPUT:
            self.arrivals[target[1]].append((source, indices))
        else:
            self.nodes[target[1]].sources.append((source, role, indices))
            if source[0] is NETWORK:
                self._mark_below(source[1], self.nodes[target[1]].below)
        self.open.discard(target)

    def unread_inputs(self) -> list[int]:
        """The inputs that nothing reads."""
        read = {place for node in self.nodes for place, _, _ in node.sources}
        return [i for i in range(len(self.inputs)) if (INPUT, i) not in read]

    def _psi(self, unit: DataUnit, target: Place, role: Role) -> tuple[int, ...] | None:
        """Draws ψ. A model output gets its full width, a latent connection an even number of variables."""
        if target[0] is OUTPUT:
            return self._chosen(unit.size, self.outputs[target[1]].unit.size)
        node = self.nodes[target[1]]
        if node.exactly is not None:
            return self._chosen(unit.size, node.exactly)
        if not self.choose.flag(self.name("partial"), self.space.partial):
            return None
        return self._part(unit, node, role)

    def _part(self, unit: DataUnit, node: Node, role: Role) -> tuple[int, ...] | None:
        """Draws ψ of a connection into a network that adapts to any size."""
        if role is Role.LATENT:
            return self._chosen(unit.size, 2 * self.choose.integer(self.name("count"), 1, unit.size // 2))
        if node.design.reads is None:
            return self._chosen(unit.size, self.choose.integer(self.name("count"), 1, unit.size))
        channels, area = unit.shape[0], unit.size // unit.shape[0]  # a network that reads Features gets whole channels
        kept = self._chosen(channels, self.choose.integer(self.name("count"), 1, channels))
        return None if kept is None else tuple(area * channel + i for channel in kept for i in range(area))

    def _chosen(self, size: int, count: int) -> tuple[int, ...] | None:
        return None if count == size else self.choose.subset(self.name("psi"), size, count)

    def unit(self, place: Place) -> DataUnit:
        """The data unit of an input or a network."""
        return self.inputs[place[1]].unit if place[0] is INPUT else self.nodes[place[1]].unit

    def _below(self, target: Place) -> int:
        return self.nodes[target[1]].below if target[0] is NETWORK else 0

    def _mark_below(self, source: int, below: int) -> None:
        bit = 1 << source
        for node in self.nodes:
            if node.below & bit:
                node.below |= below

    def _joined(self, source: Place, target: Place) -> bool:
        if target[0] is OUTPUT:
            return any(place == source for place, _ in self.arrivals[target[1]])
        return any(place == source for place, _, _ in self.nodes[target[1]].sources)

    def givable(self) -> tuple[int, ...]:
        """The outputs whose class is given and to which networks may be added."""
        return self.conditions.given

    def predicts_given(self, index: int) -> int | None:
        """The output with a given class that a network predicts, as `Graph.predictors` says; None if there is none."""
        unit = self.nodes[index].unit
        whole = (None, tuple(range(unit.size)))
        for output in self.conditions.given:
            if unit == self.outputs[output].unit and any(
                place == (NETWORK, index) and indices in whole for place, indices in self.arrivals[output]
            ):
                return output
        return None

    def given_classes(self) -> tuple[str, ...]:
        """The names of the outputs whose class is given, `Graph.given`."""
        found = {self.predicts_given(i) for i in range(len(self.nodes))} if self.conditions.given else set()
        return tuple(self.outputs[output].name for output in self.conditions.given if output in found)

    def is_generating(self, target: Place) -> bool:
        """Whether the sources of a component are restricted."""
        if not self.conditions.restrict:
            return False
        if target[0] is OUTPUT:
            return _makes_samples(self.outputs[target[1]].unit)
        return self.nodes[target[1]].generating and self.predicts_given(target[1]) is None

    def allows(self, source: Place, target: Place, role: Role) -> bool:
        """Whether samples keep to their conditions if `target` reads `source`."""
        if role is Role.LATENT or not self.is_generating(target):
            return True
        if source[0] is INPUT:
            return source[1] in self.conditions.inputs
        return self.nodes[source[1]].generating or self.predicts_given(source[1]) is not None

    def generating_from(self, starts: Iterable[int]) -> set[int]:
        """These networks, and those that feed them when the graph generates. It ends at given classes."""
        found, waiting = set[int](), list(starts)
        while waiting:
            index = waiting.pop()
            if index in found or self.predicts_given(index) is not None:
                continue
            found.add(index)
            sources = self.nodes[index].sources
            waiting += [place[1] for place, role, _ in sources if place[0] is NETWORK and role is not Role.LATENT]
        return found

    def mark_generating(self) -> None:
        """Finds the generating networks of a draft that Algorithm 1 has not drawn."""
        if not self.conditions.restrict:
            return
        own = {i for i, node in enumerate(self.nodes) if node.need is not None or _makes_samples(node.unit)}
        found = self.generating_from(own | self._into_samples())
        for i, node in enumerate(self.nodes):
            node.generating = i in found

    def _into_samples(self) -> set[int]:
        """The networks that feed a Samples output directly."""
        both = zip(self.outputs, self.arrivals, strict=True)
        return {place[1] for output, arrivals in both if _makes_samples(output.unit) for place, _ in arrivals}

    def suit_priors(self) -> None:
        """Gives latent variables that make samples together with a given class a prior that depends on the class.

        The codes of training rows depend on their class. From N(0, I), z would fit the given class only by chance, and
        a decoder that follows z would ignore the class. Nothing changes if the space has no such prior.
        """
        suited = [code for code in self.space.priors if PRIORS[code].by_class]
        if not suited or not self.conditions.given:
            return
        for output, arrivals in zip(self.outputs, self.arrivals, strict=True):
            found = self.generating_from({i for (_, i), _ in arrivals}) if _makes_samples(output.unit) else set()
            links = [link for i in found for link in self.nodes[i].sources]
            read = {place[1] for place, role, _ in links if place[0] is NETWORK and role is not Role.LATENT}
            if all(self.predicts_given(i) is None for i in read):
                continue
            for node in (self.nodes[i] for i in found):
                latent = any(role is Role.LATENT for _, role, _ in node.sources)
                if latent and not PRIORS[node.prior].by_class:
                    node.prior = suited[0]

    def keeps_conditions(self) -> bool:
        """Whether samples depend on nothing but what they may be asked for by."""
        if not self.conditions.restrict:
            return True
        read = [link for index in self.generating_from(self._into_samples()) for link in self.nodes[index].sources]
        inputs = {place[1] for place, role, _ in read if place[0] is INPUT and role is not Role.LATENT}
        return inputs <= self.conditions.inputs


def _makes_samples(unit: DataUnit) -> bool:
    return like(unit.type) is DataType.SAMPLES
