"""The plan: a checked graph as a flat list of typed operations over named buffers.

The plan says what is computed; executors decide how.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from valp.plan.operation import Operation, Sample

Mode = Literal["train", "predict", "generate"]
"""`train` samples the latent connections, `predict` takes their means, `generate` draws them from their prior."""

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

    @property
    def buffers(self) -> tuple[str, ...]:
        """The buffer that it judges."""
        return (self.prediction,)


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

    @property
    def buffers(self) -> tuple[str, ...]:
        """The buffers that it judges."""
        return tuple(buffer for buffer, _, _ in self.latents)


@dataclass(frozen=True)
class GivenClass:
    """The class of an output that is given in `generate`.

    Attributes:
        size: the number of classes.
        buffers: the buffers that then hold it, (batch, size) one-hot: those of the networks that predict it.
    """

    size: int
    buffers: tuple[str, ...]


@dataclass(frozen=True)
class LatentGroup:
    """The latent connections into one network, whose variables together have a fitted prior.

    Attributes:
        name: the network; also the key of the prior's uniform numbers in the noise.
        prior: a code of `valp.parts.priors.PRIORS`.
        connections: the latent connections, each with its number of variables k.
        given: the output on whose class the prior depends, if this class is given; None if there is none.
    """

    name: str
    prior: str
    connections: tuple[tuple[str, int], ...]
    given: str | None = None

    @property
    def size(self) -> int:
        """The number of latent variables of all its connections."""
        return sum(size for _, size in self.connections)


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
        given: the outputs whose class is given in `generate`.
        groups: the latent connections with a prior other than N(0, I).
        spreads: the number of variables of each output whose samples can be draws; see `LossKind.spread`.
    """

    inputs: dict[str, int]
    operations: tuple[Operation, ...]
    outputs: dict[str, str]
    noise: dict[str, int]
    losses: tuple[LossTerm, ...]
    divergences: tuple[Divergence, ...]
    given: dict[str, GivenClass] = field(default_factory=dict)
    groups: tuple[LatentGroup, ...] = ()
    spreads: dict[str, int] = field(default_factory=dict)

    @property
    def terms(self) -> tuple[LossTerm | Divergence, ...]:
        """The terms of the total loss: the supervised ones, then the KL losses."""
        return (*self.losses, *self.divergences)

    @property
    def judged(self) -> frozenset[str]:
        """The buffers that its terms judge."""
        return frozenset(buffer for term in self.terms for buffer in term.buffers)

    def needed(self, buffers: Iterable[str], mode: Mode, given: Collection[str] | None = None) -> tuple[Operation, ...]:
        """The operations that are needed to compute `buffers` in `mode`, in order.

        Args:
            buffers: the buffers.
            mode: the mode.
            given: the outputs whose class is given in `generate`; by default all that can be.
        """
        wanted, fixed = set(buffers), self._fixed(mode, given)
        kept: list[Operation] = []
        for operation in reversed(self.operations):
            if operation.out in wanted and operation.out not in fixed:
                wanted.update(reads(operation, mode))
                kept.append(operation)
        return tuple(reversed(kept))

    def inputs_of(self, output: str, mode: Mode) -> frozenset[str]:
        """The model inputs, and in `generate` the given classes, that an output depends on in `mode`.

        It also depends on a class if only the prior of its latent variables does.
        """
        operations = self.needed([self.outputs[output]], mode)
        read = {source for operation in operations for source in reads(operation, mode)}
        fixed = self._fixed(mode, None)
        drawn = {op.connection for op in operations if isinstance(op, Sample)} if mode == "generate" else set()
        priors = {
            group.given
            for group in self.groups
            if group.given and drawn.issuperset(name for name, _ in group.connections)
        }
        return frozenset(read & self.inputs.keys()) | {fixed[buffer] for buffer in read & fixed.keys()} | priors

    def conditions_of(self, outputs: Iterable[str]) -> frozenset[str]:
        """What any of these outputs depends on in `generate`; see `inputs_of`."""
        return frozenset[str]().union(*(self.inputs_of(output, "generate") for output in outputs))

    def _fixed(self, mode: Mode, given: Collection[str] | None) -> dict[str, str]:
        """The buffers that hold a given class, each with the output of that class."""
        if mode != "generate":
            return {}
        fixed = {name: part for name, part in self.given.items() if given is None or name in given}
        return {buffer: name for name, part in fixed.items() for buffer in part.buffers}


def reads(operation: Operation, mode: Mode) -> tuple[str, ...]:
    """The buffers an operation reads in `mode`."""
    return () if mode == "generate" and isinstance(operation, Sample) else operation.sources
