"""Random graphs of Algorithm 1, and the problem shapes and spaces they are drawn for."""

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from valp.graph.graph import DataType, DataUnit, Graph, Input, Output
from valp.spaces.generate.algorithm1 import initialize
from valp.spaces.generate.choose import Choose, RandomChoose
from valp.spaces.generate.space import DEFAULT, FULL, PAPER, Space

NUMERIC, DISCRETE, SAMPLES, FEATURES = DataType
LOSSES = {NUMERIC: "mse", DISCRETE: "cross_entropy", SAMPLES: "bernoulli", FEATURES: "mse"}

SPACE_SETTINGS = {
    "max_n": st.integers(7, 20),
    "alpha": st.floats(0.01, 1),
    "phi": st.floats(0, 1),
    "partial": st.floats(0, 1),
    "discrete_conditions": st.booleans(),
    "by_shape": st.booleans(),
    "output_units": st.sampled_from([(2, 2), (2, 3), (3, 3), (5, 40)]),
}
"""Any settings of a space with which Algorithm 1 can draw a graph of these shapes."""


@dataclass(frozen=True)
class Shape:
    """The inputs and outputs of a problem.

    `least` is the smallest max_n that is enough. `images` are the outputs that are pictures. `variances` are those of
    its outputs.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    least: int
    images: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    variances: dict[str, float] = field(default_factory=dict)

    @property
    def losses(self) -> dict[str, tuple[str, ...]]:
        return {output.name: (LOSSES[output.unit.type],) for output in self.outputs}


def unit(data_type: DataType, *sizes: int) -> DataUnit:
    return DataUnit(type=data_type, shape=sizes)


def shape(inputs: dict[str, DataUnit], outputs: dict[str, DataUnit], least: int) -> Shape:
    return Shape(
        tuple(Input(name=name, unit=part) for name, part in inputs.items()),
        tuple(Output(name=name, unit=part) for name, part in outputs.items()),
        least,
    )


CLOTHING = replace(
    shape(
        {"pixels": unit(NUMERIC, 784)},
        {"histogram": unit(NUMERIC, 32), "garment": unit(DISCRETE, 10), "image": unit(SAMPLES, 784)},
        least=4,
    ),
    variances={"histogram": 1e-3},
)
"""The paper's: three outputs, and the Generic MLP that a decoder needs."""

SEVERAL = shape(
    {"a": unit(NUMERIC, 30), "b": unit(DISCRETE, 4)},
    {
        "x": unit(NUMERIC, 1),
        "y": unit(NUMERIC, 7),
        "z": unit(NUMERIC, 7),
        "c": unit(DISCRETE, 3),
        "s": unit(SAMPLES, 12),
        "t": unit(SAMPLES, 30),
    },
    least=7,
)
"""Two inputs, and several outputs of a type."""

CLASSES = shape({"a": unit(SAMPLES, 64), "b": unit(DISCRETE, 5)}, {"c": unit(DISCRETE, 10)}, least=1)
"""Inputs of Samples and Discrete, and nothing is generated."""

SHAPES = {"clothing": CLOTHING, "several": SEVERAL, "classes": CLASSES}

IMAGE = replace(
    shape(
        {"pixels": unit(FEATURES, 1, 28, 28)},
        {"histogram": unit(NUMERIC, 32), "garment": unit(DISCRETE, 10), "image": unit(SAMPLES, 784)},
        least=5,
    ),
    images={"image": (1, 28, 28)},
)
"""The paper's with its input as an image: a convolutional network more is needed."""

SEQUENCE = shape(
    {"signal": unit(FEATURES, 2, 32), "more": unit(NUMERIC, 5), "kind": unit(DISCRETE, 3)},
    {
        "x": unit(NUMERIC, 3),
        "c": unit(DISCRETE, 4),
        "s": unit(SAMPLES, 32),
        "same": unit(FEATURES, 3, 32),
        "half": unit(FEATURES, 2, 16),
    },
    least=6,
)
"""A sequence and vectors; sequences of its length and of half of it go out, too."""

SHAPED = {"image": IMAGE, "sequence": SEQUENCE}

TINY = shape(
    {"a": unit(NUMERIC, 6), "b": unit(DISCRETE, 3)},
    {"x": unit(NUMERIC, 4), "c": unit(DISCRETE, 3), "s": unit(SAMPLES, 8)},
    least=4,
)
"""One output of each type, small, so that its graphs are trained quickly."""

TINY_SPACE = replace(
    DEFAULT, units=(3, 8), output_units=(2, 6), hidden_layers=(0, 2), partial=0.5, activations=("tanh", "softplus")
)
"""Smooth activations: a connected input always changes the output."""


def edges(least: int) -> dict[str, Space]:
    """Spaces at the ends of what settings may be."""
    return {
        "paper": PAPER,
        "default": DEFAULT,
        "least max_n": replace(PAPER, max_n=least),
        "least max_n, alpha 1, phi 1": replace(DEFAULT, max_n=least, alpha=1, phi=1),
        "one to spare": replace(PAPER, max_n=least + 1, phi=0),
        "max_n 20": replace(DEFAULT, max_n=20),
        "phi 0": replace(PAPER, phi=0),
        "phi 1": replace(DEFAULT, phi=1),
        "alpha 1": replace(PAPER, alpha=1),
        "alpha 0.05": replace(PAPER, alpha=0.05),
        "partial 0": replace(DEFAULT, partial=0),
        "partial 1": replace(DEFAULT, partial=1),
        "smallest units": replace(PAPER, output_units=(2, 3), units=(1, 1), hidden_layers=(0, 0)),
    }


def shaped_edges(least: int) -> dict[str, Space]:
    """Spaces of every kind at the ends of what settings may be."""
    return {
        "full": FULL,
        "full, least max_n": replace(FULL, max_n=least),
        "full, least max_n, alpha 1, phi 1": replace(FULL, max_n=least, alpha=1, phi=1, partial=1),
        "full, one to spare": replace(FULL, max_n=least + 1, phi=0),
        "full, max_n 16": replace(FULL, max_n=16, partial=0.7),
        "full, dense readers": replace(FULL, by_shape=False),
        "full, largest kernels": replace(FULL, kernels=(1, 7), channels=(1, 3), convolutions=(1, 5)),
        "full, smallest units": replace(FULL, output_units=(2, 3), units=(1, 1), hidden_layers=(0, 0)),
    }


SETTINGS = {
    f"{name}/{edge}": (found, space)
    for shapes, ends in ((SHAPES, edges), (SHAPED, shaped_edges))
    for name, found in shapes.items()
    for edge, space in ends(found.least).items()
}
"""Every shape with every edge."""


def random_graph(
    seed: int | str,
    wanted: Shape = CLOTHING,
    space: Space = PAPER,
    choose: Choose | None = None,
    conditions: tuple[str, ...] | None = None,
) -> Graph:
    """The graph that Algorithm 1 draws with this seed, or by this source of decisions."""
    decisions = choose or RandomChoose(seed)
    given = {"images": wanted.images, "variances": wanted.variances, "conditions": conditions}
    return initialize(wanted.inputs, wanted.outputs, wanted.losses, space, decisions, **given)
