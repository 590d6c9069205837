"""The Kullback–Leibler divergence of a latent connection (Garciarena et al., eq. 4)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

KL = "kl"
"""The code of the KL loss in a graph. Its prediction is a network, and its truth is N(0, I)."""


def divergence(latent: "Tensor", size: int) -> "Tensor":
    """KL(N(μ, σ²) ‖ N(0, I)) = ½ Σ (μ² + σ² − log σ² − 1): summed over the latent variables, mean over the batch.

    Args:
        latent: (batch, ≥ 2k): μ in its first k variables, log σ² in the next k.
        size: k.
    """
    mean, log_variance = latent[:, :size], latent[:, size : 2 * size]
    return (mean.square() + log_variance.exp() - log_variance - 1).sum(1).mean() / 2
