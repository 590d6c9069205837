"""A problem without its data: what it takes to list, draw and export what a search found."""

from functools import cached_property

from spaces.metrics import METRICS, Metric
from valp.graph import DataType, DataUnit, Frozen, Input, Output
from valp.preprocessing import Preprocessing

PREDICTION_METRICS = {DataType.NUMERIC: ("mse",), DataType.DISCRETE: ("accuracy",)}
GENERATION_METRICS = ("entropy", "density", "coverage", "diversity", "conditioning")
OBJECTIVE_METRIC = {DataType.NUMERIC: "mse", DataType.DISCRETE: "accuracy", DataType.SAMPLES: "entropy"}
"""What a search optimises for an output of each type, unless told otherwise."""


class Description(Frozen):
    """A problem without its data.

    Attributes:
        name: of the problem.
        title: one line about it.
        columns: inputs and outputs as the user knows them; a saved model keeps them.
        losses: the loss of each output.
    """

    name: str
    title: str
    columns: Preprocessing
    losses: dict[str, str]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The model inputs."""
        return tuple(
            Input(name=column.name, unit=DataUnit(type=column.type, shape=(column.size,)))
            for column in self.columns.inputs
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The model outputs, each with the paper's Λ as combiner."""
        return tuple(
            Output(name=column.name, unit=DataUnit(type=column.type, shape=(column.size,)))
            for column in self.columns.outputs
        )

    @cached_property
    def metrics(self) -> dict[str, tuple[str, Metric]]:
        """By the name of a score: the output it judges and the metric.

        A metric that only one output has goes by its code; otherwise by code.output. What needs a judge is there
        only if a Discrete output can teach one.
        """
        pairs = []
        for column in self.columns.outputs:
            codes = PREDICTION_METRICS.get(column.type, GENERATION_METRICS if self.judged_by else ())
            pairs += [(code, column.name) for code in codes]
        codes_seen = [code for code, _ in pairs]
        return {
            code if codes_seen.count(code) == 1 else f"{code}.{output}": (output, METRICS[code])
            for code, output in pairs
        }

    @property
    def objectives(self) -> tuple[str, ...]:
        """The scores a search optimises by default: one for each output."""
        types = {column.name: column.type for column in self.columns.outputs}
        wanted = {output: OBJECTIVE_METRIC[types[output]] for output in types if types[output] in OBJECTIVE_METRIC}
        return tuple(name for name, (output, metric) in self.metrics.items() if wanted.get(output) == metric.code)

    @property
    def judged_by(self) -> str | None:
        """The Discrete output whose classes the judge learns: the first one."""
        discrete_outputs = [c.name for c in self.columns.outputs if c.type is DataType.DISCRETE]
        return discrete_outputs[0] if discrete_outputs else None

    def view(self, output: str) -> str | None:
        """The input that shows what a Samples output should look like, so that the judge can label it: same size."""
        size = self.columns.output(output).size
        shown = (column for column in self.columns.inputs if column.type is not DataType.DISCRETE)
        return next((column.name for column in shown if column.size == size), None)
