"""What priors of several Gaussians share: drawing from the picked one, and loading as many as were saved."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

ABOVE = 2.0
"""An edge that no uniform number reaches."""


def edges_of(weights: Sequence[Tensor]) -> Tensor:
    """The upper ends of the components' intervals in [0, 1), (C, K), from the weights of each of C mixtures.

    K is the number of all components, one mixture after the other. Edges before those of a mixture are 0.
    """
    counts = torch.tensor([len(own) for own in weights])
    before, edges = counts.cumsum(0) - counts, torch.full((len(weights), int(counts.sum())), ABOVE)
    for number, own in enumerate(weights):
        first, last = int(before[number]), int(before[number] + counts[number]) - 1
        edges[number, :first] = 0
        edges[number, first:last] = own.cumsum(0)[:-1]
    return edges


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
