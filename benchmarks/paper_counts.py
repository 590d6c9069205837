"""The numbers of models that Garciarena et al., V-D, count, and all figures of our models."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PAPER_MODELS = 500
COIN, COLLAPSED, SPREAD, GAP, CONDITIONED = 0.15, 0.5, 0.8, 0.15, 0.45

Scores = dict[str, float]


@dataclass(frozen=True)
class Experiment:
    """All raw figures, in the form of `paper.json`."""

    document: dict[str, Any]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The complete candidates."""
        rows: list[dict[str, Any]] = self.document["candidates"]
        return rows

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        names: list[str] = self.document["classes"]
        return names

    @property
    def tested(self) -> list[dict[str, Any]]:
        """The candidates that could also be scored on the test split."""
        return [row for row in self.rows if "test" in row]

    def scores(self, split: str) -> list[Scores]:
        """The candidates' scores on `validation` or `test`, or in the mode `predict` on the test split."""
        return [row[split] for row in self.rows if split in row]

    def single(self, split: str) -> Scores:
        """The scores of the single-task models, each for its own output."""
        models = self.document["single-task"].values()
        return {name: value for model in models for name, value in model.get(split, {}).items()}

    def best_conditioned(self) -> dict[str, Any] | None:
        """The conditioned candidate with the highest conditioning accuracy in validation; None if there is none."""
        conditioned = [row for row in self.tested if "image" in row["reached"]]
        return max(conditioned, key=lambda row: row["validation"]["conditioning"], default=None)


@dataclass(frozen=True)
class Count:
    """A count of models in the paper. `holds` decides by a model's scores and those of the single-task models."""

    what: str
    paper: str
    holds: Callable[[Scores, Scores], bool]
    needs: tuple[str, ...]
    single: bool = False


def better(scores: Scores, single: Scores) -> bool:
    return scores["accuracy"] > single["accuracy"] and scores["mse"] < single["mse"]


COUNTS = (
    Count("accuracy above 0.85", "215", lambda s, _: s["accuracy"] > 0.85, ("accuracy",)),
    Count(f'accuracy "nearly 10%": below {COIN}', "158", lambda s, _: s["accuracy"] < COIN, ("accuracy",)),
    Count("better than the MLP: accuracy", "", lambda s, b: s["accuracy"] > b["accuracy"], ("accuracy",), True),
    Count("better than the MLP: MSE", "131", lambda s, b: s["mse"] < b["mse"], ("mse",), True),
    Count("better than both MLPs", "7", better, ("accuracy", "mse"), True),
    Count("MSE above 0.007", "9", lambda s, _: s["mse"] > 0.007, ("mse",)),
    Count(f'"poor class entropy": below {COLLAPSED}', "about 100", lambda s, _: s["entropy"] < COLLAPSED, ("entropy",)),
    Count(f"class entropy of at least {SPREAD}", "", lambda s, _: s["entropy"] >= SPREAD, ("entropy",)),
    Count(
        f"conditioning accuracy above {GAP}, below {CONDITIONED}",
        "0",
        lambda s, _: GAP < s["conditioning"] < CONDITIONED,
        ("conditioning",),
    ),
    Count(
        f"conditioned samplers: of at least {CONDITIONED}",
        "21",
        lambda s, _: s["conditioning"] >= CONDITIONED,
        ("conditioning",),
    ),
)


def beats(experiment: Experiment, row: dict[str, Any], split: str) -> bool:
    """Whether a candidate is better than both MLPs."""
    single = experiment.single(split)
    return {"accuracy", "mse"} <= single.keys() and better(row[split], single)


def counted(experiment: Experiment, count: Count, split: str) -> str:
    scores, single = experiment.scores(split), experiment.single(split)
    needed = set(count.needs)
    if not scores or not needed <= scores[0].keys() or (count.single and not needed <= single.keys()):
        return ""
    number = sum(count.holds(one, single) for one in scores)
    return f"{number} ({number / len(scores):.1%})"
