"""A candidate: a graph, and how to train it. One JSON document."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from valp.graph.graph import Frozen, Graph


class Training(Frozen):
    """How a graph is trained.

    Attributes:
        learning_rate: of Adam.
        batch: examples a step.
        steps: the number of steps; steps × batch is the budget, in samples seen.
        kl_warmup: the share of the steps over which β of the KL losses rises from 0, as of `valp.train.fit.fit`.
        decay: the share of the steps, at their end, over which the learning rate falls to 0, as of
            `valp.train.fit.fit`.
        seed: of the initial weights, the order of the examples and the noise.
    """

    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    batch: PositiveInt = 50
    steps: PositiveInt = 2000
    kl_warmup: Annotated[float, Field(ge=0, le=1)] = 0.0
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    def in_batches(self, batch: int) -> "Training":
        """The same number of samples, so many a step."""
        steps = max(1, round(self.steps * self.batch / batch))
        return self.model_copy(update={"batch": batch, "steps": steps})


class Candidate(Frozen):
    """What a strategy proposes.

    Attributes:
        graph: the VALP.
        training: how it is trained.
        parent: the number of the candidate it was made from; None for one that was drawn.
        inherits: by network, whose weights it begins with: the number of a candidate, and the network's name there.
        lineage_samples: the examples that these weights have seen, all ancestors' trainings taken together.
    """

    schema_version: Literal[1] = 1
    graph: Graph
    training: Training = Training()
    parent: int | None = None
    inherits: dict[str, tuple[NonNegativeInt, str]] = Field(default_factory=dict)
    lineage_samples: NonNegativeInt = 0

    @property
    def parents(self) -> tuple[int, ...]:
        """The candidates whose weights it begins with, in order."""
        return tuple(sorted({number for number, _ in self.inherits.values()}))
