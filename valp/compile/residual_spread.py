"""The spread of an output: the standard deviations and correlations of its likelihood."""

from typing import Any

import torch
from torch import Tensor, nn

MOST_TOGETHER = 64
"""The most variables whose correlations are estimated."""

ROWS_PER_VARIABLE = 5
"""Correlations are estimated from at least this many rows for each variable: fewer show correlations by chance."""

SMALLEST = 1e-12
"""The smallest sum of weights by which is divided."""


class ResidualSpread(nn.Module):
    """A draw from N(mean, S): mean + F·ε with S = F·Fᵀ and ε ~ N(0, I).

    S is the mean of the squares and products of the residuals of training rows: with the trained networks it maximises
    the Gaussian likelihood. A decoder that always gives the mean of the data then draws from a Gaussian with the
    covariance of the data and, with columns scaled to normal scores, from a Gaussian copula. With many variables, or
    few rows, S is diagonal.

    Args:
        size: the number of variables.

    Attributes:
        factor: F, symmetric, (size, size); its diagonal, (size,), for more variables than `MOST_TOGETHER`. 0 before it
            is estimated and in weights of versions that had none.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.factor: Tensor
        self.register_buffer("factor", torch.zeros((size, size) if size <= MOST_TOGETHER else (size,)))

    @property
    def deviation(self) -> Tensor:
        """The standard deviation of each variable, (size,)."""
        return self.factor.norm(dim=1) if self.factor.ndim == 2 else self.factor

    @torch.no_grad()
    def estimate(self, errors: Tensor, weights: Tensor) -> None:
        """Estimates S. If it is not finite, it stays as it is.

        Args:
            errors: (n, size), residuals of training rows.
            weights: (n,), or (n, size) and S is diagonal; 0 where a value is missing.
        """
        each = (weights[:, None] if weights.ndim == 1 else weights).expand_as(errors)
        kept = torch.where(each > 0, errors, 0).double()
        variances = (kept.square() * each).sum(0) / each.sum(0).clamp_min(SMALLEST)
        found = variances.sqrt()
        if self.factor.ndim == 2:
            found = found.diag()
            if weights.ndim == 1 and int((weights > 0).sum()) >= ROWS_PER_VARIABLE * errors.shape[1]:
                products = (kept.T * weights.double()) @ kept / weights.double().sum()
                if bool(products.isfinite().all()):
                    values, vectors = torch.linalg.eigh(products)
                    found = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
        found = found.to(self.factor)
        if bool(found.isfinite().all()):
            self.factor.copy_(found)

    def forward(self, means: Tensor, noise: Tensor) -> Tensor:
        """Draws, (batch, size), from means and noise from N(0, I) of this shape."""
        return means + (noise @ self.factor if self.factor.ndim == 2 else self.factor * noise)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        earlier = state_dict.pop(f"{prefix}deviation", None)  # of versions without correlations
        if earlier is not None:
            state_dict[f"{prefix}factor"] = earlier.diag() if self.factor.ndim == 2 else earlier
        state_dict.setdefault(f"{prefix}factor", torch.zeros_like(self.factor))
        super()._load_from_state_dict(state_dict, prefix, *rest)
