"""The spread of an output: the standard deviation of its likelihood, variable by variable."""

from typing import Any

import torch
from torch import Tensor, nn


class ResidualSpread(nn.Module):
    """A draw from N(mean, σ²), with one σ for each variable.

    σ² is the mean squared residual of training rows: with the trained networks it maximises the Gaussian likelihood.

    Args:
        size: the number of variables.

    Attributes:
        deviation: σ, (size,); 0 before it is estimated and in weights of versions that had none.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.deviation: Tensor
        self.register_buffer("deviation", torch.zeros(size))

    def forward(self, means: Tensor, noise: Tensor) -> Tensor:
        """Draws, (batch, size), from means and noise from N(0, I) of this shape."""
        return means + self.deviation * noise

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        state_dict.setdefault(f"{prefix}deviation", torch.zeros_like(self.deviation))
        super()._load_from_state_dict(state_dict, prefix, *rest)
