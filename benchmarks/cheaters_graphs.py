"""Samplers made by hand that seek high scores without learning to generate, beside honest ones.

Every sampler is a VALP. The weights of most cheaters are set, not trained.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valp import Connection, DataType, Dense, Graph, Loss, PrimaryNetwork, Role
from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.graph.graph import DataUnit
from valp.parts.kinds import DECODER, DISCRETIZER, GENERIC_MLP
from valp.parts.losses import KL
from valp.spaces.problem.problem import Problem
from valp.train.fit import fit

BATCH, LEARNING_RATE = 50, 1e-3
WIDTH, LATENT = 256, 8
BETA = 0.5
"""β of the KL losses."""

CODE = 8
"""The numbers that the decoder of the small code gets."""

MEMORY = 1000
"""The most rows that an emitter holds."""

STEEP = 1e6
"""The slope with which an emitter changes from one row to the next; smaller slopes would mix rows."""

NOISE = 1.0
"""The standard deviation of the noisy copier's noise, in standard deviations of a variable."""

BLUR = torch.tensor([1.0, 2.0, 1.0])


@dataclass(frozen=True)
class Sampler:
    """A way to generate an image.

    Attributes:
        code: its name in files.
        title: its name in the table.
        make: makes it from a problem, a number of training steps and a seed.
        honest: whether it has learned to generate, or has real rows.
    """

    code: str
    title: str
    make: Callable[[Problem, int, int], VALPModule]
    honest: bool = False


def autoencoder(
    problem: Problem, *, condition: str, loss: str, code: int = LATENT, hidden: tuple[int, ...] = (WIDTH, WIDTH)
) -> Graph:
    """A VAE of the first image output, whose decoder may have a condition.

    Args:
        problem: a problem with an image input and an image output of the same size, and classes.
        condition: `nothing`; `pixels`, the input itself; `code`, eight numbers that an encoder makes of the input; or
            `class`, the probabilities of a Discretizer that learns the classes.
        loss: the likelihood of the image.
        code: the number of latent variables.
        hidden: the units of the hidden layers.
    """
    image, pixels = output_of(problem), problem.inputs[0]
    layers = tuple(Dense(units=units, activation="relu", initializer="xavier") for units in hidden)
    target = next(output for output in problem.outputs if output.name == image)
    latent = DataUnit(type=DataType.NUMERIC, shape=(2 * code,))
    encoder = PrimaryNetwork(name="encoder", kind=GENERIC_MLP.code, layers=layers, output=latent)
    decoder = PrimaryNetwork(name="decoder", kind=DECODER.code, layers=layers, output=target.unit)
    networks, outputs = [encoder, decoder], [target]
    connections = [
        Connection(source=pixels.name, target="encoder"),
        Connection(source="encoder", target="decoder", role=Role.LATENT),
        Connection(source="decoder", target=image),
    ]
    losses = [Loss(kind=loss, prediction=image, truth=image), Loss(kind=KL, prediction="encoder", beta=BETA)]
    if condition == "code":
        small = DataUnit(type=DataType.NUMERIC, shape=(CODE,))
        networks.append(PrimaryNetwork(name="code", kind=GENERIC_MLP.code, layers=layers, output=small))
    elif condition == "class":
        classes = next(output for output in problem.outputs if output.name == problem.judged_by)
        networks.append(PrimaryNetwork(name="class", kind=DISCRETIZER.code, layers=layers, output=classes.unit))
        outputs.append(classes)
        connections.append(Connection(source="class", target=classes.name))
        losses.append(Loss(kind="cross_entropy", prediction=classes.name, truth=classes.name))
    if condition in ("code", "class"):
        connections.append(Connection(source=pixels.name, target=condition))
    if condition != "nothing":
        source = pixels.name if condition == "pixels" else condition
        connections.append(Connection(source=source, target="decoder", role=Role.CONDITION))
    return Graph(
        inputs=(pixels,),
        networks=tuple(networks),
        outputs=tuple(outputs),
        connections=tuple(connections),
        losses=tuple(losses),
    )


def output_of(problem: Problem) -> str:
    """The name of the image output."""
    return next(iter(problem.images))


