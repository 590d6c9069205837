"""The problem logic: AND and XOR of two bits (Nakamura 2023, 5.2, which analyses descent directions on them)."""

import numpy as np

from valp.spaces.problem.problem import Problem, numeric

COPIES = 3
"""Each of the three splits has the four possible rows once."""


def logic(title: str = "", *, factor: float = 1.0) -> Problem:
    """From two bits: `conjunction` is their AND and `exclusive` their XOR, as numbers; 4 / 4 / 4 rows.

    Both losses are MSE, as in Nakamura 2023.

    Args:
        title: one line about the problem.
        factor: multiplies the targets of XOR, to give them another order of magnitude (c in Nakamura 2023).
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
