"""The losses (Garciarena et al., III-C): one class and one row each, except the KL loss of latent connections."""

from valp.graph.plugin_table import PluginTable
from valp.parts.losses.adversarial import Adversarial
from valp.parts.losses.cross_entropy import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    SmoothedCrossEntropy,
)
from valp.parts.losses.divergence import KL, divergence
from valp.parts.losses.huber import Huber
from valp.parts.losses.likelihood import BernoulliLikelihood, GaussianLikelihood
from valp.parts.losses.loss_kind import LossKind
from valp.parts.losses.mean_squared_error import MeanSquaredError

LOSSES: PluginTable[LossKind] = PluginTable(
    "valp.losses",
    LossKind,  # type: ignore[type-abstract] # it is not instantiated
    (
        MeanSquaredError(),
        Huber(),
        CrossEntropy(),
        SmoothedCrossEntropy(),
        Focal(),
        BinaryCrossEntropy(),
        GaussianLikelihood(),
        BernoulliLikelihood(),
        Adversarial(),
    ),
    taken=(KL,),
)

__all__ = ["KL", "LOSSES", "LossKind", "divergence"]
