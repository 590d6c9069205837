"""A problem without its data: what it takes to list, draw and export what a search found."""

from functools import cached_property

from pydantic import Field

from valp.graph.graph import DataType, Frozen, Input, Output
from valp.model.preprocessing import Preprocessing
from valp.score import ScoredOutput
from valp.spaces.problem.metrics import Metric, metrics_of


class Description(Frozen):
    """A problem without its data.

    Attributes:
        name: of the problem.
        title: one line about it.
        columns: inputs and outputs as the user knows them; a saved model keeps them.
        losses: the losses of each output, one or more.
        class_weights: of Discrete outputs that have them: how much a row of each class counts in the losses.
        variances: of Numeric and Features outputs, on the training split as it is learnt: the mean over the variables.
    """

    name: str
    title: str
    columns: Preprocessing
    losses: dict[str, tuple[str, ...]]
    class_weights: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    variances: dict[str, float] = Field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The model inputs."""
        return tuple(Input(name=column.name, unit=column.unit) for column in self.columns.inputs)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The model outputs, each with the paper's Λ as combiner."""
        return tuple(Output(name=column.name, unit=column.unit) for column in self.columns.outputs)

    @property
    def images(self) -> dict[str, tuple[int, int, int]]:
        """The shape (C, H, W) of each output that is an image."""
        return {column.name: column.image for column in self.columns.outputs if column.image is not None}

    @property
    def scored_outputs(self) -> tuple[ScoredOutput, ...]:
        """The outputs as scores see them."""
        classes = None if self.judged_by is None else self.columns.output(self.judged_by).size
        return tuple(
            ScoredOutput(
                name=column.name,
                type=column.type,
                size=column.size,
                labels=column.labels,
                own=column.own,
                judged=classes if column.type is DataType.SAMPLES else None,
                variance=self.variances.get(column.name),
            )
            for column in self.columns.outputs
        )

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The scores that its graphs can have, by name: those of each output, then those of whole graphs.

        A score that only one output has goes by its code, otherwise by code.output. What needs a judge is there only
        if a Discrete output can teach one.
        """
        return metrics_of(self.scored_outputs)

    @property
    def objectives(self) -> tuple[str, ...]:
        """The scores that a search optimises by default: the first one of each output."""
        first = {metric.output: name for name, metric in reversed(self.metrics.items()) if metric.output is not None}
        return tuple(name for name in self.metrics if name in first.values())

    @property
    def judged_by(self) -> str | None:
        """The output whose classes the judge learns: the first Discrete one that has a class a row, no labels."""
        return next((c.name for c in self.columns.outputs if c.type is DataType.DISCRETE and not c.labels), None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of how the problem is scored, a sentence for each output concerned."""
        return tuple(
            f"{column.name}: no Discrete output can teach a judge, "
            "so coverage in the samples' own space takes the place of class entropy"
            for column in self.columns.outputs
            if column.type is DataType.SAMPLES and self.judged_by is None
        )

    def view(self, output: str) -> str | None:
        """The input that shows what a Samples output should look like, so that the judge can label it: same size."""
        size = self.columns.output(output).size
        shown = (column for column in self.columns.inputs if column.type is not DataType.DISCRETE)
        return next((column.name for column in shown if column.size == size), None)
