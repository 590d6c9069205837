"""Random graphs of Algorithm 1 over a few problem shapes."""

from dataclasses import replace

from spaces.algorithm1 import initialize
from spaces.choose import Choose, RandomChoose
from spaces.space import PAPER, Space
from tests.valp.graphs import discrete, numeric, samples
from valp.graph import Graph, Input, Output

Shape = tuple[tuple[Input, ...], tuple[Output, ...]]

PAPERS: Shape = (
    (Input(name="pixels", unit=numeric(784)),),
    (
        Output(name="histogram", unit=numeric(32)),
        Output(name="garment", unit=discrete(10)),
        Output(name="image", unit=samples(784)),
    ),
)
"""The problem of 002's experiment."""

MANY: Shape = (
    (Input(name="a", unit=numeric(30)), Input(name="b", unit=discrete(4))),
    (
        Output(name="x", unit=numeric(1)),
        Output(name="y", unit=numeric(7)),
        Output(name="c", unit=discrete(3)),
        Output(name="s", unit=samples(12)),
        Output(name="t", unit=samples(30)),
    ),
)
"""Two inputs, and several outputs of one type, the smallest a single number."""

CLASSES: Shape = ((Input(name="a", unit=samples(64)),), (Output(name="c", unit=discrete(10)),))
"""Classification of Samples alone."""

SMALL: Shape = (
    (Input(name="pixels", unit=numeric(12)),),
    (
        Output(name="histogram", unit=numeric(3)),
        Output(name="garment", unit=discrete(4)),
        Output(name="image", unit=samples(12)),
    ),
)
"""The paper's problem, made small."""

SHAPES = {"papers": PAPERS, "many": MANY, "classes": CLASSES, "small": SMALL}

LOSSES = {"numeric": "mse", "discrete": "cross_entropy", "samples": "bernoulli"}

SMOOTH = replace(
    PAPER,
    name="smooth",
    units=(6, 12),
    output_units=(4, 12),
    hidden_layers=(1, 2),
    activations=("tanh", "softplus"),
    initializers=("xavier",),
    network_combiners=("concatenation", "addition"),
    discrete_conditions=True,
    partial=0.5,
)
"""Small networks without a neuron that can die: what depends on something has a gradient."""


def drawn(choose: Choose, *, shape: Shape = PAPERS, space: Space = PAPER) -> Graph:
    """The graph that Algorithm 1 builds from these decisions."""
    inputs, outputs = shape
    return initialize(inputs, outputs, {output.name: LOSSES[output.unit.type] for output in outputs}, space, choose)


def random_graph(seed: int | str, *, shape: Shape = PAPERS, space: Space = PAPER) -> Graph:
    """A random graph of Algorithm 1."""
    return drawn(RandomChoose(seed), shape=shape, space=space)
