"""Moves that change connections and what is transported."""

from collections.abc import Sequence

from valp.graph.graph import DataType, Role
from valp.parts.own_types import like
from valp.spaces.generate.draft_node import INPUT, NETWORK, Place
from valp.spaces.vary.revision import Link, Revision


def targets(revision: Revision) -> Sequence[Place]:
    """What can have a further source."""
    return revision.extendable()


def connect(revision: Revision, target: Place) -> bool:
    """Connects an existing component with another."""
    return _connected(revision, target, revision.role(target))


def _connected(revision: Revision, target: Place, role: Role) -> bool:
    """Draws a further source for a component; False if there is none."""
    found = revision.sources(target, role)
    if not found:
        return False
    revision.join(revision.choose.category("source", found), target, role)
    return True


def unconditioned(revision: Revision) -> Sequence[Place]:
    """The networks that could have a condition, and have none."""
    return [
        (NETWORK, i)
        for i, node in enumerate(revision.nodes)
        if Role.CONDITION in node.row.takes
        and revision.space.phi > 0
        and not revision.is_fixed((NETWORK, i))
        and not any(role is Role.CONDITION for _, role, _ in node.sources)
        and revision.sources((NETWORK, i), Role.CONDITION)
    ]


def condition(revision: Revision, decoder: Place) -> bool:
    """Gives a decoder a condition: what to generate."""
    return _connected(revision, decoder, Role.CONDITION)


def distant(revision: Revision) -> Sequence[tuple[Place, Place]]:
    """The inputs that networks could read as data and do not, each with such a network."""
    return [
        (place, target)
        for target in _readers(revision)
        for place in revision.sources(target, Role.DATA)
        if place[0] is INPUT
    ]


def _readers(revision: Revision) -> list[Place]:
    """The networks that may read any input as data.

    A network that makes samples may not: what makes samples of an input that it reads as data could copy it.
    """
    return [
        (NETWORK, i)
        for i, node in enumerate(revision.nodes)
        if node.need is None and not node.fixed and like(node.unit.type) is not DataType.SAMPLES
    ]


def read(revision: Revision, pair: tuple[Place, Place]) -> bool:
    """Lets a network read an input, whatever else it reads: nothing on the way can lose what it needs."""
    revision.join(*pair, Role.DATA)
    return True


def indirect(revision: Revision) -> Sequence[tuple[Place, Place]]:
    """The inputs that networks read, or could read, beside other networks, each with such a network."""
    found: list[tuple[Place, Place]] = []
    for target in _readers(revision):
        own = [place for place, _, _ in revision.into(target)]
        if any(group is NETWORK for group, _ in own):
            found += [(place, target) for place in [*own, *revision.sources(target, Role.DATA)] if place[0] is INPUT]
    return found


def read_alone(revision: Revision, pair: tuple[Place, Place]) -> bool:
    """Lets a network read inputs alone, the whole of this one: what was on the way, and feeds nothing else, goes.

    Where it has read no input so far it begins with fresh weights, for none of its own would fit.
    """
    place, target = pair
    node = revision.nodes[target[1]]
    inputs = [link for link in node.sources if link[0][0] is INPUT]
    if not inputs:
        node.origin = None
    node.sources = [*(link for link in inputs if link[0] != place), (place, Role.DATA, None)]
    revision.refresh()
    return True


def spare(revision: Revision) -> Sequence[Link]:
    """The connections without which their target is still served."""
    return [(target, i) for target, i in revision.links() if len(revision.into(target)) > 1]


def disconnect(revision: Revision, link: Link) -> bool:
    """Takes a connection away; what its source alone fed goes with it."""
    revision.cut(link)
    return revision.is_fed(link[0])


def links(revision: Revision) -> Sequence[Link]:
    """Every connection."""
    return revision.links()


def rewire(revision: Revision, link: Link) -> bool:
    """Gives a connection another source."""
    target, position = link
    source, role, _ = revision.cut(link)
    found = [place for place in revision.accepted(target, role) if place != source]
    if not found:
        return False
    revision.join(revision.choose.category("source", found), target, role, position)
    return True


def into_decoders(revision: Revision) -> Sequence[Link]:
    """The connections whose role can change: into a decoder, but not its last latent one from an encoding network."""
    return [
        (target, position)
        for target, position in revision.links()
        if target[0] is NETWORK
        and Role.CONDITION in revision.nodes[target[1]].row.takes
        and _other_role(revision, (target, position))
    ]


def _other_role(revision: Revision, link: Link) -> Role | None:
    """The role that a connection into a decoder could have instead."""
    target, position = link
    source, role, _ = revision.into(target)[position]
    if role is Role.CONDITION:
        return Role.LATENT if revision.space.phi < 1 and revision.can_be_latent(source) else None
    others = [x for i, x in enumerate(revision.into(target)) if i != position]
    served = any(role is Role.LATENT and revision.can_be_latent(place) for place, role, _ in others)
    return Role.CONDITION if revision.space.phi > 0 and served else None


def change_role(revision: Revision, link: Link) -> bool:
    """Makes a latent connection a condition, or a condition latent; its source's KL loss goes or comes with it."""
    target, position = link
    role = _other_role(revision, link)
    if role is None:
        return False
    source, _, indices = revision.into(target)[position]
    node = revision.nodes[target[1]]
    node.sources[position] = (source, role, revision.fitted(target, role, revision.unit(source), indices))
    revision.refresh()
    return True


def variable(revision: Revision) -> Sequence[Link]:
    """The connections that could transport other variables."""
    return [link for link in revision.links() if _could_transport(revision, link)]


def partial(revision: Revision) -> Sequence[Link]:
    """The connections that transport some variables and could transport all."""
    return [
        (target, position)
        for target, position in revision.links()
        if revision.exactly(target) is None and revision.into(target)[position][2] is not None
    ]


def transport_all(revision: Revision, link: Link) -> bool:
    """Lets a connection transport all variables: what is left out may be what its target lacks."""
    target, position = link
    revision.point(link, revision.into(target)[position][0], None)
    return True


def _could_transport(revision: Revision, link: Link) -> bool:
    target, position = link
    source, role, indices = revision.into(target)[position]
    adapts, partial = revision.exactly(target) is None, revision.space.partial
    if adapts and indices is not None and partial < 1:
        return True
    return (partial > 0 or not adapts) and revision.has_parts(source, target, role)


def transport(revision: Revision, link: Link) -> bool:
    """Draws ψ anew: all variables, or some."""
    target, position = link
    source, role, old = revision.into(target)[position]
    partial, drawn = revision.space.partial, None
    whole = revision.exactly(target) is None and old is not None and partial < 1
    if not (whole and revision.choose.flag("whole", 1 - partial)):
        drawn = revision.part(source, target, role)
    revision.point(link, source, drawn)
    return drawn != old
