"""Scaling by quantiles: a variable's values become normal scores, and scores become values again."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from valp.graph.graph import Frozen

Floats = NDArray[np.float64]


class Quantiles(Frozen):
    """The map of one variable. Values of the training data become normal scores, and the inverse is exact for them.

    Attributes:
        values: values of the training data in the user's units, ascending: all of them, or some of many.
        scores: the normal score of each, ascending.
        bounds: the scores between neighbouring values, if the variable only has these values, such as counts and
            rounded numbers: each score then becomes one of them. Otherwise scores are interpolated.
    """

    values: tuple[float, ...] = Field(min_length=1)
    scores: tuple[float, ...]
    bounds: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        count = len(self.values)
        if len(self.scores) != count or (self.bounds is not None and len(self.bounds) != count - 1):
            raise ValueError(f"{count} values must have {count} scores and {count - 1} bounds")
        for name in ("values", "scores", "bounds"):
            numbers = np.asarray(getattr(self, name) or ())
            if not np.isfinite(numbers).all() or (np.diff(numbers) <= 0).any():
                raise ValueError(f"the {name} of quantiles must be finite and ascending")
        return self


def to_scores(quantiles: Sequence[Quantiles], values: Floats) -> Floats:
    """Values (n, k) as scores. Values outside the range of the training data get the score of its end."""
    columns = [np.interp(values[:, i], part.values, part.scores) for i, part in enumerate(quantiles)]
    return np.stack(columns, 1)


def from_scores(quantiles: Sequence[Quantiles], scores: Floats) -> Floats:
    """Scores (n, k) as values in the user's units, within the range of the training data."""
    columns = []
    for i, part in enumerate(quantiles):
        if part.bounds is None:
            columns.append(np.interp(scores[:, i], part.scores, part.values))
        else:
            columns.append(np.asarray(part.values)[np.searchsorted(part.bounds, scores[:, i])])
    return np.stack(columns, 1)
