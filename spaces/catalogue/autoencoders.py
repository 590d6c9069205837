"""Variational autoencoders with one or several latent spaces."""

from functools import partial

from valp.graph.graph import DataType, Graph, Output
from valp.parts.kinds import BOTTLENECK
from valp.spaces.catalogue.graph_parts import dense, require
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description

WIDTH = 512
"""The width of the widest hidden layer of encoder and decoder."""

CODE = 256
"""The size of the encoder's output."""

DECODER = dense(CODE, WIDTH, normalise=True)

LATENT = 16
"""The number of latent variables in a latent space."""

HEAD = dense(128)
"""Hidden layers of a head."""

BETA: dict[str, float] = {DataType.SAMPLES: 1.0, DataType.DISCRETE: 1e-3, DataType.NUMERIC: 1e-6}
"""β of the KL loss of a task's latent space, by the type of the task's output.

Samples have the β of the ELBO, classes that of Qian et al. (whose KL loss is not divided by a number of generated
variables). Numbers have a smaller β, because squared errors are much smaller than cross-entropies.
"""

BETA_HIGGINS = 4.0
"""β of β-VAE's example (Higgins et al. 2017)."""


def vae(problem: Description, entry: str = "vae", beta: float = 1.0) -> Graph:
    """encoder g → g → d: a VAE that learns by the ELBO (Kingma & Welling 2014, arXiv:1312.6114).

    Each other output has its own MLP, which reads the inputs: only the ELBO shapes the latent space. Widths and
    normalisation are our own.

    Args:
        problem: the problem. It needs a Samples output; each of these has its own latent space.
        entry: the name of the entry.
        beta: β of the KL loss.
    """
    require(problem, entry, DataType.SAMPLES)
    sketch = Sketch(problem)
    encoder = _encoder(sketch, "encoder")
    for output in sketch.outputs():
        if output.unit.type is DataType.SAMPLES:
            code = _latent(sketch, output, encoder, beta)
            sketch.decoder(output, code, DECODER)
        else:
            sketch.head(output, [part.name for part in sketch.inputs], HEAD)
    return sketch.graph()


def mt_vae(problem: Description, entry: str = "mt-vae", *, shared: bool = True) -> Graph:
    """A latent space for each output: encoder g → g → d for Samples, encoder g → g → b → head for the others.

    Each decoder and head reads only its own latent space. Widths, normalisation and the β of the latent spaces that
    generate nothing are our own.

    Args:
        problem: the problem. It needs a Samples output.
        entry: the name of the entry.
        shared: whether one encoder feeds all latent spaces; otherwise each has its own.
    """
    require(problem, entry, DataType.SAMPLES)
    sketch = Sketch(problem)
    common = _encoder(sketch, "encoder") if shared else None
    for output in sketch.outputs():
        encoder = common or _encoder(sketch, f"{output.name}_encoder")
        code = _latent(sketch, output, encoder, BETA[output.unit.type])
        if output.unit.type is DataType.SAMPLES:
            sketch.decoder(output, code, DECODER)
        else:
            z = sketch.network(f"{output.name}_z", BOTTLENECK, [], latent=[code])
            sketch.head(output, [z], HEAD)
    return sketch.graph()


beta_vae = partial(vae, entry="beta-vae", beta=BETA_HIGGINS)
mt_vae_separate = partial(mt_vae, entry="mt-vae-separate", shared=False)


def _encoder(sketch: Sketch, name: str) -> str:
    inputs = [part.name for part in sketch.inputs]
    return sketch.dense(name, inputs, dense(WIDTH, normalise=True), CODE)


def _latent(sketch: Sketch, output: Output, encoder: str, beta: float) -> str:
    """Adds the network that makes (μ, log σ²) of an output's latent space."""
    code = sketch.dense(f"{output.name}_code", [encoder], (), 2 * LATENT)
    sketch.divergence(code, beta)
    return code
