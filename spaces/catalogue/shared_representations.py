"""Representations that all tasks share: the multi-task information bottleneck of 001, and the LeNet of 003."""

from valp.graph.graph import Convolution, DataType, Graph
from valp.parts.kinds import BOTTLENECK, TRANSPOSED_DECODER
from valp.parts.shapes import Shape
from valp.spaces.catalogue.graph_parts import dense, drawing, pooled, require_image, stems
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description

BETA = 1e-3
"""β of 001's KL, which is divided by nothing."""

LATENT = 256
LARGE = 100
"""Images with a side of this or more get the convolutions of 001's table II, which is about 150×150."""


def mtvib(problem: Description) -> Graph:
    """c → g → b → K × δ: one z for all tasks (001, tables I and II, columns d).

    From the tables: two convolutions of 64 channels, batch-normalised and pooled, 3 × 1024 hidden units, 256 latent
    variables, heads of 384 and 192 units, β = 1e-3. The tables print ReLU behind (μ, σ) too, and none before the last
    layer of a head: here it is the other way round, as in their column c. 001 has Discrete outputs alone: the heads of
    Numeric ones differ in kind only, and a t makes Samples of the same z. Where there are Samples the KL is divided by
    their number, and β multiplied by it. Inputs without a shape are read by the g itself.
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
    """c → g → one head per task: hard sharing (003, section 5.3, after Sener & Koltun 2018, arXiv:1810.04650).

    Convolutions of 10 and 20 channels by kernels of 5, each pooled, then 50 units, shared; 50 more in each head. The
    latent variables of Samples, which neither source has, are 50, too, as those of 003's autoencoder.
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
    """Table I or, for large images, table II."""
    if max(shape[1:]) >= LARGE:
        return pooled(shape, 64, 64, kernel=5, stride=2, normalise=True)
    return pooled(shape, 64, 64, kernel=3, normalise=True)
