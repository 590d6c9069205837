"""Small graphs around one network, which its kind has designed."""

from collections.abc import Iterator
from dataclasses import dataclass

from valp.graph.graph import Connection, DataType, DataUnit, Dense, Graph, Input, Loss, Output, PrimaryNetwork, Role
from valp.parts.design import Design, Designer, Sides, Wish
from valp.parts.kinds import BOTTLENECK, BUILT_IN, GENERIC_MLP, Kind, Need
from valp.parts.losses import KL
from valp.testing.trial import RandomChoices, SmallRanges, loss_for, vector

TRIED = "n"
"""The name of the network that is tested."""

GIVEN: tuple[Sides, ...] = ((8, 8), (12,))
"""The spatial sizes of model inputs."""

IMAGE = (1, 8, 8)

WANTED = {
    DataType.NUMERIC: (vector(DataType.NUMERIC, 3),),
    DataType.DISCRETE: (vector(DataType.DISCRETE, 3),),
    DataType.SAMPLES: (vector(DataType.SAMPLES, 64),),
    DataType.FEATURES: (
        DataUnit(type=DataType.FEATURES, shape=(3, 4, 4)),
        DataUnit(type=DataType.FEATURES, shape=(2, 12)),
    ),
}
"""The units of model outputs."""


@dataclass(frozen=True)
class KindTrial:
    """A graph around one network, and the wish that the network is for."""

    graph: Graph
    wish: Wish
    seed: int

    @property
    def network(self) -> PrimaryNetwork:
        """The network that is tested."""
        return next(network for network in self.graph.networks if network.name == TRIED)


def kind_trials(kind: Kind, seeds: int) -> Iterator[KindTrial]:
    """Networks that the kind designs for each wish that it serves, inside a model and for model outputs."""
    inside = Wish(Role.DATA)
    wishes = [(made, inside) for made in DataType]
    for made, units in WANTED.items():
        image = IMAGE if made is DataType.SAMPLES else None
        wishes += [(made, Wish(Role.DATA, unit=unit, image=image)) for unit in units]
    for made, wish in wishes:
        if kind.serves(made, wish, GIVEN, BUILT_IN):
            for seed in range(seeds):
                designer = Designer(TRIED, SmallRanges(), RandomChoices(f"{made}:{seed}"), GIVEN)
                yield KindTrial(graph_about(kind, kind.design(made, wish, designer)), wish, seed)


def graph_about(kind: Kind, design: Design) -> Graph:
    """The smallest graph with a network of this design: what it needs first, and a second source if it may have one."""
    network = PrimaryNetwork(name=TRIED, kind=kind.code, layers=design.layers, output=design.unit)
    need = kind.need(design.unit.type)
    inputs = [Input(name="i", unit=vector(DataType.NUMERIC, 5))]
    helpers: list[PrimaryNetwork] = []
    sources: list[tuple[str, Role]] = []
    if need in (Need.CODE, Need.WIDE_CODE, Need.SAMPLED):
        size = kind.exactly(design.unit) or 6
        hidden = (Dense(units=6, activation="tanh"),)
        code = vector(DataType.NUMERIC, size)
        helpers.append(PrimaryNetwork(name="e", kind=GENERIC_MLP.code, layers=hidden, output=code))
        sources.append(("e", Role.LATENT))
    if need is Need.SAMPLED:
        helpers.append(PrimaryNetwork(name="z", kind=BOTTLENECK.code, output=vector(DataType.NUMERIC, size // 2)))
        sources = [("z", Role.DATA)]
    if not sources:
        units = [_unit_for(kind, design)] * (1 if kind.one_source else 2)
        inputs = [Input(name=name, unit=unit) for name, unit in zip("ij", units, strict=False)]
        sources = [(given.name, Role.DATA) for given in inputs]
    elif not kind.one_source and need is not Need.SAMPLED:
        role = next((role for role in (Role.CONDITION, Role.DATA) if role in kind.takes), None)
        sources += [("i", role)] if role is not None else []
    into = [Connection(source=source, target=TRIED, role=role) for source, role in sources]
    chain = [Connection(source="i", target="e")] if helpers else []
    chain += [Connection(source="e", target="z", role=Role.LATENT)] if need is Need.SAMPLED else []
    return Graph(
        inputs=tuple(inputs),
        networks=(*helpers, network),
        outputs=(Output(name="o", unit=design.unit),),
        connections=(*chain, *into, Connection(source=TRIED, target="o")),
        losses=(
            Loss(kind=loss_for(design.unit), prediction="o", truth="o"),
            *([Loss(kind=KL, prediction="e", beta=0.01)] if helpers else []),
        ),
    )


def _unit_for(kind: Kind, design: Design) -> DataUnit:
    """A unit that the network takes as data."""
    if design.reads is not None:
        return DataUnit(type=DataType.FEATURES, shape=(2, *design.reads))
    if kind.need(design.unit.type) is Need.SAMPLES:
        return vector(DataType.SAMPLES, 5)
    taken = kind.takes[Role.DATA]
    found = DataType.NUMERIC if DataType.NUMERIC in taken else min(taken)
    return DataUnit(type=found, shape=(2, 4, 4)) if found is DataType.FEATURES else vector(found, 5)
