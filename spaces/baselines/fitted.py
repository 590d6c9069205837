"""Models that need no graph: no learning, linear models, a Gaussian, and boosted trees (scikit-learn).

An output with class weights has each of these classifiers twice, with and without the weights of its rows: the weights
are better for balanced accuracy, and worse for accuracy.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.parts.own_types import like
from valp.spaces.problem.answers import Answers, side_by_side
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.splits import Split

LINEAR_VALUES = 4_000_000
"""The most numbers, rows × input variables, that a linear model is fitted on. Of more, a part is drawn at random."""

TREES_VALUES = 1_000_000
"""The most numbers, rows × input variables × trees in a round, that boosted trees are fitted on. Larger ones are left
out."""

RIDGE_PENALTIES = tuple(10.0**i for i in range(-2, 5))
"""The penalties of ridge regression; the best in leave-one-out cross-validation is taken."""

Array = NDArray[Any]


def no_learning(problem: Problem, output: str) -> Answers | None:
    """Ignores the inputs: the mean of the training rows, or the share of each class. None for Samples."""
    column, split = problem.columns.output(output), problem.train.having(output)
    truth = split.truths[output]
    if like(column.type) is DataType.SAMPLES:
        return None
    if column.has_class:
        mean = torch.bincount(truth, minlength=column.size).float() / len(truth)
    else:
        mean = truth.float().mean(0)
    return Answers(output, lambda inputs: mean.expand(len(inputs), -1), rows=len(split), parameters=len(mean))


def linear(problem: Problem, output: str, *, weighted: bool = False) -> Answers | None:
    """Ridge regression, logistic regression, or for Samples a Gaussian with the training rows' mean and covariance.

    Args:
        problem: the problem.
        output: the name of the output.
        weighted: whether rows have the weight of their class. None for an output without class weights.
    """
    if weighted and output not in problem.class_weights:
        return None
    column, split = problem.columns.output(output), problem.train.having(output)
    if like(column.type) is DataType.SAMPLES:
        return _gaussian(output, split.truths[output])
    split = _part(split, LINEAR_VALUES // _width(split))
    inputs, truth = side_by_side(split).numpy(), split.truths[output].numpy()
    if column.type is DataType.DISCRETE:
        weights = problem.weights_of(split)[output].numpy() if weighted else None
        return _classifier(column, inputs, truth, weights, _logistic)
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=RIDGE_PENALTIES).fit(inputs, truth)
    return Answers(output, _numbers(model.predict, column.size), None, len(split), _size(model))


def trees(problem: Problem, output: str, *, weighted: bool = False) -> Answers | None:
    """Gradient-boosted trees (scikit-learn's histogram version); None for Samples, or if there is too much data.

    The arguments are those of `linear`.
    """
    if weighted and output not in problem.class_weights:
        return None
    column, split = problem.columns.output(output), problem.train.having(output)
    if like(column.type) is DataType.SAMPLES or len(split) * _width(split) * column.size > TREES_VALUES:
        return None
    inputs, truth = side_by_side(split).numpy(), split.truths[output].numpy()
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if column.type is DataType.DISCRETE:
        weights = problem.weights_of(split)[output].numpy() if weighted else None
        return _classifier(column, inputs, truth, weights, lambda: HistGradientBoostingClassifier(random_state=0))
    models = [HistGradientBoostingRegressor(random_state=0).fit(inputs, values) for values in truth.T]

    def predict(rows: Array) -> Array:
        return np.stack([model.predict(rows) for model in models], 1)

    return Answers(output, _numbers(predict, column.size), rows=len(split))


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300)


def _classifier(column: Column, inputs: Array, truth: Array, weights: Array | None, made: Callable[[], Any]) -> Answers:
    """A classifier, or one for each label."""
    if not column.labels:
        fitted = _Classes(made(), inputs, truth, column.size, weights)
        return Answers(column.name, _numbers(fitted.shares, column.size), None, len(inputs), _size(fitted.model))
    each = [_Classes(made(), inputs, truth[:, i].astype(int), 2) for i in range(column.size)]

    def predict(rows: Array) -> Array:
        return np.stack([model.shares(rows)[:, 1] for model in each], 1)

    sizes = [_size(one.model) for one in each]
    return Answers(column.name, _numbers(predict, column.size), None, len(inputs), _sum(sizes))


class _Classes:
    """A classifier that knows classes without a training row, and needs no second class."""

    def __init__(self, model: Any, inputs: Array, classes: Array, count: int, weights: Array | None = None) -> None:
        self._found, self._count = np.unique(classes), count
        self.model = model.fit(inputs, classes, sample_weight=weights) if len(self._found) > 1 else None

    def shares(self, rows: Array) -> Array:
        """The probability of each class, (n, count)."""
        made = np.zeros((len(rows), self._count), np.float32)
        made[:, self._found] = 1.0 if self.model is None else self.model.predict_proba(rows)
        return made


def _gaussian(output: str, truth: Tensor) -> Answers:
    """Draws from the Gaussian with the rows' mean and covariance."""
    rows = truth.double()
    mean, centred = rows.mean(0), rows - rows.mean(0)
    variances, directions = torch.linalg.eigh(centred.T @ centred / max(1, len(rows) - 1))
    root = directions * variances.clamp_min(0).sqrt()

    def draw(count: int, seed: int) -> Tensor:
        noise = torch.randn(count, len(mean), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        made: Tensor = mean + noise @ root.T
        return made.float()

    size = len(mean)
    return Answers(output, None, draw, len(rows), size + size * (size + 1) // 2)


def _numbers(predict: Callable[[Array], Array], size: int) -> Callable[[Tensor], Tensor]:
    return lambda inputs: torch.as_tensor(np.asarray(predict(inputs.numpy()), np.float32).reshape(-1, size))


def _size(model: Any) -> int | None:
    """The number of coefficients of a linear model."""
    if not hasattr(model, "coef_"):
        return None
    return int(np.size(model.coef_) + np.size(model.intercept_))


def _sum(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _width(split: Split) -> int:
    return sum(tensor.shape[1] for tensor in split.inputs.values())


def _part(split: Split, most: int) -> Split:
    """The split, or that many of its rows at random."""
    if len(split) <= most:
        return split
    return split.take(torch.randperm(len(split), generator=torch.Generator().manual_seed(0))[:most])
