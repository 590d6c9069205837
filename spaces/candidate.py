"""A candidate: a graph, and how to train it. It is saved as one JSON document."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from valp.graph.graph import Frozen, Graph
from valp.train.balance.balance import Balance


class Training(Frozen):
    """How a graph is trained.

    Attributes:
        learning_rate: of Adam.
        batch: examples per step.
        steps: the number of steps; steps × batch is the budget, in samples seen.
        kl_warmup: the share of the steps over which β of the KL losses rises from 0, as of `valp.train.fit.fit`.
        decay: the share of the steps, at their end, over which the learning rate falls to 0, as of
            `valp.train.fit.fit`.
        balance: how the losses become one step: a method of `valp.train.balance` and its settings.
        seed: of the initial weights, the order of the examples and the noise.
    """

    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    batch: PositiveInt = 50
    steps: PositiveInt = 2000
    kl_warmup: Annotated[float, Field(ge=0, le=1)] = 0.0
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    balance: Balance = Balance()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    def in_batches(self, batch: int) -> "Training":
        """The same training with another batch size. It sees the same number of samples."""
        steps = max(1, round(self.steps * self.batch / batch))
        return self.model_copy(update={"batch": batch, "steps": steps})


class Candidate(Frozen):
    """What a strategy proposes.

    Attributes:
        graph: the VALP.
        training: how it is trained.
        parent: the number of the candidate that it was made from; None for one that was drawn.
        inherits: by network, the source of its initial weights: the number of a candidate, and the network's name
            there. The other networks start from fresh weights.
        lineage_samples: the examples that the inherited weights have seen, in the trainings of all ancestors.
    """

    schema_version: Literal[1] = 1
    graph: Graph
    training: Training = Training()
    parent: int | None = None
    inherits: dict[str, tuple[NonNegativeInt, str]] = Field(default_factory=dict)
    lineage_samples: NonNegativeInt = 0

    def from_scratch(self) -> "Candidate":
        """The same graph and training, without inherited weights."""
        return self.model_copy(update={"parent": None, "inherits": {}, "lineage_samples": 0})

    @property
    def parents(self) -> tuple[int, ...]:
        """The candidates that it inherits weights from, in order."""
        return tuple(sorted({number for number, _ in self.inherits.values()}))
