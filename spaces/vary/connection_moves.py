"""Moves that change connections and the variables that they transport."""

from collections.abc import Sequence

from valp.graph.graph import DataType, Role
from valp.parts.own_types import like
from valp.spaces.generate.draft_node import INPUT, NETWORK, Place
from valp.spaces.generate.makes import Make
from valp.spaces.vary.revision import Link, Revision


def targets(revision: Revision) -> Sequence[Place]:
    """The components that can have a further source."""
    return revision.extendable()


def connect(revision: Revision, target: Place) -> bool:
    """Adds an existing component as a source of another."""
    return _connected(revision, target, revision.role(target))


def _connected(revision: Revision, target: Place, role: Role) -> bool:
    """Draws a further source for a component. Returns False if there is none."""
    found = revision.sources(target, role)
    if not found:
        return False
    revision.join(revision.choose.category("source", found), target, role)
    return True


def unconditioned(revision: Revision) -> Sequence[Place]:
    """The networks that could have a condition but have none."""
    return [
        (NETWORK, i)
        for i, node in enumerate(revision.nodes)
        if Role.CONDITION in node.row.takes
        and revision.space.phi > 0
        and not revision.is_fixed((NETWORK, i))
        and not any(role is Role.CONDITION for _, role, _ in node.sources)
        and (revision.sources((NETWORK, i), Role.CONDITION) or _new_conditions(revision, (NETWORK, i)))
    ]


def condition(revision: Revision, decoder: Place) -> bool:
    """Gives a decoder a condition, which says what to generate: an existing component or, if none fits, a new one."""
    if _connected(revision, decoder, Role.CONDITION):
        return True
    makes = _new_conditions(revision, decoder)
    if makes:
        revision.join(revision.create(decoder, Role.CONDITION, makes), decoder, Role.CONDITION)
    return bool(makes)


def _new_conditions(revision: Revision, decoder: Place) -> Sequence[Make]:
    """The networks that could be created as a condition. Where samples may depend on anything, there is no need to."""
    return revision.creatable(decoder, Role.CONDITION) if revision.conditions.restrict else ()


def readable(revision: Revision) -> Sequence[tuple[Place, Place]]:
    """Pairs of an input and a network that could read it as data but does not."""
    return [
        (place, target)
        for target in _readers(revision)
        for place in revision.sources(target, Role.DATA)
        if place[0] is INPUT
    ]


def _readers(revision: Revision) -> list[Place]:
    """The networks that may read any input as data.

    Networks that make Samples may not, because they could copy an input that they read as data.
    """
    return [
        (NETWORK, i)
        for i, node in enumerate(revision.nodes)
        if node.need is None and not node.fixed and like(node.unit.type) is not DataType.SAMPLES
    ]


def read(revision: Revision, pair: tuple[Place, Place]) -> bool:
    """Connects an input directly to a network, so that no network in between can lose information."""
    revision.join(*pair, Role.DATA)
    return True


def readable_alone(revision: Revision) -> Sequence[tuple[Place, Place]]:
    """Pairs of an input and a network that reads or could read it, and also reads other networks."""
    found: list[tuple[Place, Place]] = []
    for target in _readers(revision):
        own = [place for place, _, _ in revision.into(target)]
        if any(group is NETWORK for group, _ in own):
            found += [(place, target) for place in [*own, *revision.sources(target, Role.DATA)] if place[0] is INPUT]
    return found


def read_alone(revision: Revision, pair: tuple[Place, Place]) -> bool:
    """Lets a network read only inputs, among them all variables of this one. Networks that then feed nothing go.

    If it has read no input before, it starts from fresh weights, because none of its own would fit.
    """
    place, target = pair
    node = revision.nodes[target[1]]
    inputs = [link for link in node.sources if link[0][0] is INPUT]
    if not inputs:
        node.origin = None
    node.sources = [*(link for link in inputs if link[0] != place), (place, Role.DATA, None)]
    revision.refresh()
    return True


def disconnectable(revision: Revision) -> Sequence[Link]:
    """The connections that can go because their target has another source."""
    return [(target, i) for target, i in revision.links() if len(revision.into(target)) > 1]


def disconnect(revision: Revision, link: Link) -> bool:
    """Removes a connection. Networks that then feed nothing go with it."""
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
    """The connections into a decoder whose role can change: all but its last latent one from an encoding network."""
    return [
        (target, position)
        for target, position in revision.links()
        if target[0] is NETWORK
        and Role.CONDITION in revision.nodes[target[1]].row.takes
        and _other_role(revision, (target, position))
    ]


def _other_role(revision: Revision, link: Link) -> Role | None:
    """The other role that a connection into a decoder could have; None if there is none."""
    target, position = link
    source, role, _ = revision.into(target)[position]
    if role is Role.CONDITION:
        return Role.LATENT if revision.space.phi < 1 and revision.can_be_latent(source) else None
    if not revision.allows(source, target, Role.CONDITION):
        return None
    others = [x for i, x in enumerate(revision.into(target)) if i != position]
    served = any(role is Role.LATENT and revision.can_be_latent(place) for place, role, _ in others)
    return Role.CONDITION if revision.space.phi > 0 and served else None


def change_role(revision: Revision, link: Link) -> bool:
    """Makes a latent connection a condition, or a condition latent. The source loses or gets its KL loss."""
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
    """The connections that transport only some variables but could transport all."""
    return [
        (target, position)
        for target, position in revision.links()
        if revision.exactly(target) is None and revision.into(target)[position][2] is not None
    ]


def transport_all(revision: Revision, link: Link) -> bool:
    """Lets a connection transport all variables: its target may need those that were left out."""
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
    """Draws a new ψ: all variables, or some."""
    target, position = link
    source, role, old = revision.into(target)[position]
    partial, drawn = revision.space.partial, None
    whole = revision.exactly(target) is None and old is not None and partial < 1
    if not (whole and revision.choose.flag("whole", 1 - partial)):
        drawn = revision.part(source, target, role)
    revision.point(link, source, drawn)
    return drawn != old
