"""The contract of a loss: its shape, its weights, its gradient."""

import torch
from torch import Tensor

from valp.parts.kinds import ANY
from valp.parts.losses.loss_kind import LossKind
from valp.testing.trial import BATCH, must, truth_for, vector

SIZE = 4
STEP = 1e-6


def check_loss(loss: LossKind) -> None:
    """Tests a loss on random predictions and ground truths.

    Args:
        loss: the row; it need not be installed.

    Raises:
        AssertionError: if something does not hold; the message says what.
    """
    for field in ("code", "title"):
        must(bool(getattr(loss, field, "")), f"a loss must have a {field}, but {type(loss).__name__} has none")
    name = loss.title
    must(bool(loss.takes) and loss.takes <= ANY, f"{name} must take data types")
    generator = torch.Generator().manual_seed(0)
    size = (BATCH,) if loss.critic else (BATCH, SIZE)
    logits = torch.randn(size, generator=generator, dtype=torch.float64)
    prediction = logits if loss.reads == "logits" or loss.critic else logits.sigmoid()
    truth = truth_for(loss, vector(min(loss.takes), SIZE), generator)
    truth = truth.double() if truth.is_floating_point() else truth

    each = loss.each(prediction, truth)
    shapes = ((BATCH,), (BATCH, SIZE))
    must(tuple(each.shape) in shapes, f"{name} must give {shapes[1]} or {shapes[0]}, but gives {tuple(each.shape)}")
    must(bool(each.isfinite().all()), f"{name} must be finite")
    keep = torch.ones(BATCH, dtype=torch.float64)
    keep[0] = 0
    left = loss(prediction, truth, keep)
    rest = loss(prediction[1:], truth[1:])
    must(
        torch.allclose(left, rest),
        f"{name} must leave out rows of weight 0, but gives {left:.4g}, not {rest:.4g}",
    )
    _has_right_gradient(loss, prediction, truth)


def _has_right_gradient(loss: LossKind, prediction: Tensor, truth: Tensor) -> None:
    """The derivative along a random direction equals the difference quotient."""
    point = prediction.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(point, truth), point)
    direction = torch.randn(prediction.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        ahead, behind = (loss(prediction + sign * STEP * direction, truth) for sign in (1, -1))
    found, wanted = (ahead - behind) / (2 * STEP), (gradient * direction).sum()
    must(
        torch.allclose(found, wanted, rtol=1e-4, atol=1e-6),
        f"{loss.title} must have the right gradient, but has {wanted:.6g} where differences give {found:.6g}",
    )
