"""A problem without its data: what it takes to list, draw and export what a search found."""

from dataclasses import replace
from functools import cached_property

from pydantic import Field

from valp.graph.graph import DataType, Frozen, Input, Output
from valp.model.preprocessing import Preprocessing
from valp.spaces.problem.metrics import METRICS, Metric, chance_of, metrics_of


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

    @cached_property
    def metrics(self) -> dict[str, tuple[str, Metric]]:
        """By the name of a score: the output it judges and the metric.

        A metric that only one output has goes by its code; otherwise by code.output. What needs a judge is there
        only if a Discrete output can teach one.
        """
        pairs = [(code, column.name) for column in self.columns.outputs for code in self._metrics_of(column.name)]
        codes_seen = [code for code, _ in pairs]
        return {
            code if codes_seen.count(code) == 1 else f"{code}.{output}": (output, self._metric(code, output))
            for code, output in pairs
        }

    @property
    def objectives(self) -> tuple[str, ...]:
        """The scores a search optimises by default: one for each output."""
        wanted = {(column.name, self._metrics_of(column.name)[0]) for column in self.columns.outputs}
        return tuple(name for name, (output, metric) in self.metrics.items() if (output, metric.code) in wanted)

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

    def _metric(self, code: str, output: str) -> Metric:
        classes = None if self.judged_by is None else self.columns.output(self.judged_by).size
        chance = chance_of(code, self.columns.output(output), classes, self.variances.get(output))
        return replace(METRICS[code], chance=chance)

    def _metrics_of(self, output: str) -> tuple[str, ...]:
        return metrics_of(self.columns.output(output), self.judged_by is not None)
