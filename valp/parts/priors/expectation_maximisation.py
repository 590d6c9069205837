"""Fits a mixture of Gaussians with full covariances by expectation maximisation (Dempster, Laird and Rubin 1977).

Notation: n codes x of k variables; K components with weights w (K,), means m (K, k) and covariances S = L·Lᵀ (K, k, k).
Everything is float64.
"""

from math import log, pi

import torch
from torch import Tensor

ITERATIONS = 20
CLUSTERING = 10
"""The iterations of k-means, which gives the first responsibilities."""

REGULARISATION = 1e-3
"""Added to the diagonal of each covariance. Codes are of the order of 1."""

SMALLEST = 1e-10
"""Added to the sum of the responsibilities of a component, by which is divided."""

Parameters = tuple[Tensor, Tensor, Tensor]
"""w (K,), m (K, k) and L (K, k, k)."""


def fitted_mixture(codes: Tensor, components: int, seed: int) -> Parameters:
    """The weights w, means m and lower triangular factors L of a mixture of K Gaussians.

    Args:
        codes: (n, k), n ≥ 1.
        components: K.
        seed: the seed of the first centres.
    """
    nearest = _clusters(codes, components, torch.Generator().manual_seed(seed))
    shares = torch.nn.functional.one_hot(nearest, components).to(codes)
    found = _maximised(codes, shares)
    for _ in range(ITERATIONS):
        found = _maximised(codes, _log_joint(codes, found).softmax(1))
    return found


def _maximised(codes: Tensor, shares: Tensor) -> Parameters:
    """The parameters with the largest likelihood, given the responsibilities, (n, K)."""
    counts = shares.sum(0) + SMALLEST
    means = shares.T @ codes / counts[:, None]
    weighed = shares.T[:, :, None] * codes  # (K, n, k)
    squares = (weighed.mT @ codes) / counts[:, None, None]
    covariances = squares - means[:, :, None] * means[:, None, :]
    covariances += REGULARISATION * torch.eye(codes.shape[1], dtype=codes.dtype)
    return counts / counts.sum(), means, torch.linalg.cholesky(covariances)


def _log_joint(codes: Tensor, parameters: Parameters) -> Tensor:
    """log w_c N(x; m_c, S_c) for each code and component, (n, K)."""
    weights, means, factors = parameters
    count, size = means.shape
    one = torch.eye(size, dtype=codes.dtype).expand_as(factors)
    inverse = torch.linalg.solve_triangular(factors, one, upper=False)
    centres = (inverse @ means[:, :, None])[:, :, 0]
    scaled = (codes @ inverse.reshape(count * size, size).T).reshape(-1, count, size) - centres
    log_determinants = factors.diagonal(dim1=1, dim2=2).log().sum(1)
    densities: Tensor = weights.log() - log_determinants - scaled.square().sum(2) / 2 - size * log(2 * pi) / 2
    return densities


def _clusters(codes: Tensor, components: int, generator: torch.Generator) -> Tensor:
    """The cluster of each code, (n,), by k-means from centres that lie apart (Arthur and Vassilvitskii 2007)."""
    centres = codes[torch.randint(len(codes), (1,), generator=generator)]
    for _ in range(components - 1):
        distances = torch.cdist(codes, centres).amin(1).square() + SMALLEST
        centres = torch.cat([centres, codes[torch.multinomial(distances, 1, generator=generator)]])
    for _ in range(CLUSTERING):
        nearest = torch.cdist(codes, centres).argmin(1)
        for number in range(components):
            if bool((nearest == number).any()):
                centres[number] = codes[nearest == number].mean(0)
    return torch.cdist(codes, centres).argmin(1)
