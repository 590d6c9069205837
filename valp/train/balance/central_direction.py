"""The central direction (Katrutsa et al. 2020, arXiv:2007.06937; Nakamura 2023, eq. 4.6 and 4.7)."""

from typing import TYPE_CHECKING

from valp.train.balance.weighted_gradients import GradientDirection, TaskGradients

if TYPE_CHECKING:
    from valp.train.balance.nearest_point import Floats


class CentralDirection(GradientDirection):
    """v = γ·Σ_m k_m·∇_m / ‖∇_m‖, for each group of parameters.

    k = argmin ‖Σ_m k_m·∇_m / ‖∇_m‖‖ on the simplex (eq. 4.6), and γ = (Σ_m k_m / ‖∇_m‖)⁻¹, so that v lies in the convex
    hull of the gradients (eq. 4.7). The lengths of the gradients do not change the direction of v. For two tasks
    v = (‖∇_2‖·∇_1 + ‖∇_1‖·∇_2) / (‖∇_1‖ + ‖∇_2‖).
    """

    code, title = "central", "the direction between the gradients, whatever their lengths (Nakamura 2023, eq. 4.7)"

    def weights(self, tasks: TaskGradients) -> "Floats":
        """See `GradientDirection`."""
        return central_weights(tasks)


def central_weights(tasks: TaskGradients) -> "Floats":
    """The weights γ·k_m / ‖∇_m‖ of the central direction, (M,); their sum is 1."""
    from valp.train.balance.nearest_point import nearest_point

    unscaled = nearest_point(tasks.rows / tasks.norms[:, None]) / tasks.norms
    return unscaled / float(unscaled.sum())
