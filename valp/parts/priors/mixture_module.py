"""A mixture of Gaussians as a torch module: it maps noise to latent variables."""

from typing import Any

import torch
from torch import Tensor

from valp.parts.priors.expectation_maximisation import likeliest_mixture
from valp.parts.priors.fitted_prior import FittedPrior
from valp.parts.priors.picked_gaussians import ABOVE, edges_of, load_as_many, picked


class MixtureModule(FittedPrior):
    """z = m_c + L_c·ε, where c is the component in whose interval the uniform number lies, and ε ~ N(0, I).

    Args:
        size: k, the number of latent variables.

    Attributes:
        edges: the sums of the weights up to each component, (K,): the upper ends of the components' intervals.
        means: m, (K, k).
        factors: L, lower triangular, (K, k, k); L·Lᵀ is the covariance.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.edges: Tensor
        self.means: Tensor
        self.factors: Tensor
        self.register_buffer("edges", torch.full((1,), ABOVE))
        self.register_buffer("means", torch.zeros(1, size))
        self.register_buffer("factors", torch.eye(size)[None])

    def fit(self, codes: Tensor, seed: int) -> None:
        """Fits as many Gaussians as the codes need, at least one; see `likeliest_mixture`."""
        weights, means, factors = likeliest_mixture(codes.detach().cpu().double(), seed)
        (edges,) = edges_of([weights])
        self.edges, self.means, self.factors = edges.to(self.edges), means.to(self.means), factors.to(self.factors)

    def forward(self, noise: Tensor, uniform: Tensor) -> Tensor:
        """See `FittedPrior`."""
        return picked(noise, (uniform[:, None] >= self.edges).sum(1), self.means, self.factors)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        load_as_many(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *rest)
