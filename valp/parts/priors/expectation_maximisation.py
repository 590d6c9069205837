"""Fits mixtures of Gaussians with full covariances by expectation maximisation (Dempster, Laird and Rubin 1977).

Notation: n codes x of k variables; K components with weights w (K,), means m (K, k) and covariances S = L·Lᵀ (K, k, k).
Everything is float64.
"""

from collections.abc import Iterator
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

MOST = 32
"""The most components that are tried."""

CODES_PER_VARIABLE = 5
"""A component needs this many codes for each latent variable. With fewer, the mixture would repeat the codes."""

HELD_OUT = 5
"""The number of components is chosen by the likelihood of every fifth code, which the fit has not seen."""

AT_ONCE, KEPT = 2**20, 2**23
"""The products of variables that are computed at once, and that are kept, at most. They matter only for speed."""

Parameters = tuple[Tensor, Tensor, Tensor]
"""w (K,), m (K, k) and L (K, k, k)."""


def likeliest_mixture(codes: Tensor, seed: int) -> Parameters:
    """A mixture of 1, 2, 4, ... Gaussians: the first whose double makes codes that it has not seen no likelier.

    Likelier means by more than one standard error of the mean difference.

    Args:
        codes: (n, k) in random order, n ≥ 1.
        seed: the seed of the first centres.
    """
    held_out = torch.arange(len(codes)) % HELD_OUT == 0
    seen, unseen = codes[~held_out], codes[held_out]
    most = min(MOST, len(seen) // (CODES_PER_VARIABLE * codes.shape[1]))
    if most < 2:
        return fitted_mixture(codes, 1, seed)
    chosen, before = 1, log_likelihoods(unseen, fitted_mixture(seen, 1, seed))
    while 2 * chosen <= most:
        now = log_likelihoods(unseen, fitted_mixture(seen, 2 * chosen, seed))
        gains = now - before
        if not gains.mean() > gains.std() / len(gains) ** 0.5:
            break
        chosen, before = 2 * chosen, now
    return fitted_mixture(codes, chosen, seed)


def fitted_mixture(codes: Tensor, components: int, seed: int) -> Parameters:
    """The weights w, means m and lower triangular factors L of a mixture of K Gaussians.

    Args:
        codes: (n, k), n ≥ 1.
        components: K.
        seed: the seed of the first centres.
    """
    centre = codes.mean(0)
    around = _Codes(codes - centre)  # small numbers have more exact squares
    nearest = _clusters(around.values, components, torch.Generator().manual_seed(seed))
    found = _maximised(around, torch.nn.functional.one_hot(nearest, components).T.to(codes))
    for _ in range(ITERATIONS if components > 1 else 0):
        found = _maximised(around, _log_joint(around, found).softmax(0))
    weights, means, factors = found
    return weights, means + centre, factors


def log_likelihoods(codes: Tensor, parameters: Parameters) -> Tensor:
    """log Σ_c w_c N(x; m_c, S_c) for each code, (n,)."""
    weights, means, factors = parameters
    centre = means.mean(0)
    return _log_joint(_Codes(codes - centre), (weights, means - centre, factors)).logsumexp(0)


class _Codes:
    """Codes and the products of their variables.

    Iterating gives the products x_i·x_j for all i ≤ j, of a part of the codes at a time: the codes of the part, and
    (k·(k + 1) / 2, codes of the part).

    Args:
        values: (n, k).

    Attributes:
        pairs: all i ≤ j, (2, k·(k + 1) / 2).
    """

    def __init__(self, values: Tensor) -> None:
        self.values, self.pairs = values, torch.triu_indices(values.shape[1], values.shape[1])
        self._kept = [*self._products()] if len(values) * self.pairs.shape[1] <= KEPT else None

    def __iter__(self) -> Iterator[tuple[slice, Tensor]]:
        return self._products() if self._kept is None else iter(self._kept)

    def _products(self) -> Iterator[tuple[slice, Tensor]]:
        row, column = self.pairs
        step = max(1, AT_ONCE // len(row))
        for start in range(0, len(self.values), step):
            part = slice(start, start + step)
            variables = self.values[part].T.contiguous()
            yield part, variables[row] * variables[column]


def _maximised(codes: _Codes, shares: Tensor) -> Parameters:
    """The parameters with the largest likelihood, given the responsibilities, (K, n)."""
    counts = shares.sum(1) + SMALLEST
    means = shares @ codes.values / counts[:, None]
    squares = sum((shares[:, part] @ products.T for part, products in codes), torch.zeros(()))
    row, column = codes.pairs
    covariances = means[:, :, None] * -means[:, None, :]
    covariances[:, row, column] += squares / counts[:, None]
    covariances[:, column, row] = covariances[:, row, column]
    covariances += REGULARISATION * torch.eye(means.shape[1]).to(means)
    return counts / counts.sum(), means, torch.linalg.cholesky(covariances)


def _log_joint(codes: _Codes, parameters: Parameters) -> Tensor:
    """log w_c N(x; m_c, S_c) for each component and code, (K, n)."""
    weights, means, factors = parameters
    precisions = torch.cholesky_inverse(factors)
    row, column = codes.pairs
    twice = precisions[:, row, column] * torch.where(row < column, 2.0, 1.0)  # x_i·x_j is also x_j·x_i
    slopes = (precisions @ means[:, :, None])[:, :, 0]
    squares = torch.cat([twice @ products for _, products in codes], 1)
    distances = squares - 2 * slopes @ codes.values.T + (slopes * means).sum(1)[:, None]
    log_determinants = factors.diagonal(dim1=1, dim2=2).log().sum(1)
    return (weights.log() - log_determinants - means.shape[1] * log(2 * pi) / 2)[:, None] - distances / 2


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
