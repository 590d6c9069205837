"""The plan: a checked graph lowered to a flat list of typed operations over named buffers.

A buffer holds a (batch, size) tensor, Features flat. The plan says what is done, executors how. Only `Sample` and
batch normalisation depend on the mode a model runs in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:  # a plan is read without torch
    from torch import nn

Mode = Literal["train", "predict", "generate"]
"""`train` samples the latent connections, `predict` takes their means, `generate` draws them from N(0, I)."""

Protocol = Literal["predict", "generate"]
"""The modes in which predictions may be scored; the paper's is `generate`."""

Executor = Literal["auto", "torch", "native"]
"""What trains a plan: `native` is fast and knows some operations, `torch` knows all, `auto` is the fastest that can."""

MODES: tuple[Mode, ...] = get_args(Mode)
EXECUTORS: tuple[Executor, ...] = get_args(Executor)


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
class Gate:
    """out = Σ_i sigmoid(a_i) · source_i, variable by variable, each source cut to `size`; a is learnt, from 0 on."""

    out: str
    sources: tuple[str, ...]
    size: int

    @property
    def layer(self) -> str:
        """The key of its gates."""
        return self.out.replace(".", "-")


@dataclass(frozen=True)
class Affine:
    """out = activation(source · Wᵀ + b), with the weights of layer `layer`, drawn by `initializer`.

    With `normalise` the variables are normalised over the batch before the activation.
    """

    out: str
    source: str
    layer: str
    inputs: int
    outputs: int
    activation: str
    initializer: str
    normalise: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads."""
        return (self.source,)


@dataclass(frozen=True)
class Convolve:
    """out = pooled(activation(source ∗ W + b)); the source is read as `inputs`, the result is of shape `outputs`.

    Attributes:
        transposed: whether the convolution is a transposed one.
        kernel, stride, padding, pool: one number a spatial dimension; pooling takes the greatest.
    """

    out: str
    source: str
    layer: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    pool: tuple[int, ...]
    transposed: bool
    activation: str
    initializer: str
    normalise: bool

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads."""
        return (self.source,)


@dataclass(frozen=True)
class Recur:
    """out = the states (units, T) of a recurrent cell over the T steps of the source, read as (C, T)."""

    out: str
    source: str
    layer: str
    inputs: tuple[int, int]
    units: int
    cell: Literal["gru", "lstm"]
    initializer: str
    normalise: bool

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads."""
        return (self.source,)


@dataclass(frozen=True)
class Apply:
    """out = module(*sources): an operation that a kind or combiner of another package brings.

    Attributes:
        layer: the key of the module.
        build: makes the torch module; it maps (batch, size) tensors, one a source, to one of (batch, size).
    """

    out: str
    sources: tuple[str, ...]
    layer: str
    build: "Callable[[], nn.Module]"


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

    Training: out = μ + σ·ε with ε ~ N(0, I). Predicting: out = μ, or μ + σ·ε where ε is given. Generating:
    out ~ N(0, I), source unread.
    """

    out: str
    source: str
    connection: str
    size: int

    @property
    def sources(self) -> tuple[str, ...]:
        """The buffers it reads outside `generate`."""
        return (self.source,)


Operation = Select | Concatenate | Combine | Gate | Affine | Convolve | Recur | Apply | Normalise | Sample


@dataclass(frozen=True)
class LossTerm:
    """A supervised loss of the plan: `kind` compares buffer `prediction` with the ground truth of output `truth`.

    Both have `size` variables.
    """

    name: str
    kind: str
    prediction: str
    truth: str
    size: int
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
