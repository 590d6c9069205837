"""What priors of several Gaussians share: drawing from the picked one, and loading as many as were saved."""

from collections.abc import Mapping

from torch import Tensor, nn

ABOVE = 2.0
"""An edge that no uniform number reaches."""


def picked(noise: Tensor, numbers: Tensor, means: Tensor, factors: Tensor) -> Tensor:
    """m_c + L_c·ε for each row of noise, (batch, k).

    Args:
        noise: ε, (batch, k).
        numbers: c, (batch,) int64.
        means: m, (K, k).
        factors: L, (K, k, k).
    """
    spread = factors.index_select(0, numbers) @ noise[:, :, None]
    return means.index_select(0, numbers) + spread[:, :, 0]


def load_as_many(prior: nn.Module, state: Mapping[str, Tensor], prefix: str) -> None:
    """Makes room in a prior for as many Gaussians as there are in a state that will be loaded.

    The buffers of the prior are `edges` (..., K), `means` (K, k) and `factors` (K, k, k).
    """
    if f"{prefix}means" in state:
        count, size = len(state[f"{prefix}means"]), prior.get_buffer("means").shape[1]
        edges = prior.get_buffer("edges").shape[:-1]
        for name, shape in (("edges", (*edges, count)), ("means", (count, size)), ("factors", (count, size, size))):
            setattr(prior, name, prior.get_buffer(name).new_empty(shape))
