"""The typed operations of a plan: what is computed in named buffers, not how.

A buffer holds a (batch, size) tensor; Features are flattened. Executors run the operations. Only `Sample` and batch
normalisation depend on the mode in which a model runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # reading a plan must not load torch
    from torch import nn


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
    """out = Σ_i sigmoid(a_i) · source_i, variable by variable, each source cut to `size`; a is learned, from 0 on."""

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
    """out = pooled(activation(source ∗ W + b)); the source has shape `inputs`, the result shape `outputs`.

    Attributes:
        transposed: whether the convolution is transposed.
        kernel, stride, padding, pool: one number per spatial dimension; pooling takes the maximum.
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
    """out = module(*sources): an operation of a layer, kind or combiner of another package.

    Attributes:
        layer: the key of the module.
        build: makes the torch module, which maps one (batch, size) tensor per source to one (batch, size) tensor.
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
    out is drawn from the prior, N(0, I) unless the plan has a group for it, and the source is not read.
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
