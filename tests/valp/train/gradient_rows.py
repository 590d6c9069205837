"""Random gradients, directions of methods for them, and independent solutions that several tests compare with."""

import numpy as np
import quadprog
import torch
from scipy.optimize import nnls

from valp.train.balance import BALANCERS
from valp.train.balance.balancer import GroupGradients, LossStep
from valp.train.balance.loss_reach import LossReach

CPU = torch.device("cpu")


def gradients(seed, count=None):
    """Some random gradients, (m, n), of different lengths and with more or less conflict; 3 to 10 by default."""
    generator = np.random.default_rng(seed)
    count = count or int(generator.integers(3, 11))
    rows = generator.normal(size=(count, int(generator.integers(2, 30))))
    rows += generator.choice([0.0, 0.5, 2.0]) * generator.normal(size=rows.shape[1])
    return rows * 10 ** generator.uniform(-generator.choice([0, 1]), 0, size=(count, 1))


def begun(method, count, divergent=(), **settings):
    reach = LossReach(("",) * count, (1.0,) * count, tuple(i in divergent for i in range(count)), ())
    row = BALANCERS[method]
    return row.begin(reach, row.completed(settings), CPU)


def step_of(losses):
    there = torch.ones(len(losses), dtype=torch.bool)
    losses = torch.as_tensor(losses, dtype=torch.float64)
    return LossStep(losses, torch.ones(len(losses), dtype=torch.float64), lambda: there)


def direction(state, rows, losses=None, kept=None, group=0):
    """The direction of a state for gradients, of all losses or of some."""
    step = step_of([1.0] * len(rows) if losses is None else losses)
    kept = tuple(range(len(rows))) if kept is None else kept
    return state.direction(step, GroupGradients(group, kept, torch.as_tensor(rows))).numpy()


def by_quadratic_program(rows):
    """The k of argmin ‖Σ k_m ∇_m‖ on the simplex, by quadprog.

    With u = argmin ½‖u‖² subject to ∇_m·u ≥ 1, the nearest point is u / ‖u‖², and k are the multipliers, with sum 1. No
    such u means that 0 is in the hull: then k solves Σ k_m ∇_m = 0, by scipy.
    """
    rows = rows / np.linalg.norm(rows, axis=1).max()
    count, size = rows.shape
    try:
        multipliers = quadprog.solve_qp(np.eye(size), np.zeros(size), rows.T.copy(), np.ones(count))[4]
    except ValueError:  # the constraints are inconsistent
        multipliers = nnls(np.vstack([rows.T, np.ones(count)]), np.append(np.zeros(size), 1.0))[0]
        assert np.abs(multipliers @ rows).max() < 1e-9
    return multipliers / multipliers.sum()


def central_by_quadratic_program(rows):
    lengths = np.linalg.norm(rows, axis=1)
    k = by_quadratic_program(rows / lengths[:, None])
    return (k / lengths) @ rows / (k / lengths).sum()


def two_closed_forms(rows):
    """The min-norm direction, the central direction and the mean of two gradients."""
    one, two = rows
    share = np.clip(two @ (two - one) / ((one - two) @ (one - two)), 0, 1)
    lengths = np.linalg.norm(rows, axis=1)
    return {
        "min-norm": share * one + (1 - share) * two,
        "central": (lengths[1] * one + lengths[0] * two) / lengths.sum(),
        "mean": (one + two) / 2,
    }


def expected_direction(method, rows):
    """The same directions, by a closed form for two gradients and by a quadratic program for more."""
    if len(rows) == 2:
        return two_closed_forms(rows)[method]
    if method == "mean":
        return rows.mean(0)
    return by_quadratic_program(rows) @ rows if method == "min-norm" else central_by_quadratic_program(rows)


def require_close(found, expected, rows, within=1e-6):
    assert np.abs(found - expected).max() <= within * np.linalg.norm(rows, axis=1).max()
