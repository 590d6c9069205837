"""What a score must say of itself: scores are rows of one table, for outputs and for whole graphs."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from valp.graph.graph import DataType
from valp.score.subject import Subject

Goal = Literal["maximize", "minimize"]

Direction = Goal | float
"""Which values are better: more, less, or those closer to a target, which is the number itself."""

ABSENT = "–"
"""How a score that was not measured is written."""


@dataclass(frozen=True)
class ScoredOutput:
    """An output as scores see it before anything is trained.

    Attributes:
        name: of the output.
        type: what its values mean; of a user's own type, what that is like.
        size: the number of variables, or of classes.
        labels: whether a Discrete output has `size` yes/no labels a row in place of one class.
        own: the code of the user's own type, if it has one.
        judged: of a Samples output: how many classes a judge tells apart in it; None without a judge.
        variance: of a Numeric or Features output: that of the training split, the mean over the variables.
    """

    name: str
    type: DataType
    size: int
    labels: bool = False
    own: str | None = None
    judged: int | None = None
    variance: float | None = None


def number_text(value: float) -> str:
    """A number with four significant digits."""
    return f"{value:.4g}" if abs(value) < 0.1 else f"{value:.3f}"


class Score(ABC):
    """A score. Subclass `OutputScore` or `GraphScore`.

    Attributes:
        code: its name in objectives, tables and JSON.
        title: its name in prose.
        direction: `maximize`, `minimize`, or a number: the target. Candidates are ranked by their distance from a
            target; the value itself is shown.
        unit: of its values; empty if they have none.
        whole: whether its values are written as whole numbers.
        listed: whether tables list it where it is not an objective.
        on_demand: whether it is measured only where it is an objective, because it takes time or differs from run to
            run.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    direction: ClassVar[Direction]
    unit: ClassVar[str] = ""
    whole: ClassVar[bool] = False
    listed: ClassVar[bool] = True
    on_demand: ClassVar[bool] = False

    @property
    def target(self) -> float | None:
        """The value to come close to; None if more or less is better."""
        return None if isinstance(self.direction, str) else float(self.direction)

    @property
    def goal(self) -> Goal:
        """Which way `figure` is better."""
        return self.direction if isinstance(self.direction, str) else "minimize"

    def figure(self, value: float) -> float:
        """What candidates are ranked by: the value, or its distance from the target."""
        return value if self.target is None else abs(value - self.target)

    def loss(self, value: float) -> float:
        """`figure` as a number of which less is better."""
        return -value if self.direction == "maximize" else self.figure(value)

    def better(self, a: float, b: float) -> bool:
        """Whether a is better than b."""
        return self.loss(a) < self.loss(b)

    @property
    def arrow(self) -> str:
        """Which way is better, in one sign and, if there is a target, its value."""
        return {"maximize": "↑", "minimize": "↓"}.get(str(self.direction), f"→ {self.direction}")

    def text(self, value: float | None) -> str:
        """A value as people read it, without its unit: four significant digits, or a whole number."""
        if value is None:
            return ABSENT
        if self.whole:
            return f"{value:,.0f}"
        return number_text(value)


class OutputScore(Score):
    """A score of one output."""

    @abstractmethod
    def applies(self, output: ScoredOutput) -> bool:
        """Whether an output can have this score."""

    def chance(self, output: ScoredOutput) -> float | None:  # noqa: ARG002 - most know nothing of it
        """The value without learning; None if it is not known. It ranks a candidate that has no such score."""
        return None

    @abstractmethod
    def compute(self, subject: Subject, output: ScoredOutput) -> float | None:
        """The value for a trained VALP, finite; None if it cannot be measured. Runs in the workers of a search.

        Args:
            subject: the VALP and the rows it is scored on.
            output: the output to score.
        """


class GraphScore(Score):
    """A score of a whole graph."""

    def applies(self, outputs: Sequence[ScoredOutput]) -> bool:  # noqa: ARG002 - most apply everywhere
        """Whether the graphs of a problem with these outputs can have this score."""
        return True

    def chance(self, outputs: Sequence[ScoredOutput]) -> float | None:  # noqa: ARG002 - most know nothing of it
        """The value without learning; None if it is not known. It ranks a candidate that has no such score."""
        return None

    def together(self, values: Sequence[float]) -> float | None:  # noqa: ARG002 - not all can be combined
        """The value of several models that are used side by side; None if that cannot be said.

        The single-task models of a problem are compared with a multi-task graph in this way.

        Args:
            values: of the models, at least one.
        """
        return None

    @abstractmethod
    def compute(self, subject: Subject) -> float | None:
        """The value for a trained VALP, finite; None if it cannot be measured. Runs in the workers of a search.

        Args:
            subject: the VALP and the rows it is scored on.
        """
