"""The torch module of a prior that depends on a class."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class ClassPrior(nn.Module, ABC):
    """p(z | class) as a map of noise, for samples whose class is given. All it has learned is in its buffers.

    The buffers are part of the trained model, as those of a `FittedPrior`.
    """

    @abstractmethod
    def fit(self, codes: Tensor, classes: Tensor, seed: int) -> None:
        """Fits the prior.

        Args:
            codes: (n, size) finite latent variables of training rows, n ≥ 0.
            classes: (n,) int64, the classes of these rows.
            seed: the seed of everything random.
        """

    @abstractmethod
    def forward(self, noise: Tensor, uniform: Tensor, classes: Tensor, otherwise: Tensor) -> Tensor:
        """Latent variables (batch, size).

        Only operations that torch and ONNX can export may be used, and no random numbers but the given ones.

        Args:
            noise: (batch, size), drawn from N(0, I).
            uniform: (batch,), drawn from [0, 1).
            classes: (batch, classes) one-hot. A row of zeros is an unknown class.
            otherwise: (batch, size) latent variables from the prior that does not depend on the class: the result for
                an unknown class, for one that no code had, and before the fit.
        """
