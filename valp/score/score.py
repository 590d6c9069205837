"""The base classes of scores. Scores of outputs and of whole graphs are rows of one table."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import ClassVar, Literal, Self, get_args

from valp.score.score_parameter import ScoreParameter
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Subject

Goal = Literal["maximize", "minimize"]

Direction = Goal | float
"""Which values are better: higher, lower, or those closer to a target, which is given as a number."""

ABSENT = "–"
"""The text for a score that was not measured."""


def number_text(value: float) -> str:
    """A number with three decimals, or with four significant digits if it is below 0.1."""
    return f"{value:.4g}" if abs(value) < 0.1 else f"{value:.3f}"


class Score(ABC):
    """A score. Subclass `OutputScore` or `GraphScore`.

    Attributes:
        code: its name in objectives, tables and JSON.
        title: its name in prose.
        direction: `maximize`, `minimize`, or a number: the target. Candidates are ranked by their distance from a
            target; the value itself is shown.
        ideal: the best possible value, if there is one; of a score with a target, the target.
        unit: the unit of its values; empty if they have none.
        whole: whether its values are written as whole numbers.
        listed: whether tables list it even if it is not an objective.
        on_demand: whether it is measured only if it is an objective, because it takes time or varies from run to run.
        definition: the number of its definition. A change that gives other values increases it: a run whose objectives
            have an earlier definition is not resumed.
        has_error: whether its standard error is estimated. For this, `compute` is called again on random halves of the
            rows. True for scores of an output, False for those of whole graphs. Set it to False for a score that takes
            long.
        share: whether it is the share of rows, or of labels, that are right. Its standard error at 0 and 1 is then that
            of Agresti and Coull, because all halves have the same value there.
        parameter: a number that its values depend on, which stands after @ in its name; None if there is none.
        perturbs: whether it changes inputs of numbers. Problems without such inputs do not have it.
        companions: the codes of scores on demand that are measured and shown with it, those of the same output.
        argument: the value of the parameter; None for a score without one, and for the row in the table of scores.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    direction: ClassVar[Direction]
    ideal: ClassVar[float | None] = None
    unit: ClassVar[str] = ""
    whole: ClassVar[bool] = False
    listed: ClassVar[bool] = True
    on_demand: ClassVar[bool] = False
    definition: ClassVar[int] = 1
    has_error: ClassVar[bool] = False
    share: ClassVar[bool] = False
    parameter: ClassVar[ScoreParameter | None] = None
    perturbs: ClassVar[bool] = False
    companions: ClassVar[tuple[str, ...]] = ()
    argument: float | None = None

    def __init_subclass__(cls) -> None:
        """Checks the direction. A target is also the ideal.

        Raises:
            TypeError: if it is a text other than `maximize` and `minimize`.
        """
        super().__init_subclass__()
        direction = getattr(cls, "direction", None)
        if isinstance(direction, str) and direction not in get_args(Goal):
            raise TypeError(
                f"the direction of {cls.__name__} must be maximize, minimize or a number, not {direction!r}"
            )
        if isinstance(direction, int | float):
            cls.ideal = float(direction)

    def at(self, argument: float) -> Self:
        """The score with a value of its parameter."""
        made = copy(self)
        made.argument = argument
        return made

    @property
    def target(self) -> float | None:
        """The target value; None if higher or lower is better."""
        return None if isinstance(self.direction, str) else float(self.direction)

    @property
    def goal(self) -> Goal:
        """Whether a higher or a lower `figure` is better."""
        return self.direction if isinstance(self.direction, str) else "minimize"

    def figure(self, value: float) -> float:
        """What candidates are ranked by: the value, or its distance from the target."""
        return value if self.target is None else abs(value - self.target)

    def loss(self, value: float) -> float:
        """`figure`, with its sign changed if higher is better, so that lower is always better."""
        return -value if self.direction == "maximize" else self.figure(value)

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b."""
        return self.loss(a) < self.loss(b)

    @property
    def arrow(self) -> str:
        """The direction as an arrow, followed by the value of the target if there is one."""
        return {"maximize": "↑", "minimize": "↓"}.get(str(self.direction), f"→ {self.direction}")

    def text(self, value: float | None) -> str:
        """A value as text without its unit, by `number_text` or as a whole number."""
        if value is None:
            return ABSENT
        if self.whole:
            return f"{value:,.0f}"
        return number_text(value)


class OutputScore(Score):
    """A score of one output."""

    has_error: ClassVar[bool] = True

    @abstractmethod
    def applies(self, output: ScoredOutput) -> bool:
        """Whether an output can have this score."""

    def chance(self, output: ScoredOutput) -> float | None:  # noqa: ARG002 - subclasses may use it
        """The value without learning; None if it is not known. A candidate without this score is ranked by it."""
        return None

    @abstractmethod
    def compute(self, subject: Subject, output: ScoredOutput) -> float | None:
        """The value for a trained VALP, finite; None if it cannot be measured. Runs in the workers of a search.

        Args:
            subject: the VALP and the rows it is scored on.
            output: the output to score.
        """

    def standard_error(self, subject: Subject, output: ScoredOutput) -> float | None:  # noqa: ARG002 - subclasses may use it
        """The standard error of the value by a formula; None if it is to be estimated on halves of the rows.

        Args:
            subject: the VALP and the rows it is scored on.
            output: the output to score.
        """
        return None


class GraphScore(Score):
    """A score of a whole graph."""

    def applies(self, outputs: Sequence[ScoredOutput]) -> bool:  # noqa: ARG002 - subclasses may use it
        """Whether the graphs of a problem with these outputs can have this score."""
        return True

    def chance(self, outputs: Sequence[ScoredOutput]) -> float | None:  # noqa: ARG002 - subclasses may use it
        """The value without learning; None if it is not known. A candidate without this score is ranked by it."""
        return None

    def together(self, values: Sequence[float]) -> float | None:  # noqa: ARG002 - subclasses may use it
        """The value of several models that are used together; None if it cannot be determined.

        It is used to compare the single-task models of a problem with a multi-task graph.

        Args:
            values: the values of the models, at least one.
        """
        return None

    @abstractmethod
    def compute(self, subject: Subject) -> float | None:
        """The value for a trained VALP, finite; None if it cannot be measured. Runs in the workers of a search.

        Args:
            subject: the VALP and the rows it is scored on.
        """
