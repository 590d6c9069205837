"""Scores under attacks on the inputs, and the accuracy of all classes of a row together.

See `valp.score.attack` for the attacks. A row counts as right only if it is right without an attack and under each one.
"""

from abc import abstractmethod
from collections.abc import Sequence
from math import prod
from typing import ClassVar

from valp.graph.graph import DataType
from valp.score.rows.prediction_rows import Accuracy, LabelAccuracy, MeanSquared
from valp.score.score import GraphScore, OutputScore, Score
from valp.score.score_parameter import ScoreParameter
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Attacked, Subject

MOST_ZERO = 0.1
"""A score under attack is absent if the gradient is zero in a larger share of the rows, because no attack by gradients
changes these rows."""

SIZE = ScoreParameter("the size of the attack", 0.1)


class UnderAttack(OutputScore):
    """A score under attacks of the size in its name.

    It is absent if the gradient is zero in more than `MOST_ZERO` of the rows.

    Attributes:
        plain: the same score without an attack.
    """

    plain: ClassVar[OutputScore]
    parameter, perturbs, on_demand, companions = SIZE, True, True, ("zero_gradients",)

    def applies(self, output: ScoredOutput) -> bool:
        """As without an attack."""
        return self.plain.applies(output)

    def chance(self, output: ScoredOutput) -> float | None:
        """As without an attack: what does not depend on the inputs cannot be attacked."""
        return self.plain.chance(output)

    def compute(self, subject: Subject, output: ScoredOutput) -> float | None:
        """See `OutputScore`."""
        from valp.score.worst_case import zero_share

        found = attacked(self, subject, output)
        return None if found is None or zero_share(found.zero, found) > MOST_ZERO else self.of(found)

    @abstractmethod
    def of(self, found: Attacked) -> float:
        """The score of the predictions."""


class RobustAccuracy(UnderAttack):
    """See `valp.score.worst_case.robust_accuracy`."""

    code, title, direction = "robust_accuracy", "accuracy under attack", "maximize"
    ideal, share, plain = 1.0, True, Accuracy()

    def of(self, found: Attacked) -> float:
        """See `UnderAttack`."""
        from valp.score.worst_case import robust_accuracy

        return robust_accuracy(found)


class RobustLabelAccuracy(UnderAttack):
    """See `valp.score.worst_case.robust_label_accuracy`."""

    code, title, direction = "robust_label_accuracy", "accuracy of labels under attack", "maximize"
    ideal, share, plain = 1.0, True, LabelAccuracy()

    def of(self, found: Attacked) -> float:
        """See `UnderAttack`."""
        from valp.score.worst_case import robust_label_accuracy

        return robust_label_accuracy(found)


class RobustError(UnderAttack):
    """See `valp.score.worst_case.robust_error`."""

    code, title, direction = "robust_mse", "mean squared error under attack", "minimize"
    ideal, plain = 0.0, MeanSquared()

    def of(self, found: Attacked) -> float:
        """See `UnderAttack`."""
        from valp.score.worst_case import robust_error

        return robust_error(found)


class ZeroGradients(OutputScore):
    """The share of rows in which the gradient of the output's error with respect to the inputs is zero.

    An attack by gradients cannot change the inputs of these rows, whether or not the output is robust.
    """

    code, title, direction = "zero_gradients", "share of rows that attacks by gradients cannot change", "minimize"
    ideal = 0.0
    perturbs, on_demand = True, True

    def applies(self, output: ScoredOutput) -> bool:
        """True for all outputs that are predicted."""
        return output.type is not DataType.SAMPLES

    def compute(self, subject: Subject, output: ScoredOutput) -> float | None:
        """See `OutputScore`."""
        from valp.score.worst_case import zero_share

        zero = subject.zero_gradient(output.name)
        return None if zero is None else zero_share(zero, subject.predicted(output.name))


class JointAccuracy(GraphScore):
    """The share of rows in which the classes of all outputs are right. Rows with a missing class are left out.

    It is absent if the graph lacks an output with one class per row.
    """

    code, title, direction = "joint_accuracy", "share of rows in which all classes are right", "maximize"
    ideal, has_error, share = 1.0, True, True

    def applies(self, outputs: Sequence[ScoredOutput]) -> bool:
        """True if at least two outputs have one class per row."""
        return len(_with_classes(outputs)) > 1

    def chance(self, outputs: Sequence[ScoredOutput]) -> float:
        """The score of guessing."""
        return prod(1 / output.size for output in _with_classes(outputs))

    def compute(self, subject: Subject) -> float | None:
        """See `GraphScore`."""
        from valp.score.worst_case import joint_accuracy

        outputs = _with_classes(subject.outputs)
        if not all(subject.has(output.name) for output in outputs):
            return None
        return joint_accuracy([subject.predicted(output.name) for output in outputs])


class RobustJointAccuracy(JointAccuracy):
    """The share of rows in which all classes are right, without and under each attack.

    It is absent as `JointAccuracy`, and if a class output has more than `MOST_ZERO` zero gradients.
    """

    code, title = "robust_joint_accuracy", "share of rows in which all classes are right under attack"
    parameter, perturbs, on_demand, companions = SIZE, True, True, ("zero_gradients",)

    def compute(self, subject: Subject) -> float | None:
        """See `GraphScore`."""
        from valp.score.worst_case import joint_accuracy, zero_share

        outputs = _with_classes(subject.outputs)
        if not all(subject.has(output.name) for output in outputs):
            return None
        found = [one for one in (attacked(self, subject, output) for output in outputs) if one is not None]
        if not found or max(zero_share(one.zero, one) for one in found) > MOST_ZERO:
            return None
        return joint_accuracy(found)


def attacked(score: Score, subject: Subject, output: ScoredOutput) -> Attacked | None:
    """The predictions under attacks of the size in a score's name; None if there can be none."""
    if score.argument is None:
        raise ValueError(f"{score.code} has no size; `Score.at` sets one")
    return subject.attacked(output.name, score.argument)


def _with_classes(outputs: Sequence[ScoredOutput]) -> list[ScoredOutput]:
    return [output for output in outputs if output.type is DataType.DISCRETE and not output.labels]
