"""The plan: a checked graph as a flat list of typed operations over named buffers.

The plan says what is computed; executors decide how.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from valp.plan.operation import Operation, Sample

Mode = Literal["train", "predict", "generate"]
"""`train` samples the latent connections, `predict` takes their means, `generate` draws them from N(0, I)."""

Protocol = Literal["predict", "generate"]
"""The modes in which predictions may be scored. Garciarena et al. use `generate`."""

Executor = Literal["auto", "torch", "native"]
"""What trains a plan. `native` is fast but supports only some operations, `torch` supports all, `auto` chooses."""

MODES: tuple[Mode, ...] = get_args(Mode)
EXECUTORS: tuple[Executor, ...] = get_args(Executor)


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
    """The KL loss of one network: the sum of KL(N(μ, σ) ‖ N(0, I)) / variables over its latent connections.

    Attributes:
        name: the term's name in curves.
        latents: the buffers that hold (μ, log σ²), each with its number of latent variables k and the number of
            generated variables that divides its KL.
        beta: the weight β of the term.
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
        """The operations that are needed to compute `buffers` in `mode`, in order."""
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
