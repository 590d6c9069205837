"""The min-norm direction (MGDA; Désidéri 2012, doi:10.1016/j.crma.2012.03.014; Sener & Koltun 2018, eq. 3)."""

from typing import TYPE_CHECKING

from valp.train.balance.weighted_gradients import GradientDirection, TaskGradients

if TYPE_CHECKING:
    from valp.train.balance.nearest_point import Floats


class MinNorm(GradientDirection):
    """v = Σ_m k_m·∇_m, with k = argmin ‖Σ_m k_m·∇_m‖ on the simplex, for each group of parameters.

    No task's loss rises along −v (∇_m·v ≥ ‖v‖²). v is 0 where no direction lowers all losses. For two tasks
    k_1 = ∇_2·(∇_2 − ∇_1) / ‖∇_1 − ∇_2‖², cut to [0, 1]. Sener & Koltun approach k by Frank-Wolfe steps;
    `nearest_point` finds it exactly.
    """

    code, title = "min-norm", "the shortest vector in the hull of the gradients (MGDA; Sener & Koltun 2018, eq. 3)"

    def weights(self, tasks: TaskGradients) -> "Floats":
        """See `GradientDirection`."""
        return min_norm_weights(tasks)


def min_norm_weights(tasks: TaskGradients) -> "Floats":
    """k of the min-norm direction, (M,)."""
    from valp.train.balance.nearest_point import nearest_point

    return nearest_point(tasks.rows)
