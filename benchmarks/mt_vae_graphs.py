"""The contenders of the comparison of latent spaces, with equal numbers of parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from benchmarks.sharing_graphs import parameters, scaled
from valp.compile.compile import lower
from valp.graph.graph import DataType, Graph
from valp.parts.kinds import BOTTLENECK
from valp.parts.losses import KL
from valp.parts.priors import MIXTURE
from valp.spaces.catalogue.autoencoders import BETA
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


ENCODER, DECODER, HEAD = dense(512), dense(256, 512), dense(128)
"""The hidden layers of encoders, decoders and heads. There is no normalisation: the native executor trains them."""

CODE, LATENT = 256, 16
"""The sizes of an encoder's output and of the latent space of a task."""

Spaces = Literal["each task", "all tasks", "samples only"]
"""For what there are latent spaces."""


def arranged(problem: Description, spaces: Spaces, *, shared: bool) -> Graph:
    """The graph with latent spaces arranged in a way.

    Args:
        problem: the problem. It needs a Samples output.
        spaces: for what there are latent spaces. One for all tasks has as many variables as those of each task have
            together.
        shared: whether one encoder feeds all latent spaces and heads; otherwise each output has its own.
    """
    require(problem, "a VAE", DataType.SAMPLES)
    sketch = Sketch(problem)
    inputs, outputs = [part.name for part in sketch.inputs], sketch.outputs()
    common = sketch.dense("encoder", inputs, ENCODER, CODE) if shared else None
    code, z = "", ""
    if spaces == "all tasks" and common is not None:
        code = sketch.dense("code", [common], (), 2 * LATENT * len(outputs))
        sketch.divergence(code, BETA[DataType.SAMPLES])
        z = sketch.network("z", BOTTLENECK, [], latent=[code])
    for output in outputs:
        encoder = common or sketch.dense(f"{output.name}_encoder", inputs, ENCODER, CODE)
        sampled = output.unit.type is DataType.SAMPLES
        if spaces == "each task" or (spaces == "samples only" and sampled):
            code = sketch.dense(f"{output.name}_code", [encoder], (), 2 * LATENT)
            sketch.divergence(code, BETA[output.unit.type])
        if sampled:
            sketch.decoder(output, code, DECODER)
        elif spaces == "each task":
            own = sketch.network(f"{output.name}_z", BOTTLENECK, [], latent=[code])
            sketch.head(output, [own], HEAD)
        else:
            sketch.head(output, [z or encoder], HEAD)
    return sketch.graph()


REFERENCE = "mt-vae"

CONTENDERS = (
    Contender(
        REFERENCE,
        "MT-VAE: a latent space for each task, one encoder",
        partial(arranged, spaces="each task", shared=True),
    ),
    Contender(
        "separate",
        "MT-VAE with an encoder for each latent space",
        partial(arranged, spaces="each task", shared=False),
    ),
    Contender(
        "one-space",
        "VAE whose only latent space serves all tasks",
        partial(arranged, spaces="all tasks", shared=True),
    ),
    Contender(
        "single",
        "VAE of the samples alone, and a network for each other task",
        partial(arranged, spaces="samples only", shared=False),
    ),
)


def graph_of(contender: Contender, problem: Description, beta: float) -> Graph:
    """The graph of a contender with hidden layers scaled to the number of parameters of `mt-vae`.

    Args:
        contender: the contender.
        problem: the problem.
        beta: β of the KL loss of every latent space from which samples are generated. Those priors are mixtures. It
            counts per variable of the samples in every contender: a space that also feeds heads would otherwise count
            once more for these, undivided.
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
    sizes = {network.name: network.output.size for network in graph.networks if network.name in decoders}
    generated = {one.source: sizes[one.target] for one in graph.connections if one.target in decoders}
    counted = {term.name: sum(1 / size for _, _, size in term.latents) for term in lower(graph).divergences}
    betas = {name: beta / size / counted[f"{KL}:{name}"] for name, size in generated.items()}
    return graph.model_copy(
        update={
            "networks": tuple(
                one.model_copy(update={"prior": MIXTURE.code}) if one.name in decoders else one
                for one in graph.networks
            ),
            "losses": tuple(
                loss.model_copy(update={"beta": betas[loss.prediction]})
                if loss.kind == KL and loss.prediction in betas
                else loss
                for loss in graph.losses
            ),
        }
    )
