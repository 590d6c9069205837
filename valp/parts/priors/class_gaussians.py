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
    Discriminant Analysis, eq. 15).

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
        codes, size = codes.detach().cpu().double(), codes.shape[1]
        shares = torch.nn.functional.one_hot(classes.cpu(), len(self.known)).to(codes)  # (n, C)
        counts = shares.sum(0)
        means = shares.T @ codes / counts.clamp_min(1)[:, None]
        around = codes - means[classes.cpu()]
        scatters = (shares.T[:, :, None] * around).mT @ around  # (C, k, k)
        pooled = scatters.sum(0) / max(1, len(codes))
        own = scatters / counts.clamp_min(1)[:, None, None]
        weight = (size / (size + counts))[:, None, None]
        covariances = (1 - weight) * own + weight * pooled + REGULARISATION * torch.eye(size).to(codes)
        self.known.copy_(counts > 0)
        self.means.copy_(means)
        self.factors.copy_(torch.linalg.cholesky(covariances))

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
