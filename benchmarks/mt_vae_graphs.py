"""The contenders of the comparison of latent spaces, with equal numbers of parameters."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.sharing_graphs import parameters, scaled
from valp.graph.graph import DataType, Graph
from valp.parts.kinds import BOTTLENECK
from valp.parts.losses import KL
from valp.parts.priors import MIXTURE
from valp.spaces.catalogue.autoencoders import BETA, CODE, DECODER, HEAD, LATENT, WIDTH, mt_vae
from valp.spaces.catalogue.graph_parts import dense, require
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description


@dataclass(frozen=True)
class Contender:
    """A way to arrange latent spaces.

    Attributes:
        code: its name in files.
        title: its name on the page.
        build: makes its graph for a problem.
    """

    code: str
    title: str
    build: Callable[[Description], Graph]


def one_space(problem: Description) -> Graph:
    """One encoder and one latent space, from which the decoder and all heads read.

    It has as many variables as the latent spaces of `mt-vae` together. Layers are those of `mt-vae`.
    """
    require(problem, "one-space", DataType.SAMPLES)
    sketch = Sketch(problem)
    outputs = sketch.outputs()
    encoder = sketch.dense("encoder", [part.name for part in sketch.inputs], dense(WIDTH, normalise=True), CODE)
    code = sketch.dense("code", [encoder], (), 2 * LATENT * len(outputs))
    sketch.divergence(code, BETA[DataType.SAMPLES])
    z = sketch.network("z", BOTTLENECK, [], latent=[code])
    for output in outputs:
        if output.unit.type is DataType.SAMPLES:
            sketch.decoder(output, code, DECODER)
        else:
            sketch.head(output, [z], HEAD)
    return sketch.graph()


def single_task(problem: Description) -> Graph:
    """A VAE for the samples and a network of the same layers for each other output, with nothing in common."""
    require(problem, "single-task", DataType.SAMPLES)
    sketch = Sketch(problem)
    inputs = [part.name for part in sketch.inputs]
    for output in sketch.outputs():
        encoder = sketch.dense(f"{output.name}_encoder", inputs, dense(WIDTH, normalise=True), CODE)
        if output.unit.type is DataType.SAMPLES:
            code = sketch.dense(f"{output.name}_code", [encoder], (), 2 * LATENT)
            sketch.divergence(code, BETA[DataType.SAMPLES])
            sketch.decoder(output, code, DECODER)
        else:
            sketch.head(output, [encoder], HEAD)
    return sketch.graph()


REFERENCE = "mt-vae"

CONTENDERS = (
    Contender(REFERENCE, "MT-VAE: a latent space for each task, one encoder", mt_vae),
    Contender("separate", "MT-VAE with an encoder for each latent space", lambda one: mt_vae(one, shared=False)),
    Contender("one-space", "VAE whose only latent space serves all tasks", one_space),
    Contender("single", "VAE of the samples alone, and a network for each other task", single_task),
)


def graph_of(contender: Contender, problem: Description, beta: float) -> Graph:
    """The graph of a contender with hidden layers scaled to the number of parameters of `mt-vae`.

    Args:
        contender: the contender.
        problem: the problem.
        beta: β of the KL loss of every latent space from which samples are generated. Those priors are mixtures.
    """
    reference = CONTENDERS[0].build(problem)
    graph = contender.build(problem)
    if contender.code != REFERENCE:
        (graph,) = scaled([graph], parameters(reference))
    decoders = {
        connection.source
        for connection in graph.connections
        if connection.target in {one.name for one in problem.outputs if one.unit.type is DataType.SAMPLES}
    }
    coding = {connection.source for connection in graph.connections if connection.target in decoders}
    return graph.model_copy(
        update={
            "networks": tuple(
                one.model_copy(update={"prior": MIXTURE.code}) if one.name in decoders else one
                for one in graph.networks
            ),
            "losses": tuple(
                loss.model_copy(update={"beta": beta}) if loss.kind == KL and loss.prediction in coding else loss
                for loss in graph.losses
            ),
        }
    )
