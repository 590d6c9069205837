"""The plan: a checked graph lowered to a flat list of typed operations over named buffers.

A buffer holds a (batch, size) tensor. The plan is pure data: executors decide how an operation is carried out.
Only `Sample` depends on the mode a model runs in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["train", "predict", "generate"]
"""`train` samples the latent connections, `predict` takes their means, `generate` draws them from N(0, I)."""

Protocol = Literal["predict", "generate"]
"""The modes in which predictions may be scored; the paper's is `generate`."""

MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Select:
    """out = source[:, indices]."""

    out: str
    source: str
    indices: tuple[int, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads."""
        return (self.source,)


@dataclass(frozen=True)
class Concatenate:
    """out = the sources side by side."""

    out: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Combine:
    """out = the sum, mean or product of the sources, variable by variable, each cut to its first `size` variables."""

    out: str
    sources: tuple[str, ...]
    size: int
    function: Literal["sum", "mean", "product"]


@dataclass(frozen=True)
class Affine:
    """out = activation(source · Wᵀ + b), with the weights of layer `layer`, drawn by `initializer`."""

    out: str
    source: str
    layer: str
    inputs: int
    outputs: int
    activation: str
    initializer: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads."""
        return (self.source,)


@dataclass(frozen=True)
class Normalise:
    """out = softmax or sigmoid of source: logits become probabilities."""

    out: str
    source: str
    function: Literal["softmax", "sigmoid"]

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads."""
        return (self.source,)


@dataclass(frozen=True)
class Sample:
    """The k latent variables of a latent connection whose 2k variables are μ, then log σ².

    Training: out = μ + σ·ε with ε ~ N(0, I). Predicting: out = μ. Generating: out ~ N(0, I), source unread.
    """

    out: str
    source: str
    connection: str
    size: int

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads outside `generate`."""
        return (self.source,)


Operation = Select | Concatenate | Combine | Affine | Normalise | Sample


@dataclass(frozen=True)
class LossTerm:
    """A supervised loss of the plan: `kind` compares buffer `prediction` with the ground truth of output `truth`."""

    name: str
    kind: str
    prediction: str
    truth: str
    beta: float


@dataclass(frozen=True)
class Divergence:
    """The KL loss of one network: over its latent connections, KL(N(μ, σ) ‖ N(0, I)) / variables, summed.

    Attributes:
        name: the term's name in curves.
        latents: the buffers that hold (μ, log σ²), each with its number of latent variables k and the number of
            generated variables that divides its KL.
        beta: β of the term.
    """

    name: str
    latents: tuple[tuple[str, int, int], ...]
    beta: float


@dataclass(frozen=True)
class Plan:
    """The operations of a VALP in an order in which they can run.

    Attributes:
        inputs: the size of each model input; its buffer has its name.
        operations: every operation, sources before users.
        outputs: the buffer of each model output.
        noise: k of each latent connection.
        losses: the supervised losses.
        divergences: the KL losses.
    """

    inputs: dict[str, int]
    operations: tuple[Operation, ...]
    outputs: dict[str, str]
    noise: dict[str, int]
    losses: tuple[LossTerm, ...]
    divergences: tuple[Divergence, ...]

    @property
    def terms(self) -> tuple[LossTerm | Divergence, ...]:
        """The terms of the total loss: the supervised ones, then the KL losses."""
        return (*self.losses, *self.divergences)

    def needed(self, buffers: Iterable[str], mode: Mode) -> tuple[Operation, ...]:
        """The operations that computing `buffers` takes in `mode`, in order."""
        wanted = set(buffers)
        kept: list[Operation] = []
        for operation in reversed(self.operations):
            if operation.out in wanted:
                wanted.update(reads(operation, mode))
                kept.append(operation)
        return tuple(reversed(kept))

    def inputs_of(self, output: str, mode: Mode) -> frozenset[str]:
        """The model inputs that an output depends on in `mode`."""
        buffer = self.outputs[output]
        read = {source for operation in self.needed([buffer], mode) for source in reads(operation, mode)}
        return frozenset(read & self.inputs.keys())


def reads(operation: Operation, mode: Mode) -> tuple[str, ...]:
    """The buffers an operation reads in `mode`."""
    return () if mode == "generate" and isinstance(operation, Sample) else operation.sources
