"""The losses (002, III-C): one class and one row each. The KL loss judges latent connections and stands apart."""

from valp.losses.base import LossKind
from valp.losses.cross_entropy import CrossEntropy
from valp.losses.divergence import KL, divergence
from valp.losses.likelihood import BernoulliLikelihood, GaussianLikelihood
from valp.losses.mean_squared_error import MeanSquaredError

LOSSES: dict[str, LossKind] = {
    "mse": MeanSquaredError(),
    "cross_entropy": CrossEntropy(),
    "gaussian": GaussianLikelihood(),
    "bernoulli": BernoulliLikelihood(),
}

__all__ = ["KL", "LOSSES", "LossKind", "divergence"]
