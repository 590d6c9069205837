"""The priors of latent variables: from what a model that generates draws them. One class and one row each."""

from valp.graph.plugin_table import PluginTable
from valp.parts.priors.gaussian_mixture import GaussianMixture
from valp.parts.priors.prior_kind import PriorKind
from valp.parts.priors.standard_normal import StandardNormal
from valp.plan.plan import Plan

STANDARD_NORMAL, MIXTURE = StandardNormal(), GaussianMixture()

PRIORS: PluginTable[PriorKind] = PluginTable(
    "valp.priors",
    PriorKind,  # type: ignore[type-abstract] # it is not instantiated
    (STANDARD_NORMAL, MIXTURE),
)


def prior_numbers(plan: Plan) -> int:
    """The numbers of all fitted priors of a plan, as far as they are known."""
    return sum(PRIORS[group.prior].numbers(group.size) for group in plan.groups) + class_prior_numbers(plan)


def class_prior_numbers(plan: Plan) -> int:
    """The numbers of those that depend on a class."""
    given = [(group, plan.given[group.given].size) for group in plan.groups if group.given is not None]
    return sum(PRIORS[group.prior].numbers(group.size, classes) for group, classes in given)


__all__ = ["MIXTURE", "PRIORS", "STANDARD_NORMAL", "PriorKind", "class_prior_numbers", "prior_numbers"]
