"""Random graphs that are right by construction: built forwards, of all kinds, types, combiners and losses.

The shapes are worked out here once more, so that `check` and the compiler are held against a second account.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from random import Random

from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)
from valp.graph.vocabulary import ACTIVATIONS, INITIALIZERS
from valp.parts.combiners import COMBINERS
from valp.parts.losses import KL, LOSSES

NUMERIC, DISCRETE, SAMPLES, FEATURES = DataType
BETAS = (0.001, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Source:
    """A component that can be a source."""

    name: str
    unit: DataUnit
    kind: str | None = None
    """None of a model input."""


@dataclass(frozen=True)
class Reading:
    """What one connection brings."""

    source: Source
    indices: tuple[int, ...] | None
    role: Role
    type: DataType
    shape: tuple[int, ...]


class Builder:
    """Adds networks that read existing components."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.sources: list[Source] = []
        self.networks: list[PrimaryNetwork] = []
        self.connections: list[Connection] = []

    def graph(self) -> Graph:
        inputs = [Input(name=f"i{n}", unit=self.input_unit()) for n in range(self.random.randint(1, 3))]
        self.sources = [Source(i.name, i.unit) for i in inputs]
        for _ in range(self.random.randint(1, 7)):
            getattr(self, f"add_{self.random.choice(['g', 'g', 'delta', 'd', 'c', 'c', 't', 'b', 'r', 'r'])}")()
        read = {c.source for c in self.connections}
        unread = [s for s in self.sources if s.name not in read and s.kind is None]
        if unread:
            self.mlp("g", [self.reading(source) for source in unread], NUMERIC)
        outputs, losses = self.outputs()
        return Graph(
            inputs=tuple(inputs),
            networks=tuple(self.random.sample(self.networks, len(self.networks))),
            outputs=tuple(outputs),
            connections=tuple(self.connections),
            losses=tuple(self.random.sample(losses, len(losses))),
        )

    # What is read

    def input_unit(self) -> DataUnit:
        chosen = self.random.choice([*DataType, FEATURES])
        least, most = {NUMERIC: (1, 6), DISCRETE: (2, 4), SAMPLES: (2, 6), FEATURES: (1, 3)}[chosen]
        spatial = [self.random.randint(3, 6) for _ in range(self.random.randint(1, 2))] if chosen is FEATURES else []
        return DataUnit(type=chosen, shape=(self.random.randint(least, most), *spatial))

    def reading(self, source: Source, *, whole: bool = False, role: Role = Role.DATA, least: int = 1) -> Reading:
        """A connection from a source with a random ψ: of whole channels if `whole`, of `least` variables or more."""
        unit = source.unit
        if self.random.random() < 0.5:
            found, shape, indices = unit.type, unit.shape, None
        elif unit.type is FEATURES and (whole or self.random.random() < 0.5):
            area = prod(unit.shape[1:])
            fewest = -(-least // area)
            channels = self.random.sample(range(unit.shape[0]), self.random.randint(fewest, unit.shape[0]))
            indices = tuple(channel * area + place for channel in channels for place in range(area))
            found, shape = unit.type, (len(channels), *unit.shape[1:])
        else:
            indices = tuple(self.random.sample(range(unit.size), self.random.randint(least, unit.size)))
            found, shape = unit.type, (len(indices),)
            if unit.type is FEATURES:
                area = prod(unit.shape[1:])
                starts = range(0, len(indices), area)
                rows = [tuple(range(indices[n], indices[n] + area)) for n in starts]
                whole_ones = all(
                    indices[n] % area == 0 and indices[n : n + area] == row for n, row in zip(starts, rows, strict=True)
                )
                found, shape = (FEATURES, (len(rows), *unit.shape[1:])) if whole_ones else (NUMERIC, shape)
        if role is Role.LATENT:
            found, shape = NUMERIC, (prod(shape) // 2,)
        return Reading(source, indices, role, found, shape)

    def some(self, sources: list[Source], most: int = 3) -> list[Source]:
        return self.random.sample(sources, min(len(sources), self.random.randint(1, most)))

    @staticmethod
    def type_of(readings: list[Reading]) -> DataType:
        """Garciarena et al., III-C1."""
        types = {reading.type for reading in readings}
        if SAMPLES in types:
            return SAMPLES
        return types.pop() if len(types) == 1 else NUMERIC

    def shape_of(self, readings: list[Reading], combiner: str) -> tuple[int, ...]:
        """What the readings make together."""
        if len(readings) == 1:
            return readings[0].shape
        sizes = [prod(reading.shape) for reading in readings]
        size = sum(sizes) if combiner == "concatenation" else min(sizes)
        spaces = {reading.shape[1:] for reading in readings}
        if {reading.type for reading in readings} == {FEATURES} and len(spaces) == 1:
            (space,) = spaces
            return (size // prod(space), *space)
        return (size,)

    # What is added

    def add(self, kind: str, readings: list[Reading], layers: list, combiner: str, unit: DataUnit) -> Source:
        name = f"n{len(self.networks)}"
        initializer = self.random.choice(INITIALIZERS)
        self.networks.append(
            PrimaryNetwork(
                name=name, kind=kind, combiner=combiner, layers=tuple(layers), initializer=initializer, output=unit
            )
        )
        self.connections += [
            Connection(source=r.source.name, target=name, indices=r.indices, role=r.role) for r in readings
        ]
        self.sources.append(Source(name, unit, kind))
        return self.sources[-1]

    def combiner(self) -> str:
        return self.random.choice(list(COMBINERS))

    def words(self) -> dict:
        return {
            "activation": self.random.choice(ACTIVATIONS),
            "initializer": self.random.choice(INITIALIZERS),
            "normalise": self.random.random() < 0.3,
        }

    def mlp(self, kind: str, readings: list[Reading], type_: DataType, least: int = 1) -> Source:
        layers = [Dense(units=self.random.randint(1, 6), **self.words()) for _ in range(self.random.randint(0, 2))]
        size = self.random.randint(max(least, 2 if type_ is DISCRETE else 1), 6)
        return self.add(kind, readings, layers, self.combiner(), DataUnit(type=type_, shape=(size,)))

    def add_g(self, least: int = 1, type_: DataType | None = None) -> Source:
        readings = [self.reading(source) for source in self.some(self.sources)]
        able = [NUMERIC, SAMPLES] if self.type_of(readings) is SAMPLES else [NUMERIC]
        return self.mlp("g", readings, type_ or self.random.choice(able), least)

    def add_delta(self) -> Source:
        return self.mlp("delta", [self.reading(source) for source in self.some(self.sources)], DISCRETE)

    def encoder(self) -> Source:
        """A Generic MLP for a latent connection."""
        able = [s for s in self.sources if s.kind == "g" and s.unit.type is NUMERIC and s.unit.size > 1]
        return self.random.choice(able) if able else self.add_g(2, NUMERIC)

    def add_d(self) -> Source:
        encoder = self.encoder()
        readings = [self.reading(encoder, role=Role.LATENT, least=2)]
        others = [s for s in self.sources if s.unit.type is not SAMPLES and s != encoder]
        for source in self.random.sample(others, min(len(others), self.random.randint(0, 2))):
            able = source.kind is not None and source.unit.type in (NUMERIC, FEATURES) and source.unit.size > 1
            latent = able and self.random.random() < 0.5
            role, least = (Role.LATENT, 2) if latent else (Role.CONDITION, 1)
            readings.append(self.reading(source, role=role, least=least))
        self.random.shuffle(readings)
        return self.mlp("d", readings, SAMPLES)

    def add_b(self) -> Source:
        encoder, combiner = self.encoder(), self.combiner()
        able = [s for s in self.sources if s.kind and s.unit.type is NUMERIC and s.unit.size > 1 and s != encoder]
        others = self.random.sample(able, min(len(able), self.random.randint(0, 2)))
        readings = [self.reading(source, role=Role.LATENT, least=2) for source in (*others, encoder)]
        return self.add("b", readings, [], combiner, DataUnit(type=NUMERIC, shape=self.shape_of(readings, combiner)))

    def add_c(self) -> Source:
        able = [s for s in self.sources if s.unit.type is FEATURES]
        if not able:
            return self.add_r(FEATURES)
        space = self.random.choice(able).unit.shape[1:]
        chosen = self.some([s for s in able if s.unit.shape[1:] == space])
        readings, combiner = [self.reading(source, whole=True) for source in chosen], self.combiner()
        shape, layers = self.shape_of(readings, combiner), []
        for _ in range(self.random.randint(1, 2)):
            sides = [self.convolution_side(n) for n in shape[1:]]
            layer = {"kernel": 0, "stride": 1, "padding": 2, "pool": 3}
            numbers = {name: tuple(side[place] for side in sides) for name, place in layer.items()}
            layers.append(Convolution(channels=self.random.randint(1, 3), **numbers, **self.words()))
            shape = (layers[-1].channels, *(side[4] for side in sides))
        return self.add("c", readings, layers, combiner, DataUnit(type=FEATURES, shape=shape))

    def convolution_side(self, n: int) -> tuple[int, int, int, int, int]:
        """Kernel, stride, padding and pool that fit a side, and what they make of it."""
        able = [
            (kernel, stride, padding, pool, made // pool)
            for kernel, stride, padding, pool in product(range(1, 5), (1, 2), (0, 1, 2), (1, 1, 2))
            if kernel <= n + 2 * padding and (made := (n + 2 * padding - kernel) // stride + 1) >= pool
        ]
        return self.random.choice(able)

    def add_t(self) -> Source:
        readings = [self.reading(s) for s in self.some([s for s in self.sources if s.unit.type is not SAMPLES])]
        if not {reading.type for reading in readings} & {NUMERIC, FEATURES}:
            readings.append(self.reading(self.add_g(1, NUMERIC)))
        combiner = self.combiner()
        shape, layers = self.shape_of(readings, combiner), []
        if len(shape) == 1:
            shape = (*shape, *[1] * self.random.randint(1, 2))
        for _ in range(self.random.randint(1, 2)):
            sides = []
            for n in shape[1:]:
                kernel, stride = self.random.randint(1, 4), self.random.randint(1, 2)
                most = ((n - 1) * stride + kernel - 1) // 2
                padding = self.random.randint(0, min(2, most))
                sides.append((kernel, stride, padding, (n - 1) * stride - 2 * padding + kernel))
            kernel, stride, padding, spatial = zip(*sides, strict=True)
            channels = self.random.randint(1, 3)
            layers.append(
                TransposedConvolution(channels=channels, kernel=kernel, stride=stride, padding=padding, **self.words())
            )
            shape = (channels, *spatial)
        return self.add("t", readings, layers, combiner, DataUnit(type=SAMPLES, shape=(prod(shape),)))

    def add_r(self, type_: DataType | None = None) -> Source:
        combiner = self.combiner()
        sequences = [s for s in self.sources if s.unit.type is FEATURES and len(s.unit.shape) == 2]
        if sequences and self.random.random() < 0.6:
            space = self.random.choice(sequences).unit.shape[1:]
            chosen = self.some([s for s in sequences if s.unit.shape[1:] == space])
            readings = [self.reading(source, whole=True) for source in chosen]
        else:
            able = [s for s in self.sources if s.unit.type in (NUMERIC, FEATURES)]
            readings = [self.reading(source) for source in self.some(able)] if able else []
            if NUMERIC not in {reading.type for reading in readings}:
                readings.append(self.reading(self.add_g(1, NUMERIC)))
        shape = self.shape_of(readings, combiner)
        steps = shape[-1]
        layers = [
            Recurrent(
                units=self.random.randint(1, 4),
                cell=self.random.choice(["gru", "lstm"]),
                initializer=self.random.choice(INITIALIZERS),
                normalise=self.random.random() < 0.3,
            )
            for _ in range(self.random.randint(1, 2))
        ]
        made = type_ or self.random.choice([NUMERIC, FEATURES])
        spatial = (steps,) if made is FEATURES else ()
        unit = DataUnit(type=made, shape=(self.random.randint(1, 4), *spatial))
        return self.add("r", readings, layers, combiner, unit)

    # Outputs and losses

    def outputs(self) -> tuple[list[Output], list[Loss]]:
        """An output for each network that nothing reads, and losses for all."""
        read = {c.source for c in self.connections}
        outputs, losses = [], []
        for n, sink in enumerate([s for s in self.sources if s.name not in read]):
            twins = [s for s in self.sources if s.kind and s.unit == sink.unit and s != sink]
            meeting = [sink, *self.random.sample(twins, min(len(twins), self.random.randint(0, 2)))]
            combiner, (first, *rest) = self.combiner(), sink.unit.shape
            times = len(meeting) if combiner == "concatenation" else 1
            output = Output(
                name=f"o{n}", unit=DataUnit(type=sink.unit.type, shape=(first * times, *rest)), combiner=combiner
            )
            self.connections += [Connection(source=source.name, target=output.name) for source in meeting]
            outputs.append(output)
            losses += self.judging(output, sink.name if len(meeting) == 1 else None)
        latent = {c.source for c in self.connections if c.role is Role.LATENT}
        losses += [Loss(kind=KL, prediction=name, beta=self.random.choice((0.0, *BETAS))) for name in sorted(latent)]
        return outputs, losses

    def judging(self, output: Output, network: str | None) -> Iterator[Loss]:
        """Losses of one output that agree on its truth, of the output itself or of the one network it receives."""
        able = [loss for loss in LOSSES.values() if output.unit.type in loss.takes]
        truth = self.random.choice(sorted({loss.truth for loss in able}))
        able = [loss.code for loss in able if loss.truth == truth]
        for n, code in enumerate(self.random.sample(able, self.random.randint(1, min(3, len(able))))):
            prediction = network if network and self.random.random() < 0.5 else output.name
            beta = self.random.choice(BETAS if n == 0 else (0.0, *BETAS))
            yield Loss(kind=code, prediction=prediction, truth=output.name, beta=beta)


def random_graph(seed: int) -> Graph:
    """A VALP of one to three inputs and some networks, small enough to run thousands of them."""
    return Builder(seed).graph()
