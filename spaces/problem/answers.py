"""A model of one output that is not a VALP: it predicts, or it draws samples."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from valp.spaces.problem.splits import Split


@dataclass(frozen=True)
class Answers:
    """A fitted model of one output.

    Attributes:
        output: the name of the output.
        predict: maps the inputs side by side, (n, width), to predictions (n, size): probabilities for a Discrete
            output. None for a Samples output.
        draw: makes samples (count, size) from a seed. None for other outputs.
        rows: the training rows that it was fitted on.
        parameters: the number of fitted parameters; None if that says little.
    """

    output: str
    predict: Callable[[Tensor], Tensor] | None = None
    draw: Callable[[int, int], Tensor] | None = None
    rows: int = 0
    parameters: int | None = None


def side_by_side(split: Split) -> Tensor:
    """All inputs of a split as one table, (n, width)."""
    return torch.cat([*split.inputs.values()], 1)
