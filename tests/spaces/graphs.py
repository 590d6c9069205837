"""Random graphs of Algorithm 1, and the problem shapes and spaces they are drawn for."""

from dataclasses import dataclass, replace

from spaces.algorithm1 import initialize
from spaces.choose import Choose, RandomChoose
from spaces.space import DEFAULT, PAPER, Space
from valp.graph import DataType, DataUnit, Graph, Input, Output

NUMERIC, DISCRETE, SAMPLES = DataType.NUMERIC, DataType.DISCRETE, DataType.SAMPLES
LOSSES = {NUMERIC: "mse", DISCRETE: "cross_entropy", SAMPLES: "bernoulli"}


@dataclass(frozen=True)
class Shape:
    """What a problem asks for; `least` is the smallest max_n that serves it."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    least: int

    @property
    def losses(self) -> dict[str, tuple[str, ...]]:
        return {output.name: (LOSSES[output.unit.type],) for output in self.outputs}


def unit(data_type: DataType, size: int) -> DataUnit:
    return DataUnit(type=data_type, shape=(size,))


def shape(inputs: dict[str, DataUnit], outputs: dict[str, DataUnit], least: int) -> Shape:
    return Shape(
        tuple(Input(name=name, unit=part) for name, part in inputs.items()),
        tuple(Output(name=name, unit=part) for name, part in outputs.items()),
        least,
    )


CLOTHING = shape(
    {"pixels": unit(NUMERIC, 784)},
    {"histogram": unit(NUMERIC, 32), "garment": unit(DISCRETE, 10), "image": unit(SAMPLES, 784)},
    least=4,
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
"""Samples and Discrete come in, and nothing is generated."""

SHAPES = {"clothing": CLOTHING, "several": SEVERAL, "classes": CLASSES}

TINY = shape(
    {"a": unit(NUMERIC, 6), "b": unit(DISCRETE, 3)},
    {"x": unit(NUMERIC, 4), "c": unit(DISCRETE, 3), "s": unit(SAMPLES, 8)},
    least=4,
)
"""One output of each type, so small that its graphs are trained in no time."""

TINY_SPACE = replace(
    DEFAULT, units=(3, 8), output_units=(2, 6), hidden_layers=(0, 2), partial=0.5, activations=("tanh", "softplus")
)
"""Smooth activations: an input that is connected always shows."""


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


SETTINGS = [(name, setting) for name, found in SHAPES.items() for setting in edges(found.least)]
"""Every shape with every edge."""


def random_graph(
    seed: int | str, wanted: Shape = CLOTHING, space: Space = PAPER, choose: Choose | None = None
) -> Graph:
    """The graph that Algorithm 1 draws with this seed, or by this source of decisions."""
    return initialize(wanted.inputs, wanted.outputs, wanted.losses, space, choose or RandomChoose(seed))
