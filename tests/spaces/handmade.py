"""Problems of a shape without data, and a valid graph that Algorithm 1 never draws."""

from tests.spaces.graphs import DISCRETE, FEATURES, NUMERIC, SAMPLES, SEQUENCE, Shape, unit
from valp.graph.graph import (
    Connection,
    Convolution,
    Dense,
    Graph,
    Input,
    Loss,
    Output,
    PrimaryNetwork,
    Recurrent,
    TransposedConvolution,
)
from valp.model.preprocessing import Column, Preprocessing
from valp.spaces.problem.description import Description


def description(shape: Shape) -> Description:
    """A problem of a shape."""
    columns = Preprocessing(
        inputs=tuple(_column(part, shape) for part in shape.inputs),
        outputs=tuple(_column(part, shape) for part in shape.outputs),
    )
    return Description(name="shape", title="a shape", columns=columns, losses=shape.losses, variances=shape.variances)


def _column(part: Input | Output, shape: Shape) -> Column:
    sides = part.unit.shape if len(part.unit.shape) > 1 else None
    image = shape.images.get(part.name)
    return Column(name=part.name, type=part.unit.type, size=part.unit.size, shape=sides, image=image)


def odd_graph() -> Graph:
    """For `SEQUENCE`.

    Recurrent networks read vectors as sequences, a transposed decoder reads no Bottleneck, a Bottleneck has two
    sources, convolutions have strides, an output concatenates, networks are judged themselves, β are 0 and 200, and a
    latent connection comes from a convolution.
    """
    small, latent = (Recurrent(units=3),), {"role": "latent"}
    strided = Convolution(channels=2, kernel=(2,), stride=(2,), padding=(0,), pool=(1,))
    plain = Convolution(channels=2, kernel=(3,), stride=(1,), padding=(1,), pool=(1,))
    drawing = TransposedConvolution(channels=1, kernel=(32,), stride=(1,), padding=(0,))
    networks = [
        ("e", "g", unit(NUMERIC, 9), (Dense(units=7, normalise=True),)),
        ("e2", "g", unit(NUMERIC, 4), ()),
        ("z", "b", unit(NUMERIC, 6), ()),
        ("r1", "r", unit(NUMERIC, 2), small),
        ("r2", "r", unit(FEATURES, 3, 32), small),
        ("r3", "r", unit(FEATURES, 5, 9), small),
        ("c1", "c", unit(FEATURES, 2, 16), (strided,)),
        ("c2", "c", unit(FEATURES, 2, 16), (plain,)),
        ("x1", "g", unit(NUMERIC, 3), ()),
        ("k", "delta", unit(DISCRETE, 4), ()),
        ("t", "t", unit(SAMPLES, 32), (drawing,)),
        ("dd", "d", unit(SAMPLES, 32), ()),
    ]
    connections = [
        *(("more", "e"), ("signal", "e"), ("kind", "e"), ("kind", "e2"), ("e", "r1"), ("z", "r1"), ("signal", "r2")),
        *(("signal", "c1"), ("c1", "c2"), ("e", "r3"), ("r3", "x1"), ("r1", "x1"), ("r1", "x"), ("e2", "k")),
        *(("k", "c"), ("z", "k"), ("e", "t"), ("t", "s"), ("dd", "s"), ("r2", "same"), ("c2", "half")),
    ]
    losses = [("mse", "x1", "x"), ("cross_entropy", "c", "c"), ("bernoulli", "s", "s"), ("mse", "dd", "s")]
    losses += [("mse", "same", "same"), ("mse", "half", "half")]
    return Graph(
        inputs=SEQUENCE.inputs,
        networks=tuple(PrimaryNetwork(name=n, kind=k, output=u, layers=layers) for n, k, u, layers in networks),
        outputs=tuple(
            Output(name=o.name, unit=o.unit, combiner="concatenation" if o.name == "x" else "addition")
            for o in SEQUENCE.outputs
        ),
        connections=(
            Connection(source="x1", target="x", indices=(0,)),
            *(Connection(source=source, target=target) for source, target in connections),
            *(
                Connection(source=s, target=t, **latent)
                for s, t in (("e", "z"), ("e2", "z"), ("c2", "dd"), ("e", "dd"))
            ),
            Connection(source="k", target="dd", role="condition"),
        ),
        losses=(
            *(Loss(kind=kind, prediction=prediction, truth=truth) for kind, prediction, truth in losses),
            Loss(kind="huber", prediction="x", truth="x", beta=200),
            Loss(kind="mse", prediction="x", truth="x", beta=0),
            *(Loss(kind="kl", prediction=name, beta=beta) for name, beta in (("e", 0.0), ("e2", 1.0), ("c2", 1.0))),
        ),
    )
