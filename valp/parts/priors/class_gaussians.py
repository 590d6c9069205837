"""A Gaussian for each class as a torch module: it maps noise to latent variables."""

from typing import Any

import torch
from torch import Tensor

from valp.parts.priors.class_prior import ClassPrior
from valp.parts.priors.expectation_maximisation import REGULARISATION


class ClassGaussians(ClassPrior):
    """z = m_c + L_c·ε, where c is the class, and ε ~ N(0, I).

    L_c·L_cᵀ = (1 − λ)·S_c + λ·S + 10⁻³·I, where S_c is the covariance of the n_c codes of the class, and S that of the
    codes of all classes around the means of their own. λ = k / (k + n_c) for k variables: few codes of many variables
    have a covariance that repeats them, so they rather have that of all classes (Friedman 1989, Regularized
    Discriminant Analysis, eq. 15). If there are not even k more codes than classes, S is the covariance of all codes
    around their common mean: around the means of their own they hardly differ.

    Args:
        classes: C.
        size: k, the number of latent variables.

    Attributes:
        known: 1 for a class that codes had, otherwise 0, (C,). All are 0 before the fit, and in weights of versions
            whose priors did not depend on the class.
        means: m, (C, k).
        factors: L, lower triangular, (C, k, k).
    """

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.known: Tensor
        self.means: Tensor
        self.factors: Tensor
        self.register_buffer("known", torch.zeros(classes))
        self.register_buffer("means", torch.zeros(classes, size))
        self.register_buffer("factors", torch.eye(size).repeat(classes, 1, 1))

    def fit(self, codes: Tensor, classes: Tensor, seed: int) -> None:  # noqa: ARG002 - nothing is random
        """See `ClassPrior`."""
        codes, classes, size = codes.detach().cpu().double(), classes.cpu(), codes.shape[1]
        counts = torch.bincount(classes, minlength=len(self.known))
        means, scatters = torch.zeros(self.means.shape).to(codes), torch.zeros(self.factors.shape).to(codes)
        for number in counts.nonzero()[:, 0]:  # all at once would take C·n·k numbers
            own = codes[classes == number]
            means[number] = own.mean(0)
            scatters[number] = _scatter(own)
        free = len(codes) - int((counts > 0).sum())
        pooled = scatters.sum(0) / free if free >= size else _scatter(codes) / max(1, len(codes))
        weight = (size / (size + counts))[:, None, None].to(codes)
        covariances = (1 - weight) * scatters / counts.clamp_min(1)[:, None, None] + weight * pooled
        factors = torch.linalg.cholesky(covariances + REGULARISATION * torch.eye(size).to(codes))
        self.known.copy_(counts > 0)
        self.means.copy_(means)
        self.factors.copy_(factors)

    def forward(self, noise: Tensor, uniform: Tensor, classes: Tensor, otherwise: Tensor) -> Tensor:  # noqa: ARG002 - one component
        """See `ClassPrior`."""
        count, size = self.means.shape
        spread = noise @ self.factors.reshape(count * size, size).T  # cheaper than a product for each row
        every = spread.reshape(-1, count, size) + self.means
        drawn = (every * classes[:, :, None]).sum(1)
        return torch.where((classes @ self.known)[:, None] > 0, drawn, otherwise)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        for name, tensor in (("known", torch.zeros_like(self.known)), ("means", self.means), ("factors", self.factors)):
            state_dict.setdefault(f"{prefix}{name}", tensor)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _scatter(codes: Tensor) -> Tensor:
    """The sum of the squares and products around the mean, (k, k)."""
    around = codes - codes.mean(0) if len(codes) else codes
    return around.T @ around
