"""A graph under construction, and what completing it would still take."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from spaces.choose import Choose
from spaces.offers import Offers
from spaces.space import Space
from valp.errors import SettingError
from valp.graph import Connection, DataType, DataUnit, Dense, Graph, Input, Loss, Output, PrimaryNetwork, Role
from valp.losses import KL

Place = tuple[str, int]
"""A component: its group and its position there."""

INPUT, NETWORK, OUTPUT = "input", "network", "output"

Make = tuple[str, DataType]
"""What could be created: a kind, and the type of its output."""

SERVING: dict[DataType, tuple[Make, ...]] = {
    DataType.NUMERIC: (("g", DataType.NUMERIC),),
    DataType.DISCRETE: (("delta", DataType.DISCRETE),),
    DataType.SAMPLES: (("d", DataType.SAMPLES), ("g", DataType.SAMPLES)),
}
"""The networks that can serve a component which asks for a type."""

ANYTHING: tuple[Make, ...] = (("g", DataType.NUMERIC), ("delta", DataType.DISCRETE), ("d", DataType.SAMPLES))
"""The networks that can serve a component which takes every type."""

MOST_A_CONNECTION_TAKES = 2
"""One connection or creation raises `Draft.needed` by this much at the most: a decoder, and its Generic MLP."""


@dataclass
class Node:
    """A network of a draft; `below` has a bit for each network that reads it, directly or not, and for itself."""

    kind: str
    unit: DataUnit
    layers: tuple[Dense, ...]
    initializer: str
    combiner: str
    below: int
    sources: list[tuple[Place, Role, tuple[int, ...] | None]] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether it cannot begin with just any input: a decoder, or what must receive Samples."""
        return self.unit.type is DataType.SAMPLES


