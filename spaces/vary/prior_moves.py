"""The move that changes the prior of a network's latent variables."""

from collections.abc import Sequence

from valp.graph.graph import Role
from valp.spaces.generate.draft_node import NETWORK, Place
from valp.spaces.generate.space import Space
from valp.spaces.vary.revision import Revision

Site = tuple[int, str]
"""A network, and another prior for it."""


def searches_priors(space: Space) -> bool:
    """Whether a space has several priors."""
    return len(space.priors) > 1


def changeable(revision: Revision) -> Sequence[Site]:
    """The networks with latent connections, each with the other priors of the space."""
    return [
        (index, prior)
        for index, node in enumerate(revision.nodes)
        if any(role is Role.LATENT for _, role, _ in node.sources)
        for prior in revision.space.priors
        if prior != node.prior
    ]


def change_prior(revision: Revision, site: Site) -> bool:
    """Gives a network another prior."""
    index, prior = site
    revision.nodes[index].prior = prior
    return True


def network_of(site: Site) -> Place:
    """The network of a site."""
    return NETWORK, site[0]
