"""A graph under construction, and how many networks completing it may still need."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from valp.graph.graph import DataType, DataUnit, Input, Output, Role
from valp.parts.design import Design, Designer, Sides, Wish
from valp.parts.kinds import ANY, KINDS, Need
from valp.spaces.generate.available_sources import Offers
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import INPUT, NETWORK, OUTPUT, Node, Place
from valp.spaces.generate.makes import Make, anything, kinds_of, needs_broad, serving, serving_output
from valp.spaces.generate.space import Space

MAX_INCREASE = 2
"""The most that one connection or creation raises `Draft.needed`, apart from the needs in `EXTRA_NETWORKS`."""

EXTRA_NETWORKS = {Need.WIDE_CODE: 1, Need.SAMPLED: 2}
"""The needs that not every encoding network meets, and the most new networks that each takes."""


class Draft:
    """A graph under construction.

    `open` has the components that still lack a required source. `most` is the largest allowed number of networks.

    Args:
        inputs, outputs: the model's inputs and outputs.
        images: (C, H, W) of each output that is a picture.
        space: the ranges.
        choose: makes the decisions.

    Raises:
        SettingError: if no kind of the space produces the type of an output, or none brings an input to an output.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        images: Mapping[str, tuple[int, int, int]],
        space: Space,
        choose: Choose,
    ) -> None:
        self.inputs, self.outputs, self.space, self.choose = tuple(inputs), tuple(outputs), space, choose
        self.images, self.most = images, space.max_n
        self.given: list[Sides] = [i.unit.shape[1:] for i in inputs if i.unit.type is DataType.FEATURES]
        self.anything = anything(space, self.given)
        self._encoding: tuple[Make, ...] = tuple((k.code, DataType.NUMERIC) for k in kinds_of(space) if k.encodes)
        self._sampling: tuple[Make, ...] = tuple((k.code, k.usual) for k in kinds_of(space) if k.only_samples)
        shaping = [sides for sides in self.given if any(kind.reads_sides(sides) for kind in kinds_of(space))]
        by_shape = [space.by_shape and x.unit.type is DataType.FEATURES and x.unit.shape[1:] in shaping for x in inputs]
        self._raw = [i for i, shaped in enumerate(by_shape) if not shaped]
        """The inputs that networks may read without their shape."""
        self._by_output = [serving_output(space, output, images.get(output.name), self.given) for output in outputs]
        self.broad = [[make for make in makes if KINDS[make[0]].takes_any_data] for makes in self._by_output]
        """For each output, the networks that could serve it and take any data."""
        self._lone = needs_broad(space, inputs, self._by_output)
        self.nodes: list[Node] = []
        self._shaped = 0
        self._offers = Offers(inputs, outputs)
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

    def room(self) -> int:
        """The number of networks that may still be created."""
        return self.most - len(self.nodes)

    def needed(self) -> int:
        """The most networks that completing the draft may still create.

        B is *below* A if B reads A, directly or not: then A cannot read B. A source is usable if it is not below a
        waiting network (for Samples: below a network that waits for Samples). The count is the sum of:

        - one network for each open output that no network fits, and what the cheapest kind for it needs;
        - unless a usable one exists: one source of Samples for all networks that wait for one; one encoding network for
          all that wait for a code of any width, or for the missing source of Samples; one encoding network for each
          that waits for a code of a given width; a sampling and an encoding one for each that waits for sampled values;
        - one network that reads an input by its shape, if all inputs must be read so and no network does yet;
        - one network that takes any data, if an input may need it and none of the outputs is sure to bring one.

        Using such a source, or a new network, never raises the count. Any other connection is tested first (`sources`).
        """
        unserved = below_samples = 0
        code = False
        waiting = [node for group, i in self.open if group is NETWORK and (node := self.nodes[i]).need]
        below = 0
        for node in waiting:
            below |= node.below
        for group, i in self.open:
            if group is OUTPUT and not self._offers.fitting[i]:
                needs = [KINDS[kind].need(made) for kind, made in self._by_output[i]]
                code |= Need.CODE in needs
                unserved += 1 + min(EXTRA_NETWORKS.get(need, 0) if need else 0 for need in needs)
        for node in waiting:
            if node.need is Need.WIDE_CODE:
                unserved += not self._offers.wide(node.exactly or 2, below)
            elif node.need is Need.SAMPLED:
                unserved += 0 if self._offers.sampled(below) else EXTRA_NETWORKS[Need.SAMPLED]
            elif node.need is Need.CODE:
                code = True
            else:
                below_samples |= node.below
        samples = below_samples != 0 and not self._offers.samples(below_samples)
        latent = (code or samples) and not self._offers.latent(below)
        # If all inputs must be read by their shape, one network that does so can serve all others.
        shaped = not self._raw and not self._shaped
        broad = self._lone and not any(node.row.takes_any_data for node in self.nodes)
        return unserved + samples + latent + shaped + broad

    def sources(self, target: Place, role: Role) -> list[Place]:
        """The existing components that can serve `target` without a cycle, and still allow completion within max_n."""
        fitting = [place for place in self._existing(target, role) if not self._joined(place, target)]
        if self._plenty(self.room()) or not any(map(self._is_waiting, self.open)):
            return fitting
        return [place for place in fitting if self._affordable(place, target)]

    def creatable(self, target: Place, role: Role) -> list[Make]:
        """The networks that may be created for `target` and still allow completion within max_n."""
        makes = self._makes(target, role)
        if self._plenty(self.room() - 1):
            return list(makes)
        return [make for make in makes if self._creation_affordable(make, target)]

    def create(self, target: Place, role: Role, makes: Sequence[Make]) -> Place:
        """Creates a network for `target`: draws one of `makes`, and its layers, initialiser and combiner."""
        index, space, choose = len(self.nodes), self.space, self.choose
        slot = f"n{index}"
        make = choose.category(f"{slot}.kind", makes)
        designer = Designer(slot, space, choose, self.given)
        drawn = KINDS[make[0]].design(make[1], self._wish(target, role), designer)
        initializer = choose.category(f"{slot}.initializer", space.initializers)
        combiner = choose.category(f"{slot}.combiner", space.network_combiners)
        prior = space.drawn_prior(slot, KINDS[make[0]], choose.category)
        self.nodes.append(Node(make[0], drawn, initializer, combiner, 1 << index, prior=prior))
        self._shaped += drawn.reads is not None
        self._offers.add(index, make[0], drawn.unit)
        place = (NETWORK, index)
        self.open.add(place)
        return place

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

    def readers(self, model_input: int) -> list[Place]:
        """The networks that can read an input: those that read its shape, if any, otherwise those for any type."""
        shaped = [i for i, n in enumerate(self.nodes) if n.design.reads is not None]
        fitting = [i for i in shaped if self._is_shaped((INPUT, model_input), self.nodes[i].design.reads or ())]
        plain = [i for i, n in enumerate(self.nodes) if n.row.takes_any_data and not n.fixed]
        return [(NETWORK, i) for i in (fitting if self.space.by_shape and fitting else plain or fitting)]

    def _plenty(self, room: int) -> bool:
        """Whether there is enough room for any connection or creation, so that none needs to be tested."""
        fragile = sum(place[0] is NETWORK and self.nodes[place[1]].need in EXTRA_NETWORKS for place in self.open)
        return room - self.needed() >= MAX_INCREASE * (1 + fragile)

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

    def _wish(self, target: Place, role: Role) -> Wish:
        """The requirements for a new network that serves `target`."""
        if target[0] is OUTPUT:
            output = self.outputs[target[1]]
            return Wish(role, unit=output.unit, image=self.images.get(output.name))
        node = self.nodes[target[1]]
        return Wish(role, reads=node.design.reads, latent=node.exactly)

    def _below(self, target: Place) -> int:
        return self.nodes[target[1]].below if target[0] is NETWORK else 0

    def _mark_below(self, source: int, below: int) -> None:
        bit = 1 << source
        for node in self.nodes:
            if node.below & bit:
                node.below |= below

    def _existing(self, target: Place, role: Role) -> list[Place]:
        """The components that fit `target` by type and size, and do not read it."""
        below = self._below(target)
        networks = [(NETWORK, i) for i in range(len(self.nodes)) if not below >> i & 1]
        if target[0] is OUTPUT:
            return [place for place in networks if self._offers.fitting[target[1]] >> place[1] & 1]
        node = self.nodes[target[1]]
        if role is Role.LATENT:
            return [place for place in networks if self._offers.wide(node.exactly or 2, ~(1 << place[1]))]
        if node.design.reads is not None:
            places = [*((INPUT, i) for i in range(len(self.inputs))), *networks]
            return [place for place in places if self._is_shaped(place, node.design.reads)]
        places = [*((INPUT, i) for i in self._raw), *networks]
        conditions = node.need is Need.SAMPLED
        if conditions and (target in self.open or not self.choose.flag(self.name("condition"), self.space.phi)):
            return [place for place in networks if self.nodes[place[1]].row.only_samples]
        types = node.row.takes[role]
        if role is Role.CONDITION or conditions:
            types = types if self.space.discrete_conditions else types - {DataType.DISCRETE}
        if types != ANY:
            return [place for place in places if self.unit(place).type in types]
        if self._waits_for_samples(target):
            return [place for place in places if self.unit(place).type is DataType.SAMPLES]
        return places

    def _is_shaped(self, place: Place, sides: Sides) -> bool:
        unit = self.unit(place)
        return unit.type is DataType.FEATURES and unit.shape[1:] == sides

    def _joined(self, source: Place, target: Place) -> bool:
        if target[0] is OUTPUT:
            return any(place == source for place, _ in self.arrivals[target[1]])
        return any(place == source for place, _, _ in self.nodes[target[1]].sources)

    def _affordable(self, source: Place, target: Place) -> bool:
        """Whether the draft can still be completed within max_n after connecting `source` to `target`."""
        before = [node.below for node in self.nodes]
        with self._served(target):
            if source[0] is NETWORK and target[0] is NETWORK:
                self._mark_below(source[1], self.nodes[target[1]].below)
            affordable = self.needed() <= self.room()
        for node, below in zip(self.nodes, before, strict=True):
            node.below = below
        return affordable

    def _creation_affordable(self, make: Make, target: Place) -> bool:
        """Whether the draft can still be completed within max_n after creating a network of this make for `target`."""
        kind, data_type = make
        if self.room() < 1:
            return False
        index, place = len(self.nodes), (NETWORK, len(self.nodes))
        # Its size is not drawn yet. Assume the smallest size for what it offers, and the largest for what it needs.
        size = self.outputs[target[1]].unit.size if target[0] is OUTPUT else self.space.output_units[0]
        if target[0] is NETWORK:
            size = self.nodes[target[1]].exactly or size
        row = KINDS[kind]
        wide = row.need(data_type) is Need.WIDE_CODE
        unit = DataUnit(type=data_type, shape=(1 if wide else size,))
        most = DataUnit(type=data_type, shape=(self.space.output_units[1],)) if wide else unit
        self.nodes.append(Node(kind, Design(most, ()), "", "", 1 << index | self._below(target)))
        self._offers.add(index, kind, unit)
        self._shaped += row.by_shape
        with self._served(target):
            self.open.add(place)
            affordable = self.needed() <= self.room()
            self.open.discard(place)
        self._shaped -= row.by_shape
        self._offers.remove(index, kind, unit)
        self.nodes.pop()
        return affordable

    @contextmanager
    def _served(self, target: Place) -> Iterator[None]:
        """Treats `target` as if it had its source."""
        was_open = target in self.open
        self.open.discard(target)
        yield
        if was_open:
            self.open.add(target)

    def _makes(self, target: Place, role: Role) -> Sequence[Make]:
        if target[0] is OUTPUT:
            return self._by_output[target[1]]
        node, wish = self.nodes[target[1]], self._wish(target, role)
        if role is Role.LATENT:
            return self._encoding
        if node.need is Need.SAMPLED:
            return self._sampling
        if node.design.reads is not None:
            return serving(self.space, DataType.FEATURES, wish, self.given)
        if role is Role.CONDITION:
            types = [DataType.NUMERIC, *([DataType.DISCRETE] if self.space.discrete_conditions else [])]
            taken = [wanted for wanted in types if wanted in node.row.takes[role]]
            return [make for wanted in taken for make in serving(self.space, wanted, wish, self.given)]
        samples = self._waits_for_samples(target)
        return serving(self.space, DataType.SAMPLES, wish, self.given) if samples else self.anything

    def _is_waiting(self, place: Place) -> bool:
        return place[0] is NETWORK and self.nodes[place[1]].need is not None

    def _waits_for_samples(self, target: Place) -> bool:
        """Whether `target` still needs a source of Samples, which must be its first."""
        return target in self.open and target[0] is NETWORK and self.nodes[target[1]].need is Need.SAMPLES
