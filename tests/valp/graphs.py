"""Graphs that several tests use."""

from hypothesis import strategies as st

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
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES


def unit(type_: DataType, *shape: int) -> DataUnit:
    return DataUnit(type=type_, shape=shape)


def numeric(size: int) -> DataUnit:
    return unit(DataType.NUMERIC, size)


def discrete(size: int) -> DataUnit:
    return unit(DataType.DISCRETE, size)


def samples(size: int) -> DataUnit:
    return unit(DataType.SAMPLES, size)


def figure_2() -> Graph:
    """The VALP of Garciarena et al., Fig. 2 and IV-A; hidden layers, n1's size and the three classes are open there.

    R is one number, so that n3, whose output is compared with it, has one variable.
    """
    return Graph(
        inputs=(Input(name="i0", unit=numeric(10)),),
        networks=(
            PrimaryNetwork(name="n0", kind="g", layers=(Dense(units=8),), output=numeric(7)),
            PrimaryNetwork(name="n1", kind="g", layers=(Dense(units=9, activation="tanh"),), output=numeric(6)),
            PrimaryNetwork(name="n2", kind="delta", layers=(Dense(units=5, activation="elu"),), output=discrete(3)),
            PrimaryNetwork(name="n3", kind="g", layers=(Dense(units=4, activation="softplus"),), output=numeric(1)),
            PrimaryNetwork(name="n4", kind="d", layers=(Dense(units=6), Dense(units=7)), output=samples(5)),
        ),
        outputs=(
            Output(name="o0", unit=samples(5)),
            Output(name="o1", unit=numeric(1)),
            Output(name="o2", unit=discrete(3)),
        ),
        connections=(
            Connection(source="i0", target="n0", indices=(0, 2, 5, 6, 7)),
            Connection(source="i0", target="n1"),
            Connection(source="n0", target="n1"),
            Connection(source="n0", target="n4", role=Role.LATENT),
            Connection(source="n1", target="n3"),
            Connection(source="n3", target="n2"),
            Connection(source="n4", target="o0"),
            Connection(source="n3", target="o1"),
            Connection(source="n2", target="o2"),
        ),
        losses=(
            Loss(kind="gaussian", prediction="n4", truth="o0", beta=0.8),
            Loss(kind="mse", prediction="n3", truth="o1", beta=0.9),
            Loss(kind="cross_entropy", prediction="n2", truth="o2", beta=1.0),
            Loss(kind="kl", prediction="n0", beta=0.5),
        ),
    )


def class_conditioned() -> Graph:
    """Figure 2 with its Discretizer as a condition of its decoder. The class is given when it generates."""
    graph = figure_2()
    condition = Connection(source="n2", target="n4", role=Role.CONDITION)
    return graph.model_copy(update={"connections": (*graph.connections, condition), "given": ("o2",)})


def replaced(graph: Graph, **parts: tuple) -> Graph:
    """The same graph with other inputs, networks, outputs, connections or losses."""
    return graph.model_copy(update=parts)


def with_part(graph: Graph, part: str, place: int, **fields: object) -> Graph:
    """The same graph with other fields of one of its parts, such as its third connection."""
    parts = list(getattr(graph, part))
    parts[place] = parts[place].model_copy(update=fields)
    return replaced(graph, **{part: tuple(parts)})


NAMES = ("a", "b", "c", "d", "e", "f")


