"""The networks of Qian et al., Table I, as graphs: STL, STVIB, the shared network of GS and UWL, and MTVIB."""

from collections.abc import Sequence
from dataclasses import dataclass

from valp.graph.graph import Convolution, Graph
from valp.parts.kinds import CONVOLUTIONAL
from valp.parts.shapes import Shape
from valp.spaces.catalogue import CATALOGUE
from valp.spaces.catalogue.graph_parts import dense, pooled
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description
from valp.train.balance.balance import Balance

FIRST, SECOND, CHANNELS = 384, 192, 64
"""The units of the first and second dense layer of columns a and b, and the channels of the convolutions."""

FIXED, LEARNED = Balance(), Balance(method="uncertainty")


@dataclass(frozen=True)
class Method:
    """A method of the comparison.

    Attributes:
        code: its name in the paper.
        title: a line about it.
        vib: whether it has the information bottleneck, and predictions are averaged over samples of z.
        single: whether each task has a network of its own.
        balance: how the losses of the tasks become one.
        grid: whether weights of the tasks are chosen from a grid.
    """

    code: str
    title: str
    vib: bool = False
    single: bool = False
    balance: Balance = FIXED
    grid: bool = False


METHODS = (
    Method("STL", "a network for each task (a)", single=True),
    Method("STVIB", "a network with a bottleneck for each task (c)", vib=True, single=True),
    Method("GS", "one network (b), weights of the losses from a grid", grid=True),
    Method("UWL", "one network (b), uncertainty weighting", balance=LEARNED),
    Method("MTVIB", "one network with a bottleneck (d), uncertainty weighting", vib=True, balance=LEARNED),
)
"""The methods, with the column of Table I that has their network."""


def graph_of(method: Method, problem: Description, weights: Sequence[float] = ()) -> Graph:
    """The graph of a method.

    The catalogue's `mtvib` is columns c and d. In column b, `FC 3136×384 + BN + ReLU` is shared by the tasks. A Generic
    MLP ends with a linear layer, so this layer is a convolution whose kernel is the whole image, which is the same.

    Args:
        method: the method.
        problem: the problem; of a single-task network, with this task only.
        weights: β of the losses of the tasks; 1 if empty.
    """
    if method.vib:
        return CATALOGUE["mtvib"].build(problem)
    sketch = Sketch(problem)
    (image,) = sketch.inputs
    trunk = sketch.network("trunk", CONVOLUTIONAL, [image.name], shared_layers(image.unit.shape))
    for output, beta in zip(sketch.outputs(), weights or [1.0] * len(problem.outputs), strict=True):
        sketch.head(output, [trunk], dense(SECOND, normalise=True), beta)
    return sketch.graph()


def shared_layers(shape: Shape) -> list[Convolution]:
    """Two convolutions with pooling, and a dense layer of `FIRST` units, all with batch normalisation and ReLU."""
    layers = pooled(shape, CHANNELS, CHANNELS, kernel=3, normalise=True)
    for layer in layers:
        shape = layer.output_shape(shape)
    whole = Convolution(channels=FIRST, kernel=shape[1:], padding=(0, 0), normalise=True)
    return [*layers, whole]


def only(problem: Description, output: str) -> Description:
    """The problem with one of its outputs."""
    columns = problem.columns.model_copy(update={"outputs": (problem.columns.output(output),)})
    return problem.model_copy(update={"columns": columns, "losses": {output: problem.losses[output]}})
