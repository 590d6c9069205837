"""The numbers of models that Garciarena et al., V-D, count, and the models of one column of our page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import binomtest

from benchmarks.paper_trainings import DRAWN

PAPER_MODELS = 500
COIN, COLLAPSED, SPREAD, GAP, CONDITIONED = 0.15, 0.5, 0.8, 0.15, 0.45

Scores = Mapping[str, float]


@dataclass(frozen=True)
class Column:
    """Models of one kind, after one number of steps.

    Attributes:
        kind: ψ as drawn, or of all variables; see `paper_trainings`.
        steps: the steps of their training.
        rows: the models that could be scored. `number`, `parameters`, `reached`, and scores by split: `test`, and at
            the end of training `validation` and `predict`, the predictions on the test split with all connections kept.
        failed: the number of those that could not.
        single: by split, the scores of the single-task models after as many steps, each for its own output.
    """

    kind: str
    steps: int
    rows: list[dict[str, Any]]
    failed: int = 0
    single: Mapping[str, Scores] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its heading."""
        return f"ψ {'as drawn' if self.kind == DRAWN else 'widened'}, {self.steps:,} steps"

    def scores(self, split: str = "test") -> list[Scores]:
        """The models' scores."""
        return [row[split] for row in self.rows if split in row]

    def best_conditioned(self) -> dict[str, Any] | None:
        """The conditioned model with the highest conditioning accuracy in validation; None if there is none."""
        conditioned = [row for row in self.rows if "image" in row["reached"] and "validation" in row]
        return max(conditioned, key=lambda row: row["validation"]["conditioning"], default=None)


@dataclass(frozen=True)
class Count:
    """A count of models in the paper. `holds` decides by a model's scores and those of the single-task models."""

    what: str
    paper: str
    holds: Callable[[Scores, Scores], bool]


def better(scores: Scores, single: Scores) -> bool:
    """Whether a model is better than both MLPs."""
    return scores["accuracy"] > single["accuracy"] and scores["mse"] < single["mse"]


COUNTS = (
    Count("accuracy above 0.85", "215", lambda s, _: s["accuracy"] > 0.85),
    Count(f'accuracy "nearly 10%": below {COIN}', "158", lambda s, _: s["accuracy"] < COIN),
    Count("better than the MLP: accuracy", "", lambda s, b: s["accuracy"] > b["accuracy"]),
    Count("better than the MLP: MSE", "131", lambda s, b: s["mse"] < b["mse"]),
    Count("better than both MLPs", "7", better),
    Count("MSE above 0.007", "9", lambda s, _: s["mse"] > 0.007),
    Count(f'"poor class entropy": below {COLLAPSED}', "about 100", lambda s, _: s["entropy"] < COLLAPSED),
    Count(f"class entropy of at least {SPREAD}", "", lambda s, _: s["entropy"] >= SPREAD),
    Count(
        f"conditioning accuracy above {GAP}, below {CONDITIONED}",
        "0",
        lambda s, _: GAP < s.get("conditioning", 0) < CONDITIONED,
    ),
    Count(
        f"conditioned samplers: of at least {CONDITIONED}", "21", lambda s, _: s.get("conditioning", 0) >= CONDITIONED
    ),
)


def counted(column: Column, count: Count) -> str:
    """How many models it holds for, on the test split, and the 95% interval of their share (Clopper and Pearson)."""
    scores = column.scores()
    return share(sum(count.holds(one, column.single["test"]) for one in scores), len(scores))


def share(number: int, of: int) -> str:
    """A number of models, their share, and the 95% interval of the share (Clopper and Pearson 1934)."""
    if not of:
        return ""
    low, high = binomtest(number, of).proportion_ci(method="exact")
    return f"{number} ({number / of:.1%}; {low * 100:.1f} to {high * 100:.1f})"