@st.composite
def any_graphs(draw: st.DrawFn) -> Graph:
    """Anything that can be read as a graph: names that clash or are unknown, cycles, roles and losses at random."""
    names = st.sampled_from(NAMES)
    units = st.builds(
        DataUnit,
        type=st.sampled_from([*DataType, "angle"]),
        shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    )
    combiners = st.sampled_from(["concatenation", "addition", "mean", "gated_sum", "maximum"])
    activations, sides = (
        st.sampled_from(["relu", "tanh", "cosine"]),
        st.lists(st.integers(1, 3), min_size=1, max_size=2),
    )
    spatial = {"kernel": sides.map(tuple), "stride": sides.map(tuple), "padding": sides.map(tuple)}
    layers = st.lists(
        st.builds(Dense, units=st.integers(1, 3), activation=activations, normalise=st.booleans())
        | st.builds(Convolution, channels=st.integers(1, 2), **spatial)
        | st.builds(TransposedConvolution, channels=st.integers(1, 2), **spatial)
        | st.builds(Recurrent, units=st.integers(1, 3)),
        max_size=2,
    ).map(tuple)
    kinds = st.sampled_from([*KINDS, "other"])
    networks = st.builds(PrimaryNetwork, name=names, kind=kinds, combiner=combiners, layers=layers, output=units)
    indices = st.none() | st.lists(st.integers(-1, 5), max_size=5).map(tuple)
    connections = st.builds(Connection, source=names, target=names, indices=indices, role=st.sampled_from(Role))
    losses = st.builds(
        Loss,
        kind=st.sampled_from([*LOSSES, KL, "other"]),
        prediction=names,
        truth=st.none() | names,
        beta=st.sampled_from([0.0, 0.5, 1.0]),
    )
    return Graph(
        inputs=tuple(draw(st.lists(st.builds(Input, name=names, unit=units), max_size=2))),
        networks=tuple(draw(st.lists(networks, max_size=4))),
        outputs=tuple(draw(st.lists(st.builds(Output, name=names, unit=units, combiner=combiners), max_size=2))),
        connections=tuple(draw(st.lists(connections, max_size=8))),
        losses=tuple(draw(st.lists(losses, max_size=4))),
    )


def wired(networks, connections, outputs, losses=(), inputs=(("i0", 6),)):
    """A graph from short tuples: a network is (name, kind, output unit, combiner)."""
    return Graph(
        inputs=tuple(Input(name=name, unit=numeric(size)) for name, size in inputs),
        networks=tuple(PrimaryNetwork(name=n, kind=k, output=u, combiner=c) for n, k, u, c in networks),
        outputs=tuple(Output(name=name, unit=unit) for name, unit in outputs),
        connections=tuple(
            Connection(source=s, target=t, role=r, indices=i) for s, t, r, i in (_full(*c) for c in connections)
        ),
        losses=tuple(Loss(kind=k, prediction=p, truth=t) for k, p, t in losses),
    )


def _full(source, target, role=Role.DATA, indices=None):
    return source, target, role, indices


def two_decoders(loss):
    """Two decoders with one encoder, added at one output."""
    return wired(
        [
            ("a", "g", numeric(4), "concatenation"),
            ("d", "d", samples(5), "concatenation"),
            ("e", "d", samples(5), "concatenation"),
        ],
        [("i0", "a"), ("a", "d", Role.LATENT), ("a", "e", Role.LATENT), ("d", "o0"), ("e", "o0")],
        [("o0", samples(5))],
        [(loss, "o0", "o0"), ("kl", "a", None)],
    )


def decoders(combiner):
    """One decoder with two latent connections, one of them odd, between two conditions."""
    return wired(
        [
            ("a", "g", numeric(4), "concatenation"),
            ("b", "g", numeric(9), "concatenation"),
            ("k", "delta", discrete(3), "concatenation"),
            ("d", "d", samples(8), combiner),
        ],
        [
            ("i0", "a"),
            ("i0", "b"),
            ("i0", "k"),
            ("i0", "d", Role.CONDITION, (1, 2, 3)),
            ("a", "d", Role.LATENT),
            ("k", "d", Role.CONDITION),
            ("b", "d", Role.LATENT, (8, 7, 6, 5, 4, 3, 2)),
            ("d", "o0"),
        ],
        [("o0", samples(8))],
        [("gaussian", "o0", "o0"), ("kl", "a", None), ("kl", "b", None)],
    )


def without(graph, *kinds):
    """The graph with its losses of these kinds left out."""
    return replaced(graph, losses=tuple(loss for loss in graph.losses if loss.kind not in kinds))


def figure_2_rows(count: int):
    """Inputs and ground truths for `figure_2`, drawn at random and always the same."""
    import torch  # drawing graphs does not need it

    generator = torch.Generator().manual_seed(7)
    inputs = {"i0": torch.randn(count, 10, generator=generator)}
    truths = {
        "o0": torch.rand(count, 5, generator=generator),
        "o1": torch.randn(count, 1, generator=generator),
        "o2": torch.randint(3, (count,), generator=generator),
    }
    return inputs, truths