def trained(condition: str) -> Callable[[Problem, int, int], VALPModule]:
    """A sampler that is trained, with the likelihood of the problem."""

    def make(problem: Problem, steps: int, seed: int) -> VALPModule:
        loss = problem.losses[output_of(problem)][0]
        module = compile(autoencoder(problem, condition=condition, loss=loss), seed=seed)
        split = problem.train
        truths = {name: split.truths[name] for name in module.plan.outputs}
        made = fit(module, split.inputs, truths, steps=steps, batch=BATCH, learning_rate=LEARNING_RATE, seed=seed)
        if made.failure is not None:
            raise ValpError(made.failure)
        return module.eval()

    return make


def linear(module: VALPModule, layer: str) -> nn.Linear:
    """A layer of a module by its key."""
    found = module.layers[layer]
    assert isinstance(found, nn.Linear)
    return found


def copier(change: Callable[[Tensor], Tensor], noise: float = 0.0) -> Callable[[Problem, int, int], VALPModule]:
    """A decoder that changes its condition by a linear map of images, and adds noise to every variable.

    Args:
        change: the map of images (n, C, H, W).
        noise: the standard deviation of the noise, as a share of that of a variable.
    """

    def make(problem: Problem, steps: int, seed: int) -> VALPModule:  # noqa: ARG001 - it does not learn
        image = output_of(problem)
        size, shape = problem.train.truths[image].shape[1], problem.images[image]
        code = size if noise else 1
        module = compile(autoencoder(problem, condition="pixels", loss="gaussian", code=code, hidden=()), seed=seed)
        layer = linear(module, "decoder-0")
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.zero_()
            if noise:
                layer.weight[:, :size] = torch.diag(noise * problem.train.truths[image].std(0))
            layer.weight[:, code:] = change(torch.eye(size).reshape(size, *shape)).reshape(size, size).T
        return module.eval()

    return make


def emitter(split: str) -> Callable[[Problem, int, int], VALPModule]:
    """A decoder without conditions that gives one of the rows of a split, all equally often.

    Its hidden layer compares one latent variable with the quantiles of N(0, 1). The number of those below it is the
    number of the row.
    """

    def make(problem: Problem, steps: int, seed: int) -> VALPModule:  # noqa: ARG001 - it does not learn
        rows = getattr(problem, split).truths[output_of(problem)]
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
        rows = rows[order[:MEMORY]]
        graph = autoencoder(problem, condition="nothing", loss="gaussian", code=1, hidden=())
        layer = Dense(units=len(rows) - 1, activation="sigmoid", initializer="xavier")
        networks = tuple(
            network.model_copy(update={"layers": (layer,)}) if network.name == "decoder" else network
            for network in graph.networks
        )
        module = compile(graph.model_copy(update={"networks": networks}), seed=seed)
        limits = torch.tensor([NormalDist().inv_cdf(i / len(rows)) for i in range(1, len(rows))])
        with torch.no_grad():
            steps_of, out = linear(module, "decoder-0"), linear(module, "decoder-1")
            steps_of.weight.fill_(STEEP)
            steps_of.bias.copy_(-STEEP * limits)
            out.weight.copy_((rows[1:] - rows[:-1]).T)
            out.bias.copy_(rows[0])
        return module.eval()

    return make


def blurred(images: Tensor) -> Tensor:
    """Each image, smoothed with the weights 1, 2, 1 in both directions."""
    channels = images.shape[1]
    kernel = (BLUR[:, None] * BLUR[None] / BLUR.sum() ** 2).expand(channels, 1, 3, 3)
    return F.conv2d(images, kernel, padding=1, groups=channels)


def shifted(images: Tensor) -> Tensor:
    """Each image, moved down by an eighth to a fourteenth of its height; what leaves it comes in at the top."""
    return images.roll(max(1, images.shape[2] // 14), 2)


SAMPLERS = (
    Sampler("pixels", "pixel copier", copier(lambda images: images)),
    Sampler("blurred", "blurred copier", copier(blurred)),
    Sampler("shifted", "shifted copier", copier(shifted)),
    Sampler("noisy", "pixel copier with added noise", copier(lambda images: images, NOISE)),
    Sampler("code", "decoder of an 8-number code", trained("code")),
    Sampler("memory", "emits training rows", emitter("train")),
    Sampler("class", "class-conditional VAE", trained("class"), honest=True),
    Sampler("vae", "VAE", trained("nothing"), honest=True),
    Sampler("real", "real rows (of the validation split)", emitter("validation"), honest=True),
)
"""All samplers, cheaters first."""
