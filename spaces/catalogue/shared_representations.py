"""Graphs with one representation for all tasks: MTVIB (Qian et al.) and LeNet (Nakamura 2023)."""

from valp.graph.graph import Convolution, DataType, Graph
from valp.parts.kinds import BOTTLENECK, TRANSPOSED_DECODER
from valp.parts.shapes import Shape
from valp.spaces.catalogue.graph_parts import dense, drawing, pooled, require_image, stems
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description

BETA = 1e-3
"""β of the KL loss of Qian et al., which is not divided by a number of generated variables."""

LATENT = 256
LARGE = 100
"""Images with a side of at least this get the convolutions of Qian et al., Table II, which is for 150×150 pixels."""


def mtvib(problem: Description) -> Graph:
    """c → g → b → K × δ: one z for all tasks (Qian et al., Tables I and II, columns d).

    From the tables: two convolutions of 64 channels with batch normalisation and pooling, 3 × 1024 hidden units, 256
    latent variables, heads of 384 and 192 units, β = 1e-3. The tables also have a ReLU after (μ, σ), and none before
    the last layer of a head. Here it is the other way round, as in their column c.

    Qian et al. have Discrete outputs only. Here Numeric outputs have the same heads of another kind, and a t makes
    Samples from the same z. If there are Samples, the KL loss is divided by their number of variables, so β is
    multiplied by it. The g reads inputs without a shape directly.
    """
    sketch = Sketch(problem)
    encoder = sketch.dense(
        "encoder", stems(sketch, "mtvib", _table), dense(1024, 1024, 1024, normalise=True), 2 * LATENT
    )
    generated = sum(output.unit.size for output in sketch.outputs(DataType.SAMPLES))
    sketch.divergence(encoder, BETA * max(generated, 1))
    z = sketch.network("z", BOTTLENECK, [], latent=[encoder])
    for output in sketch.outputs():
        if output.unit.type is DataType.SAMPLES:
            layers = drawing(output, problem.images.get(output.name))
            sketch.serve(output, sketch.network(f"{output.name}_decoder", TRANSPOSED_DECODER, [z], layers, output.unit))
        else:
            sketch.head(output, [z], dense(384, 192, normalise=True))
    return sketch.graph()


def lenet(problem: Description) -> Graph:
    """c → g → one head per task: hard sharing (Nakamura 2023, 5.3, after Sener & Koltun 2018, arXiv:1810.04650).

    The shared part has convolutions of 10 and 20 channels with kernels of 5, each pooled, then 50 units. Each head has
    50 more. Neither source generates Samples: here they have 50 latent variables, like the autoencoder of Nakamura.
    """
    require_image(problem, "lenet")
    sketch = Sketch(problem)
    read = stems(sketch, "lenet", lambda shape: pooled(shape, 10, 20, kernel=5))
    trunk = sketch.dense("trunk", read, dense(50), 50)
    for output in sketch.outputs():
        if output.unit.type is DataType.SAMPLES:
            code = sketch.dense(f"{output.name}_code", [trunk], (), 100)
            sketch.divergence(code)
            sketch.decoder(output, code, dense(50))
        else:
            sketch.head(output, [trunk], dense(50))
    return sketch.graph()


def _table(shape: Shape) -> list[Convolution]:
    """The convolutions of Qian et al., Table I or, for large images, Table II."""
    if max(shape[1:]) >= LARGE:
        return pooled(shape, 64, 64, kernel=5, stride=2, normalise=True)
    return pooled(shape, 64, 64, kernel=3, normalise=True)
