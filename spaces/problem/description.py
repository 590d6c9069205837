"""A problem without its data, which is enough to list, draw and export the results of a search."""

from collections.abc import Iterable
from functools import cached_property

from pydantic import Field

from valp.errors import SettingError
from valp.graph.graph import DataType, Frozen, Input, Output
from valp.model.preprocessing import Preprocessing
from valp.score import ScoredOutput
from valp.spaces.problem.metrics import Metric, companions_of, metrics_of, named_metric, parametric_names

BALANCED = "balanced_accuracy"
"""The score that a search optimises by default for an output with class weights."""


class Description(Frozen):
    """A problem without its data.

    Attributes:
        name: the name of the problem.
        title: one line about it.
        columns: inputs and outputs in the user's units and names. A saved model keeps them.
        losses: the losses of each output, one or more.
        class_weights: for Discrete outputs that have them, the weight of a row of each class in the losses.
        variances: for Numeric and Features outputs, the mean variance of the variables after scaling, on the training
            split.
        conditions: by what samples may be asked for: names of inputs, and of outputs with one class per row. None
            allows anything, as in runs of earlier versions.
        shares: for each input and output with one class per row, the shares of the classes in the training split.
    """

    name: str
    title: str
    columns: Preprocessing
    losses: dict[str, tuple[str, ...]]
    class_weights: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    variances: dict[str, float] = Field(default_factory=dict)
    conditions: tuple[str, ...] | None = None
    shares: dict[str, tuple[float, ...]] = Field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The model inputs."""
        return tuple(Input(name=column.name, unit=column.unit) for column in self.columns.inputs)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The model outputs, each with the combiner Λ of Garciarena et al."""
        return tuple(Output(name=column.name, unit=column.unit) for column in self.columns.outputs)

    @property
    def images(self) -> dict[str, tuple[int, int, int]]:
        """The shape (C, H, W) of each output that is an image."""
        return {column.name: column.image for column in self.columns.outputs if column.image is not None}

    @property
    def scored_outputs(self) -> tuple[ScoredOutput, ...]:
        """The outputs in the form that scores need."""
        classes = None if self.judged_by is None else self.columns.output(self.judged_by).size
        return tuple(
            ScoredOutput(
                name=column.name,
                type=column.type,
                size=column.size,
                labels=column.labels,
                own=column.own,
                judged=classes if column.type is DataType.SAMPLES else None,
                drawn=column.drawn,
                variance=self.variances.get(column.name),
            )
            for column in self.columns.outputs
        )

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The possible scores by name: first those of each output, then those of whole graphs.

        A score that only one output has is named by its code, otherwise by code.output. Scores that need a judge exist
        only if the judge can learn from a Discrete output. Scores under attack are not among them; see `metric`.
        """
        return metrics_of(self.scored_outputs)

    def metric(self, name: str, what: str = "score") -> Metric:
        """A score by its name, such as `accuracy` or `robust_accuracy@0.1`.

        Args:
            name: the name.
            what: what the score is, for the message.

        Raises:
            SettingError: if the problem has no such score.
        """
        if name in self.metrics:
            return self.metrics[name]
        found = named_metric(name, self.scored_outputs)
        if found is not None and found.score.perturbs and not self._has_numbers:
            raise SettingError(
                f"{name} changes inputs of numbers, but {self.name} has inputs of classes and labels only"
            )
        if found is None:
            attacked = parametric_names(self.scored_outputs) if self._has_numbers else []
            raise SettingError(f"{what} must be one of {', '.join([*self.metrics, *attacked])}, but is {name!r}")
        return found

    def metrics_with(self, names: Iterable[str]) -> dict[str, Metric]:
        """`metrics`, then the other scores that are named, and their companions.

        Raises:
            SettingError: if the problem has no such score.
        """
        asked = [self.metric(name) for name in names]
        found = self.metrics | {metric.name: metric for metric in asked}
        for metric in asked:
            found |= companions_of(metric, self.scored_outputs)
        return found

    def wanted(self, names: Iterable[str]) -> frozenset[str]:
        """These scores and their companions: the scores on demand that are measured if these are asked for."""
        asked = [self.metric(name) for name in names]
        companions = [name for metric in asked for name in companions_of(metric, self.scored_outputs)]
        return frozenset([*(metric.name for metric in asked), *companions])

    @property
    def objectives(self) -> tuple[str, ...]:
        """The scores that a search optimises by default, one for each output."""
        return self.objectives_with(None)

    def objectives_with(self, samples: str | None) -> tuple[str, ...]:
        """One score of each output.

        It is the score `samples` for Samples outputs that have it, balanced accuracy for an output with class weights,
        and otherwise the first one.
        """
        chosen: dict[str | None, str] = {}
        for name, metric in self.metrics.items():
            if metric.output is None:
                continue
            wanted = BALANCED if metric.output in self.class_weights else samples
            if metric.output not in chosen or metric.score.code == wanted:
                chosen[metric.output] = name
        return tuple(name for name in self.metrics if name in chosen.values())

    @property
    def _has_numbers(self) -> bool:
        return any(column.type is not DataType.DISCRETE for column in self.columns.inputs)

    @property
    def judged_by(self) -> str | None:
        """The output whose classes the judge learns: the first Discrete one with one class per row, not labels."""
        return next((c.name for c in self.columns.outputs if c.has_class), None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Notes for the user on how the problem is scored, at most one sentence per output."""
        return tuple(
            f"{column.name}: no judge, because there is no Discrete output to learn it from; "
            + (
                "told_apart, how well a forest tells samples from real rows, replaces class entropy"
                if column.drawn
                else "coverage in the samples' own space replaces class entropy"
            )
            for column in self.columns.outputs
            if column.type is DataType.SAMPLES and self.judged_by is None
        )

    def view(self, output: str) -> str | None:
        """The first input of the same size as a Samples output, which the judge can label; None if there is none."""
        size = self.columns.output(output).size
        shown = (column for column in self.columns.inputs if column.type is not DataType.DISCRETE)
        return next((column.name for column in shown if column.size == size), None)
