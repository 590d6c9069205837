"""The losses (002, III-C): one class and one row each. The KL loss judges latent connections and stands apart."""

from valp.losses.base import LossKind
from valp.losses.cross_entropy import CrossEntropy, Focal, SmoothedCrossEntropy
from valp.losses.divergence import KL, divergence
from valp.losses.huber import Huber
from valp.losses.likelihood import BernoulliLikelihood, GaussianLikelihood
from valp.losses.mean_squared_error import MeanSquaredError

LOSSES: dict[str, LossKind] = {
    loss.code: loss
    for loss in (
        MeanSquaredError(),
        Huber(),
        CrossEntropy(),
        SmoothedCrossEntropy(),
        Focal(),
        GaussianLikelihood(),
        BernoulliLikelihood(),
    )
}

__all__ = ["KL", "LOSSES", "LossKind", "divergence"]
