"""A mixture of Gaussians for each class as a torch module: it maps noise to latent variables."""

from typing import Any

import torch
from torch import Tensor

from valp.parts.priors.class_prior import ClassPrior
from valp.parts.priors.expectation_maximisation import REGULARISATION, likeliest_mixture
from valp.parts.priors.picked_gaussians import edges_of, load_as_many, picked


class ClassMixtures(ClassPrior):
    """z = m_c + L_c·ε, where c is a component of the class, picked by the uniform number, and ε ~ N(0, I).

    A class has as many Gaussians as its codes need; see `likeliest_mixture`. If it has one, then
    L·Lᵀ = (1 − λ)·S_y + λ·S + 10⁻³·I, where S_y is the covariance of the n_y codes of the class, and S that of the
    codes of all classes around the means of their own. λ = k / (k + n_y) for k variables: few codes of many variables
    have a covariance that repeats them, so they rather have that of all classes (Friedman 1989, Regularized
    Discriminant Analysis, eq. 15). If there are not even k more codes than classes, S is the covariance of all codes
    around their common mean: around the means of their own they hardly differ.

    Args:
        classes: C.
        size: k, the number of latent variables.

    Attributes:
        known: 1 for a class that codes had, otherwise 0, (C,). All are 0 before the fit, and in weights of versions
            whose priors did not depend on the class.
        edges: for each class the sums of its weights up to each component, (C, K), for the components of all classes
            one after the other: 0 before those of the class.
        means: m, (K, k).
        factors: L, lower triangular, (K, k, k).
    """

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.known: Tensor
        self.edges: Tensor
        self.means: Tensor
        self.factors: Tensor
        self.register_buffer("known", torch.zeros(classes))
        self.register_buffer("edges", edges_of([torch.ones(1)] * classes))
        self.register_buffer("means", torch.zeros(classes, size))
        self.register_buffer("factors", torch.eye(size).repeat(classes, 1, 1))

    def fit(self, codes: Tensor, classes: Tensor, seed: int) -> None:
        """See `ClassPrior`."""
        codes, classes, size = codes.detach().cpu().double(), classes.cpu(), codes.shape[1]
        counts = torch.bincount(classes, minlength=len(self.known))
        each = [codes[classes == number] for number in range(len(counts))]  # all at once would take C·n·k numbers
        scatters = torch.stack([_scatter(own) for own in each])
        free = len(codes) - int((counts > 0).sum())
        pooled = scatters.sum(0) / free if free >= size else _scatter(codes) / max(1, len(codes))
        parts = []
        for own, scatter in zip(each, scatters, strict=True):
            count = len(own)
            found = likeliest_mixture(own, seed) if count else None
            if found is None or len(found[0]) == 1:
                weight = size / (size + count)
                covariance = (1 - weight) * scatter / max(1, count) + weight * pooled
                factor = torch.linalg.cholesky(covariance + REGULARISATION * torch.eye(size).to(codes))
                found = (torch.ones(1).to(codes), own.sum(0, keepdim=True) / max(1, count), factor[None])
            parts.append(found)
        weights, means, factors = zip(*parts, strict=True)
        self.known.copy_(counts > 0)
        self.edges = edges_of(weights).to(self.edges)
        self.means, self.factors = torch.cat(means).to(self.means), torch.cat(factors).to(self.factors)

    def forward(self, noise: Tensor, uniform: Tensor, classes: Tensor, otherwise: Tensor) -> Tensor:
        """See `ClassPrior`."""
        below = (uniform[:, None] >= classes @ self.edges).sum(1)
        drawn = picked(noise, below.clamp(max=len(self.means) - 1), self.means, self.factors)
        return torch.where((classes @ self.known)[:, None] > 0, drawn, otherwise)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        for name, tensor in (("known", torch.zeros_like(self.known)), ("means", self.means), ("factors", self.factors)):
            state_dict.setdefault(f"{prefix}{name}", tensor)
        single = edges_of([torch.ones(1)] * len(self.known))  # of versions with one Gaussian for each class
        state_dict.setdefault(f"{prefix}edges", single.to(self.edges))
        load_as_many(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _scatter(codes: Tensor) -> Tensor:
    """The sum of the squares and products around the mean, (k, k)."""
    around = codes - codes.mean(0) if len(codes) else codes
    return around.T @ around
