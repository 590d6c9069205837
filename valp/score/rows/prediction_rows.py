"""Scores of outputs that are predicted: classes, labels and numbers."""

from valp.graph.graph import DataType
from valp.score.score import OutputScore
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Subject


class ScoreOfClasses(OutputScore):
    """A share of classes that are right, for an output with one class per row."""

    direction, ideal = "maximize", 1.0

    def applies(self, output: ScoredOutput) -> bool:
        """True for an output with one class per row."""
        return output.type is DataType.DISCRETE and not output.labels

    def chance(self, output: ScoredOutput) -> float:
        """The score of guessing."""
        return 1 / output.size


class Accuracy(ScoreOfClasses):
    """See `valp.score.prediction_scores.accuracy`."""

    code, title, share = "accuracy", "accuracy", True

    def compute(self, subject: Subject, output: ScoredOutput) -> float:
        """See `OutputScore`."""
        from valp.score.prediction_scores import accuracy

        found = subject.predicted(output.name)
        return accuracy(found.values, found.truth, found.present)


class BalancedAccuracy(ScoreOfClasses):
    """See `valp.score.prediction_scores.balanced_accuracy`. It is absent if fewer than two classes occur."""

    code, title, listed = "balanced_accuracy", "balanced accuracy", False

    def compute(self, subject: Subject, output: ScoredOutput) -> float | None:
        """See `OutputScore`."""
        from valp.score.prediction_scores import balanced_accuracy

        found = subject.predicted(output.name)
        return balanced_accuracy(found.values, found.truth, found.present)

    def standard_error(self, subject: Subject, output: ScoredOutput) -> float | None:
        """See `OutputScore`. Halves would miss what a class of few rows does not show."""
        from valp.score.prediction_scores import balanced_accuracy_error

        found = subject.predicted(output.name)
        return balanced_accuracy_error(found.values, found.truth, found.present)


class LabelAccuracy(OutputScore):
    """See `valp.score.prediction_scores.label_accuracy`."""

    code, title, direction = "label_accuracy", "accuracy of labels", "maximize"
    ideal, share = 1.0, True

    def applies(self, output: ScoredOutput) -> bool:
        """True for an output with yes/no labels."""
        return output.type is DataType.DISCRETE and output.labels

    def chance(self, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """The score of guessing."""
        return 0.5

    def compute(self, subject: Subject, output: ScoredOutput) -> float:
        """See `OutputScore`."""
        from valp.score.prediction_scores import label_accuracy

        found = subject.predicted(output.name)
        return label_accuracy(found.values, found.truth, found.present)


class MeanSquared(OutputScore):
    """See `valp.score.prediction_scores.mean_squared_error`."""

    code, title, direction = "mse", "mean squared error", "minimize"
    ideal = 0.0

    def applies(self, output: ScoredOutput) -> bool:
        """True for an output of numbers."""
        return output.type not in (DataType.DISCRETE, DataType.SAMPLES)

    def chance(self, output: ScoredOutput) -> float | None:
        """The score of predicting the mean: the variance."""
        return output.variance

    def compute(self, subject: Subject, output: ScoredOutput) -> float:
        """See `OutputScore`."""
        from valp.score.prediction_scores import mean_squared_error

        found = subject.predicted(output.name)
        return mean_squared_error(found.values, found.truth, found.present)


class RSquared(OutputScore):
    """See `valp.score.prediction_scores.r_squared`."""

    code, title, direction = "r2", "coefficient of determination R²", "maximize"
    ideal = 1.0
    definition = 2

    def applies(self, output: ScoredOutput) -> bool:
        """True for an output of numbers."""
        return output.type not in (DataType.DISCRETE, DataType.SAMPLES)

    def chance(self, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """The score of predicting the mean."""
        return 0.0

    def compute(self, subject: Subject, output: ScoredOutput) -> float:
        """See `OutputScore`."""
        from valp.score.prediction_scores import r_squared

        found = subject.predicted(output.name)
        return r_squared(found.values, found.truth, found.present)
