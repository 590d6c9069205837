"""Scores of outputs whose generated rows are rows of a table, compared in the user's units."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from valp.graph.graph import DataType
from valp.score.rows.generation_rows import SamplesScore
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Generated

if TYPE_CHECKING:
    from valp.score.table_scores import Floats


class TableScore(SamplesScore):
    """A score of generated rows. It needs no judge."""

    direction = "minimize"

    def applies(self, output: ScoredOutput) -> bool:
        """True for a Samples output that is not a picture."""
        return output.type is DataType.SAMPLES and output.drawn

    def chance(self, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """1: without learning, no row is like the data."""
        return 1.0


class ToldApart(TableScore):
    """See `valp.score.table_scores.told_apart`."""

    code, title = "told_apart", "how well a forest tells generated from real rows, 0.5 is not at all"
    ideal = 0.5

    def of(self, generated: Generated, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        from valp.score.table_scores import told_apart

        return told_apart(*generated.votes)


class _ComparedRows(TableScore):
    """A distance between real and generated rows."""

    ideal = 0.0

    def of(self, generated: Generated, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        return self.distance(*generated.in_units)

    @abstractmethod
    def distance(self, real: "Floats", rows: "Floats") -> float:
        """The distance of real and generated rows."""


class ColumnDistance(_ComparedRows):
    """See `valp.score.table_scores.column_distance`."""

    code, title = "column_distance", "distance of the distributions of single columns"

    def distance(self, real: "Floats", rows: "Floats") -> float:
        """See the function."""
        from valp.score.table_scores import column_distance

        return column_distance(real, rows)


class CorrelationDistance(_ComparedRows):
    """See `valp.score.table_scores.correlation_distance`."""

    code, title = "correlation_distance", "difference of the correlations of two columns"

    def applies(self, output: ScoredOutput) -> bool:
        """True for rows of two columns and more."""
        return super().applies(output) and output.size > 1

    def chance(self, output: ScoredOutput) -> None:
        """Not known: it depends on the correlations of the data."""

    def distance(self, real: "Floats", rows: "Floats") -> float:
        """See the function."""
        from valp.score.table_scores import correlation_distance

        return correlation_distance(real, rows)
