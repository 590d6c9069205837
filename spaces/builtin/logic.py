"""logic: AND and XOR of two bits, the tasks of 003's analysis of descent directions (section 5.2)."""

import numpy as np

from valp.spaces.problem.problem import Problem, numeric

COPIES = 3
"""The four patterns are all there is to learn: each split has them once."""


def logic(title: str = "", *, factor: float = 1.0) -> Problem:
    """Two bits; `conjunction` and `exclusive` are their AND and XOR as numbers, by MSE as in 003; 4 / 4 / 4 rows.

    Args:
        title: one line about it.
        factor: the targets of XOR are multiplied by it (003's c), which gives them another order of magnitude.
    """
    bits = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (COPIES, 1))
    first, second = bits.T
    return Problem.from_arrays(
        "logic",
        title=title,
        inputs={"bits": numeric(bits, scale="none")},
        outputs={
            "conjunction": numeric((first & second)[:, None], scale="none", loss="mse"),
            "exclusive": numeric(factor * (first ^ second)[:, None], scale="none", loss="mse"),
        },
        splits=(range(4), range(4, 8), range(8, 12)),
    )
