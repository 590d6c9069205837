"""The priors of latent variables: from what a model that generates draws them. One class and one row each."""

from valp.graph.plugin_table import PluginTable
from valp.parts.priors.gaussian_mixture import GaussianMixture
from valp.parts.priors.prior_kind import PriorKind
from valp.parts.priors.standard_normal import StandardNormal

STANDARD_NORMAL, MIXTURE = StandardNormal(), GaussianMixture()

PRIORS: PluginTable[PriorKind] = PluginTable(
    "valp.priors",
    PriorKind,  # type: ignore[type-abstract] # it is not instantiated
    (STANDARD_NORMAL, MIXTURE),
)

__all__ = ["MIXTURE", "PRIORS", "STANDARD_NORMAL", "PriorKind"]
