"""Which choices mattered: permutation importance in random forests that predict scores (Breiman 2001).

The forests are trained on part of the candidates and tested on the rest, so a choice that only fits noise has no
importance. If the rest cannot be predicted, no choice is shown.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.search.show.report.choice_features import features_of
from valp.search.show.report.rounding import rounded

FEWEST = 25
"""With fewer complete candidates no choice is shown."""

MOST = 800
"""The most candidates used, the latest ones. With more, the forests are slower and hardly better."""

EXPLAINED = 0.1
"""With a lower R² on held-out candidates no choice is shown."""

ERRORS = 2
"""R² must also be at least this many standard errors above 0."""

FOLDS, REPEATS, TREES = 5, 5, 100
SHOWN = 8
ABSENT = -1.0
"""The value of a choice that a candidate did not make. Trees can separate it from other values."""


def importance(run: StoredRun, entries: Sequence[Entry], told: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """For each objective, the choices that its values depend on.

    Args:
        run: the run.
        entries: its candidates.
        told: called after each objective.

    Returns:
        `enough`: whether there are enough complete candidates; `candidates`: the number of those used. If there are
        enough, also `of`, the number of all candidates, and `objectives`, with for each objective by name `r2` on
        held-out candidates, its `deviation` over the folds, and `choices`: the most important ones as (name, mean loss
        of R², its standard deviation over the folds, Spearman's ρ of choice and score), none if R² is too low.
    """
    done = [entry for entry in entries if entry.state == "complete"]
    if len(done) < FEWEST:
        return {"enough": False, "candidates": len(done), "needed": FEWEST}
    done = done[-MOST:]
    rows = [features_of(entry.candidate) for entry in done]
    names = list(dict.fromkeys(key for row in rows for key in row))
    table = np.array([[row.get(name, ABSENT) for name in names] for row in rows])
    varied = (table != table[0]).any(0)
    names, table = [name for name, kept in zip(names, varied, strict=True) if kept], table[:, varied]
    points = np.array([run.ledger.point(entry) for entry in done], dtype=float)
    made: dict[str, Any] = {}
    for column, objective in enumerate(run.objectives):
        made[objective] = _explained(names, table, points[:, column])
        told()
    return {"enough": True, "candidates": len(done), "of": len(entries), "objectives": made}


def _explained(names: list[str], table: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, Any]:
    from scipy.stats import rankdata
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold

    if not names or (values == values[0]).all():
        return {"r2": 0.0, "deviation": 0.0, "choices": []}
    ranks = rankdata(values) / len(values)  # otherwise one diverged candidate would outweigh all others
    scores, falls = [], []
    for train, held in KFold(FOLDS, shuffle=True, random_state=0).split(table):
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, max_features=1 / 3, random_state=0)
        forest.fit(table[train], ranks[train])
        score, fall = _permuted(forest, table[held], ranks[held])
        scores.append(score)
        falls.append(fall)
    r2, deviation = float(np.mean(scores)), float(np.std(scores, ddof=1))
    explained = r2 >= EXPLAINED and r2 > ERRORS * deviation / np.sqrt(FOLDS)
    return {
        "r2": rounded(r2, 3),
        "deviation": rounded(deviation, 3),
        "choices": _choices(names, table, ranks, np.array(falls)) if explained else [],
    }


def _permuted(forest: Any, table: NDArray[np.float64], ranks: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """R² on rows that the forest was not trained on, and for each choice the loss of R² if the choice is permuted."""
    generator, (rows, choices) = np.random.default_rng(0), table.shape
    shuffled = np.broadcast_to(table, (choices, REPEATS, rows, choices)).copy()
    for choice in range(choices):
        for repeat in range(REPEATS):
            shuffled[choice, repeat, :, choice] = generator.permutation(table[:, choice])
    # One call for all rows, because the overhead of a call costs more than the prediction.
    predicted = forest.predict(np.concatenate([table, shuffled.reshape(-1, choices)]))
    total = ((ranks - ranks.mean()) ** 2).sum() or 1.0
    errors = ((predicted.reshape(-1, rows) - ranks) ** 2).sum(1) / total
    return 1 - float(errors[0]), errors[1:].reshape(choices, REPEATS).mean(1) - errors[0]


def _choices(
    names: list[str], table: NDArray[np.float64], ranks: NDArray[np.float64], falls: NDArray[np.float64]
) -> list[tuple[str, float, float, float]]:
    """The most important choices. `falls` has the losses of R², (folds, choices)."""
    mean, deviation = falls.mean(0), falls.std(0, ddof=1)
    first = [i for i in np.argsort(-mean) if mean[i] > 0][:SHOWN]
    return [
        (names[i], rounded(float(mean[i]), 3), rounded(float(deviation[i]), 3), _rho(table[:, i], ranks)) for i in first
    ]


def _rho(choice: NDArray[np.float64], ranks: NDArray[np.float64]) -> float:
    """Spearman's ρ of a choice and the score, over the candidates that made it."""
    from scipy.stats import spearmanr

    made = choice != ABSENT
    if made.sum() < 3 or (choice[made] == choice[made][0]).all():
        return 0.0
    return rounded(float(spearmanr(choice[made], ranks[made]).statistic), 2)
