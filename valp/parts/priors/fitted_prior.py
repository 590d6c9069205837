"""The torch module of a fitted prior."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class FittedPrior(nn.Module, ABC):
    """A distribution of latent variables as a map of noise. All it has learned is in its buffers.

    The buffers are part of the trained model: `state_dict` has them, and so have bundles and exported files.
    """

    @abstractmethod
    def fit(self, codes: Tensor, seed: int) -> None:
        """Fits the prior.

        Args:
            codes: (n, size) finite latent variables of training rows.
            seed: the seed of everything random.
        """

    @abstractmethod
    def forward(self, noise: Tensor, uniform: Tensor) -> Tensor:
        """Latent variables (batch, size).

        Only operations that torch and ONNX can export may be used, and no random numbers but the given ones.

        Args:
            noise: (batch, size), drawn from N(0, I).
            uniform: (batch,), drawn from [0, 1).
        """
