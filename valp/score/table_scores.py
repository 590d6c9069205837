"""Scores of generated rows of a table, compared with real rows in the user's units.

Notation: n generated and m real rows of d columns. Every function is pure and returns a finite number. Empty input and
rows of another width raise ValueError. Values are rounded to float32, as those that a model generates are.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]

TREES = 100
"""The trees of the forest. Each row is left out of the training of about 37 of them."""


def votes(real: ArrayLike, generated: ArrayLike) -> tuple[Floats, Floats]:
    """For each real row (m,) and each generated row (n,), the share of trees that take it for generated.

    A random forest (Breiman 2001) is trained to tell the two kinds of rows apart. A row is judged only by trees that
    were trained without it (out of bag). Both kinds weigh the same.
    """
    real, generated = _same_width(real, generated)
    from sklearn.ensemble import RandomForestClassifier

    rows = np.concatenate([real, generated]).astype(np.float32)
    kinds = np.arange(len(rows)) >= len(real)
    forest = RandomForestClassifier(TREES, bootstrap=True, class_weight="balanced", random_state=0)
    forest.fit(rows, kinds)
    leaves = forest.apply(rows)
    told, trees = np.zeros(len(rows)), np.zeros(len(rows))
    for place, (tree, drawn) in enumerate(zip(forest.estimators_, forest.estimators_samples_, strict=True)):
        unseen = np.ones(len(rows), bool)
        unseen[drawn] = False
        told[unseen] += tree.tree_.value[leaves[unseen, place], 0, 1]
        trees += unseen
    shares = np.divide(told, trees, out=np.full(len(rows), 0.5), where=trees > 0)
    return shares[: len(real)], shares[len(real) :]


def told_apart(real: ArrayLike, generated: ArrayLike) -> float:
    """How well `votes` of real rows (m,) and generated rows (n,) tell them apart: the AUC, at least 0.5.

    It is the share of pairs of a real and a generated row in which the generated one has more votes; equal votes count
    half. 0.5: they cannot be told apart; 1: always. A value below 0.5 is chance, or real rows that were generated
    again exactly, and counts as 0.5. Source: the classifier two-sample test of Lopez-Paz and Oquab 2017.
    """
    real, generated = np.asarray(real), np.asarray(generated)
    if real.ndim != 1 or generated.ndim != 1 or not len(real) or not len(generated):
        raise ValueError(f"There must be votes (m,) and (n,), but got {real.shape} and {generated.shape}.")
    ascending = np.sort(real)
    below, up_to = (np.searchsorted(ascending, generated, side) for side in ("left", "right"))
    return max(0.5, float((below + up_to).mean() / (2 * len(real))))


def column_distance(real: ArrayLike, generated: ArrayLike) -> float:
    """The mean over the columns of the Kolmogorov–Smirnov distance of real (m, d) and generated (n, d) values.

    It is the largest difference of the two distribution functions, from 0 (the same) to 1 (no overlap).
    """
    real, generated = _same_width(real, generated)
    found = []
    for a, b in zip(np.sort(real, axis=0).T, np.sort(generated, axis=0).T, strict=True):
        places = np.concatenate([a, b])
        shares = (np.searchsorted(column, places, "right") / len(column) for column in (a, b))
        found.append(np.abs(next(shares) - next(shares)).max())
    return float(np.mean(found))


def correlation_distance(real: ArrayLike, generated: ArrayLike) -> float:
    """The mean over all pairs of columns of |ρ of the real rows (m, d) − ρ of the generated rows (n, d)|, 0 to 2.

    ρ is Spearman's rank correlation, and 0 where a column is constant. The result is 0 if there is one column.
    """
    real, generated = _same_width(real, generated)
    if real.shape[1] < 2:
        return 0.0
    difference = np.abs(_correlations(real) - _correlations(generated))
    return float(difference[np.triu_indices(len(difference), 1)].mean())


def _correlations(rows: Floats) -> Floats:
    """Spearman's rank correlations of all pairs of columns, (d, d)."""
    from scipy.stats import rankdata

    ranks = rankdata(rows, axis=0)
    ranks -= ranks.mean(0)
    norms = np.linalg.norm(ranks, axis=0)
    ranks = np.divide(ranks, norms, out=np.zeros_like(ranks), where=norms > 0)
    return np.asarray(ranks.T @ ranks)


def _same_width(real: ArrayLike, generated: ArrayLike) -> tuple[Floats, Floats]:
    real, generated = (np.asarray(rows, np.float32).astype(np.float64) for rows in (real, generated))
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1] != generated.shape[1] or not real.size * generated.size:
        raise ValueError(f"There must be rows (m, d) and (n, d), but got {real.shape} and {generated.shape}.")
    return real, generated
