"""A graph under construction, and how many networks completing it may still need."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from valp.errors import SettingError
from valp.graph.graph import DataType, DataUnit, Input, Output, Role
from valp.parts.design import Design, Designer, Sides, Wish
from valp.parts.kinds import ANY, KINDS, Need
from valp.parts.own_types import like
from valp.spaces.generate.available_sources import Offers
from valp.spaces.generate.choose import Choose
from valp.spaces.generate.draft_node import INPUT, NETWORK, OUTPUT, Node, Place
from valp.spaces.generate.draft_parts import DraftParts
from valp.spaces.generate.makes import Make, anything, kinds_of, needs_broad, serving, serving_output
from valp.spaces.generate.space import Space

MAX_INCREASE = 2
"""The most that one connection or creation raises `Draft.needed`, apart from the needs in `EXTRA_NETWORKS`."""

EXTRA_NETWORKS = {Need.WIDE_CODE: 1, Need.SAMPLED: 2}
"""The needs that not every encoding network meets, and the most new networks that each takes."""


class Draft(DraftParts):
    """A graph under construction. `most` is the largest allowed number of networks.

    Args:
        inputs, outputs: the model's inputs and outputs.
        images: (C, H, W) of each output that is a picture.
        space: the ranges.
        choose: makes the decisions.
        conditions: by what samples may be asked for, `Description.conditions`; None allows anything.

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
        conditions: Collection[str] | None = None,
    ) -> None:
        super().__init__(inputs, outputs, space, choose, conditions)
        self.images, self.most = images, space.max_n
        self.mixed = not space.own_codes
        """Whether a network that predicts an output may have latent connections: if the space or a parent has some."""
        self.given: list[Sides] = [i.unit.shape[1:] for i in inputs if i.unit.type is DataType.FEATURES]
        self.anything = anything(space, self.given)
        self._encoding: tuple[Make, ...] = tuple((k.code, DataType.NUMERIC) for k in kinds_of(space) if k.encodes)
        self._sampling: tuple[Make, ...] = tuple((k.code, k.usual) for k in kinds_of(space) if k.only_samples)
        shaping = [sides for sides in self.given if any(kind.reads_sides(sides) for kind in kinds_of(space))]
        by_shape = [space.by_shape and x.unit.type is DataType.FEATURES and x.unit.shape[1:] in shaping for x in inputs]
        self._raw = [i for i, shaped in enumerate(by_shape) if not shaped]
        """The inputs that networks may read without their shape."""
        self._by_output = [
            self._keeping(serving_output(space, output, images.get(output.name), self.given), (OUTPUT, i))
            for i, output in enumerate(outputs)
        ]
        self.broad = [[make for make in makes if KINDS[make[0]].takes_any_data] for makes in self._by_output]
        """For each output, the networks that could serve it and take any data."""
        self._lone = needs_broad(space, inputs, self._by_output)
        self._shaped = 0
        self._offers = self._new_offers()

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
        return [make for make in makes if self._creation_affordable(make, target, role)]

    def create(self, target: Place, role: Role, makes: Sequence[Make]) -> Place:
        """Creates a network for `target`: draws one of `makes`, and its layers, initialiser and combiner.

        A class that conditions samples is one that may be given, so a new network for it also predicts this output.
        """
        index, space, choose = len(self.nodes), self.space, self.choose
        slot = f"n{index}"
        make = choose.category(f"{slot}.kind", makes)
        designer = Designer(slot, space, choose, self.given)
        given = self._gives_class(make, target, role)
        output = choose.category(f"{slot}.given", self.givable()) if given else None
        wish = self._wish(target, role) if output is None else Wish(role, unit=self.outputs[output].unit)
        drawn = KINDS[make[0]].design(make[1], wish, designer)
        initializer = choose.category(f"{slot}.initializer", space.initializers)
        combiner = choose.category(f"{slot}.combiner", space.network_combiners)
        prior = space.drawn_prior(slot, KINDS[make[0]], choose.category)
        generating = output is None and self._generates(make, target, role)
        node = Node(make[0], drawn, initializer, combiner, 1 << index, prior=prior, generating=generating)
        self.nodes.append(node)
        self._shaped += drawn.reads is not None
        self._offers.add(index, make[0], drawn.unit, encodes=not generating, serves=self._serves(target))
        place = (NETWORK, index)
        self.open.add(place)
        if output is not None:
            self.connect(place, (OUTPUT, output), Role.DATA)
        return place

    def readers(self, model_input: int) -> list[Place]:
        """The networks that can read an input: those that read its shape, if any, otherwise those for any type."""
        able = [i for i in range(len(self.nodes)) if self.allows((INPUT, model_input), (NETWORK, i), Role.DATA)]
        shaped = [i for i in able if self.nodes[i].design.reads is not None]
        fitting = [i for i in shaped if self._is_shaped((INPUT, model_input), self.nodes[i].design.reads or ())]
        plain = [i for i in able if self.nodes[i].row.takes_any_data and not self.nodes[i].fixed]
        return [(NETWORK, i) for i in (fitting if self.space.by_shape and fitting else plain or fitting)]

    def _new_offers(self) -> Offers:
        allowed = [part for i, part in enumerate(self.inputs) if i in self.conditions.inputs]
        return Offers(allowed, self.outputs)

    def _plenty(self, room: int) -> bool:
        """Whether there is enough room for any connection or creation, so that none needs to be tested."""
        fragile = sum(place[0] is NETWORK and self.nodes[place[1]].need in EXTRA_NETWORKS for place in self.open)
        return room - self.needed() >= MAX_INCREASE * (1 + fragile)

    def _wish(self, target: Place, role: Role) -> Wish:
        """The requirements for a new network that serves `target`."""
        if target[0] is OUTPUT:
            output = self.outputs[target[1]]
            return Wish(role, unit=output.unit, image=self.images.get(output.name))
        node = self.nodes[target[1]]
        return Wish(role, reads=node.design.reads, latent=node.exactly)

    def _existing(self, target: Place, role: Role) -> list[Place]:
        """The components that fit `target` by type and size, do not read it, and keep samples to their conditions."""
        fitting = self._fitting(target, role)
        if not self.is_generating(target):
            return fitting
        return [place for place in fitting if self.allows(place, target, role)]

    def _fitting(self, target: Place, role: Role) -> list[Place]:
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
        raw = sorted(self.conditions.inputs) if self.is_generating(target) else self._raw
        places = [*((INPUT, i) for i in raw), *networks]
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

    def _creation_affordable(self, make: Make, target: Place, role: Role) -> bool:
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
        generating = self._generates(make, target, role)
        self.nodes.append(Node(kind, Design(most, ()), "", "", 1 << index | self._below(target), generating=generating))
        self._offers.add(index, kind, unit, encodes=not generating, serves=self._serves(target))
        self._shaped += row.by_shape
        with self._served(target):
            self.open.add(place)
            affordable = self.needed() <= self.room()
            self.open.discard(place)
        self._shaped -= row.by_shape
        self._offers.remove(index, kind, unit)
        self.nodes.pop()
        return affordable

    def _serves(self, target: Place) -> bool | None:
        """Whether a new network for `target` predicts an output; None if it may then have latent connections too."""
        return None if self.mixed else target[0] is OUTPUT

    @contextmanager
    def _served(self, target: Place) -> Iterator[None]:
        """Treats `target` as if it had its source."""
        was_open = target in self.open
        self.open.discard(target)
        yield
        if was_open:
            self.open.add(target)

    def _generates(self, make: Make, target: Place, role: Role) -> bool:
        """Whether a new network for `target` is a generating one."""
        if not self.conditions.restrict:
            return False
        own = KINDS[make[0]].need(make[1]) is not None or like(make[1]) is DataType.SAMPLES
        return own or (role is not Role.LATENT and self.is_generating(target))

    def _gives_class(self, make: Make, target: Place, role: Role) -> bool:
        """Whether a new network for `target` predicts a class that is given, so its own sources are free."""
        free = role is not Role.LATENT and target[0] is NETWORK and self.is_generating(target)
        return free and make[1] is DataType.DISCRETE and bool(self.givable())

    def _keeping(self, makes: Sequence[Make], target: Place, role: Role = Role.DATA) -> list[Make]:
        """The networks for `target` that are sure to get a source with which samples keep to their conditions.

        A generating network has one if it starts from other Samples or from latent variables, or if it can read any
        input on which samples may depend.

        Raises:
            SettingError: if there is none for an output.
        """
        kept = []
        for make in makes:
            row, samples = KINDS[make[0]], like(make[1]) is DataType.SAMPLES
            reads = bool(self.conditions.inputs) and row.takes_any_data and not samples
            sure = reads or row.need(make[1]) is not None or self._gives_class(make, target, role)
            if sure or not self._generates(make, target, role):
                kept.append(make)
        if not kept and target[0] is OUTPUT:
            raise SettingError(
                f"the {self.space.name} space must have a network kind that makes output "
                f"{self.outputs[target[1]].name!r} from latent variables, but has none"
            )
        return kept

    def _makes(self, target: Place, role: Role) -> Sequence[Make]:
        makes = self._made_for(target, role)
        return self._keeping(makes, target, role) if self.conditions.restrict and target[0] is NETWORK else makes

    def _made_for(self, target: Place, role: Role) -> Sequence[Make]:
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