class Draft:
    """A graph under construction. `open` has the components that still lack a source they cannot do without."""

    def __init__(self, inputs: Sequence[Input], outputs: Sequence[Output], space: Space, choose: Choose) -> None:
        unserved = [output.name for output in outputs if output.unit.type not in SERVING]
        if unserved:
            raise SettingError(f"the {space.name} space has no network kind that produces output {unserved[0]!r}")
        self.inputs, self.outputs, self.space, self.choose = tuple(inputs), tuple(outputs), space, choose
        self.nodes: list[Node] = []
        self._offers = Offers(inputs, outputs)
        self.arrivals: list[list[tuple[Place, tuple[int, ...] | None]]] = [[] for _ in outputs]
        self.open: set[Place] = {(OUTPUT, i) for i in range(len(outputs))}
        self._repeats: Counter[str] = Counter()

    def name(self, decision: str) -> str:
        """The stable name of a decision: numbered within the slot of the network that comes next."""
        name = f"n{len(self.nodes)}.{decision}"
        self._repeats[name] += 1
        return f"{name}.{self._repeats[name]}"

    def targets(self) -> list[Place]:
        """O ∪ N."""
        return [*((OUTPUT, i) for i in range(len(self.outputs))), *((NETWORK, i) for i in range(len(self.nodes)))]

    def role(self, target: Place) -> Role:
        """The role of the next connection: into a decoder first latent, then a condition with probability φ."""
        if target[0] is not NETWORK or self.nodes[target[1]].kind != "d":
            return Role.DATA
        if target in self.open or not self.choose.flag(self.name("condition"), self.space.phi):
            return Role.LATENT
        return Role.CONDITION

    def room(self) -> int:
        """The networks that may still be created."""
        return self.space.max_n - len(self.nodes)

    def needed(self) -> int:
        """The most networks that completing the draft may still create.

        An open output needs one where no network fits it. Generic MLPs that wait for Samples can all be served by
        one source that lies below none of them, and decoders by one Generic MLP below nothing that waits: each of
        these counts once, unless it is there. Serving something from such a source, or from a new one, never makes
        the number grow; any other connection is tried first (`sources`).
        """
        unserved = below = below_generic = 0
        decoder = False
        for group, i in self.open:
            if group is OUTPUT:
                if not self._offers.fitting[i]:
                    unserved += 1
                    decoder |= self.outputs[i].unit.type is DataType.SAMPLES
            elif self.nodes[i].waits:
                below |= self.nodes[i].below
                if self.nodes[i].kind == "d":
                    decoder = True
                else:
                    below_generic |= self.nodes[i].below
        samples = below_generic != 0 and not self._offers.samples(below_generic)
        latent = (decoder or samples) and not self._offers.latent(below)
        return unserved + samples + latent

    def sources(self, target: Place, role: Role) -> list[Place]:
        """The existing components that can serve `target` without a cycle, and leave the rest within max_n."""
        fitting = [place for place in self._existing(target, role) if not self._joined(place, target)]
        if self.room() - self.needed() >= MOST_A_CONNECTION_TAKES or not any(map(self._is_waiting, self.open)):
            return fitting
        return [place for place in fitting if self._affordable(place, target)]

    def creatable(self, target: Place, role: Role) -> list[Make]:
        """The networks that may be created for `target`, with what each still needs, within max_n."""
        makes = self._makes(target, role)
        if self.room() - 1 - self.needed() >= MOST_A_CONNECTION_TAKES:
            return list(makes)
        return [make for make in makes if self._creation_affordable(make, target)]

    def create(self, target: Place, role: Role, makes: Sequence[Make]) -> Place:
        """A new network for `target`, one of `makes`, its parametrisation drawn."""
        index, space, choose = len(self.nodes), self.space, self.choose
        slot = f"n{index}"
        kind, data_type = choose.category(f"{slot}.kind", makes)
        if target[0] is OUTPUT:
            size = self.outputs[target[1]].unit.size
        else:
            size = choose.integer(f"{slot}.output", *space.output_units, log_scale=space.log_scale)
            size -= size % 2 if role is Role.LATENT else 0
        layers = self._layers(slot)
        initializer = choose.category(f"{slot}.initializer", space.initializers)
        combiner = choose.category(f"{slot}.combiner", space.network_combiners)
        unit = DataUnit(type=data_type, shape=(size,))
        self.nodes.append(Node(kind, unit, layers, initializer, combiner, 1 << index))
        self._offers.add(index, unit)
        place = (NETWORK, index)
        self.open.add(place)
        return place

    def connect(self, source: Place, target: Place, role: Role) -> None:
        """Draws ψ and connects; `target` is open no longer."""
        size = self._unit(source).size
        indices = self._psi(size, target, role)
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

    def readers(self) -> list[Place]:
        """The networks that take any type."""
        return [(NETWORK, i) for i, node in enumerate(self.nodes) if node.kind != "d"]

    def graph(self, losses: dict[str, str]) -> Graph:
        """The graph; `losses` has the loss kind of each output."""
        names = {(NETWORK, i): f"n{i}" for i in range(len(self.nodes))}
        names |= {(INPUT, i): model_input.name for i, model_input in enumerate(self.inputs)}
        networks = tuple(
            PrimaryNetwork(
                name=f"n{i}",
                kind=node.kind,
                combiner=node.combiner,
                layers=node.layers,
                initializer=node.initializer,
                output=node.unit,
            )
            for i, node in enumerate(self.nodes)
        )
        connections = [
            Connection(source=names[source], target=f"n{i}", indices=indices, role=role)
            for i, node in enumerate(self.nodes)
            for source, role, indices in node.sources
        ]
        connections += [
            Connection(source=names[source], target=output.name, indices=indices)
            for output, arrivals in zip(self.outputs, self.arrivals, strict=True)
            for source, indices in arrivals
        ]
        return Graph(
            inputs=self.inputs,
            networks=networks,
            outputs=self.outputs,
            connections=tuple(connections),
            losses=tuple(self._losses(losses, connections)),
        )

    def _losses(self, kinds: dict[str, str], connections: Sequence[Connection]) -> list[Loss]:
        space, real = self.space, self.choose.real
        losses = []
        for output in self.outputs:
            kind = kinds[output.name]
            if output.unit.type is DataType.SAMPLES and space.samples_loss is not None:
                kind = space.samples_loss
            beta = real(f"beta.{output.name}", *space.beta, log_scale=True)
            losses.append(Loss(kind=kind, prediction=output.name, truth=output.name, beta=beta))
        beta = real("beta.kl", *space.beta_kl, log_scale=True)
        latent = dict.fromkeys(c.source for c in connections if c.role is Role.LATENT)
        return losses + [Loss(kind=KL, prediction=source, beta=beta) for source in latent]

    def _layers(self, slot: str) -> tuple[Dense, ...]:
        space, choose = self.space, self.choose
        count = choose.integer(f"{slot}.layers", *space.hidden_layers)
        layers: list[Dense] = []
        for i in range(count):
            if i and space.uniform_layers:
                layers.append(layers[0])
                continue
            detail = f".{i}" if i else ""
            layers.append(
                Dense(
                    units=choose.integer(f"{slot}.units{detail}", *space.units, log_scale=space.log_scale),
                    activation=choose.category(f"{slot}.activation{detail}", space.activations),
                    initializer=choose.category(f"{slot}.layer_initializer{detail}", space.initializers),
                )
            )
        return tuple(layers)

    def _psi(self, size: int, target: Place, role: Role) -> tuple[int, ...] | None:
        """ψ: a model output gets its full width, a latent connection an even number of variables."""
        if target[0] is OUTPUT:
            count = self.outputs[target[1]].unit.size
        elif not self.choose.flag(self.name("partial"), self.space.partial):
            return None
        elif role is Role.LATENT:
            count = 2 * self.choose.integer(self.name("count"), 1, size // 2)
        else:
            count = self.choose.integer(self.name("count"), 1, size)
        return None if count == size else self.choose.subset(self.name("psi"), size, count)

    def _unit(self, place: Place) -> DataUnit:
        return self.inputs[place[1]].unit if place[0] is INPUT else self.nodes[place[1]].unit

    def _below(self, target: Place) -> int:
        return self.nodes[target[1]].below if target[0] is NETWORK else 0

    def _mark_below(self, source: int, below: int) -> None:
        bit = 1 << source
        for node in self.nodes:
            if node.below & bit:
                node.below |= below

    def _existing(self, target: Place, role: Role) -> list[Place]:
        """The components whose type and size can serve `target`, and that do not read it."""
        below = self._below(target)
        networks = [(NETWORK, i) for i in range(len(self.nodes)) if not below >> i & 1]
        if target[0] is OUTPUT:
            return [place for place in networks if self._offers.fitting[target[1]] >> place[1] & 1]
        if role is Role.LATENT:
            return [place for place in networks if self._offers.latent(~(1 << place[1]))]
        places = [*((INPUT, i) for i in range(len(self.inputs))), *networks]
        if role is Role.CONDITION:
            types = {DataType.NUMERIC, DataType.FEATURES}
            types |= {DataType.DISCRETE} if self.space.discrete_conditions else set()
            return [place for place in places if self._unit(place).type in types]
        if self._waits_for_samples(target):
            return [place for place in places if self._unit(place).type is DataType.SAMPLES]
        return places

    def _joined(self, source: Place, target: Place) -> bool:
        if target[0] is OUTPUT:
            return any(place == source for place, _ in self.arrivals[target[1]])
        return any(place == source for place, _, _ in self.nodes[target[1]].sources)

    def _affordable(self, source: Place, target: Place) -> bool:
        """Whether the rest can still be completed within max_n once source feeds target."""
        before, was_open = [node.below for node in self.nodes], target in self.open
        self.open.discard(target)
        if source[0] is NETWORK and target[0] is NETWORK:
            self._mark_below(source[1], self.nodes[target[1]].below)
        affordable = self.needed() <= self.room()
        for node, below in zip(self.nodes, before, strict=True):
            node.below = below
        if was_open:
            self.open.add(target)
        return affordable

    def _creation_affordable(self, make: Make, target: Place) -> bool:
        """Whether the rest can still be completed within max_n once a new network of this make feeds target."""
        kind, data_type = make
        if self.room() < 1:
            return False
        was_open = target in self.open
        size = self.outputs[target[1]].unit.size if target[0] is OUTPUT else self.space.output_units[0]
        below = 1 << len(self.nodes) | self._below(target)
        place = (NETWORK, len(self.nodes))
        unit = DataUnit(type=data_type, shape=(size,))
        self.nodes.append(Node(kind, unit, (), "", "", below))
        self._offers.add(place[1], unit)
        self.open.discard(target)
        self.open.add(place)
        affordable = self.needed() <= self.room()
        self.open.discard(place)
        self._offers.remove(place[1], unit)
        self.nodes.pop()
        if was_open:
            self.open.add(target)
        return affordable

    def _makes(self, target: Place, role: Role) -> Sequence[Make]:
        if target[0] is OUTPUT:
            return SERVING[self.outputs[target[1]].unit.type]
        if role is Role.LATENT:
            return SERVING[DataType.NUMERIC]
        if role is Role.CONDITION:
            discrete = SERVING[DataType.DISCRETE] if self.space.discrete_conditions else ()
            return (*SERVING[DataType.NUMERIC], *discrete)
        return SERVING[DataType.SAMPLES] if self._waits_for_samples(target) else ANYTHING

    def _is_waiting(self, place: Place) -> bool:
        return place[0] is NETWORK and self.nodes[place[1]].waits

    def _waits_for_samples(self, target: Place) -> bool:
        """A Generic MLP may produce Samples only if it receives Samples: that source comes first."""
        return target in self.open and self._is_waiting(target) and self.nodes[target[1]].kind == "g"
