"""A mixture of Gaussians as a torch module: it maps noise to latent variables."""

import torch
from torch import Tensor

from valp.parts.priors.expectation_maximisation import fitted_mixture
from valp.parts.priors.fitted_prior import FittedPrior

CODES_PER_VARIABLE = 5
"""A component needs this many codes for each latent variable. With fewer, the mixture would repeat the codes."""

ABOVE = 2.0
"""An edge that no uniform number reaches."""


class MixtureModule(FittedPrior):
    """z = m_c + L_c·ε, where c is the component in whose interval the uniform number lies, and ε ~ N(0, I).

    Args:
        components: K.
        size: k, the number of latent variables.

    Attributes:
        edges: the sums of the weights up to each component, (K,): the upper ends of the components' intervals.
        means: m, (K, k).
        factors: L, lower triangular, (K, k, k); L·Lᵀ is the covariance.
    """

    def __init__(self, components: int, size: int) -> None:
        super().__init__()
        self.edges: Tensor
        self.means: Tensor
        self.factors: Tensor
        self.register_buffer("edges", torch.full((components,), ABOVE))
        self.register_buffer("means", torch.zeros(components, size))
        self.register_buffer("factors", torch.eye(size).repeat(components, 1, 1))

    def fit(self, codes: Tensor, seed: int) -> None:
        """Fits by expectation maximisation. Few codes get fewer components, at least one."""
        components = min(len(self.means), max(1, len(codes) // (CODES_PER_VARIABLE * codes.shape[1])))
        weights, means, factors = fitted_mixture(codes.detach().cpu().double(), components, seed)
        self.edges.fill_(ABOVE)[: components - 1] = weights.cumsum(0)[:-1]
        self.means.zero_()[:components] = means
        self.factors.copy_(torch.eye(self.means.shape[1]))[:components] = factors

    def forward(self, noise: Tensor, uniform: Tensor) -> Tensor:
        """See `FittedPrior`."""
        components, size = self.means.shape
        spread = noise @ self.factors.reshape(components * size, size).T  # cheaper than a product for each row
        every = spread.reshape(-1, components, size) + self.means
        above = (uniform[:, None] >= self.edges).to(noise.dtype)
        below = torch.cat([torch.ones_like(above[:, :1]), above[:, :-1]], 1)
        return (every * (below - above)[:, :, None]).sum(1)
