"""Moves that add, remove, split, copy and merge networks."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from valp.graph.graph import DataType, DataUnit, Role
from valp.parts.design import Design
from valp.parts.kinds import Need
from valp.parts.own_types import like
from valp.spaces.generate.draft_node import NETWORK, OUTPUT, Node, Place
from valp.spaces.generate.makes import kinds_of
from valp.spaces.vary.revision import Link, Revision


def room_for_one(revision: Revision) -> bool:
    """Whether one more network is allowed."""
    return revision.room() > 0


def addable(revision: Revision) -> Sequence[Place]:
    """The components to which a network can be added as a further source."""
    return revision.extendable() if room_for_one(revision) else []


def add(revision: Revision, target: Place) -> bool:
    """Adds a network as a further source of a component."""
    role = revision.role(target)
    kinds = revision.creatable(target, role)
    if not kinds:
        return False
    revision.connect(revision.create(target, role, kinds), target, role)
    revision.refresh()
    return True


def insertable(revision: Revision) -> Sequence[Link]:
    """The connections into which a network can be inserted."""
    return revision.links() if room_for_one(revision) else []


def insert(revision: Revision, link: Link) -> bool:
    """Inserts a network into a connection. If it cannot read the source, completion gives it another one."""
    target, position = link
    source, role, _ = revision.cut(link)
    kinds = revision.creatable(target, role)
    if not kinds:
        return False
    place = revision.create(target, role, kinds)
    revision.join(place, target, role, position)
    own = revision.role(place)
    if source in revision.accepted(place, own):
        revision.join(source, place, own)
    return True


def removable(revision: Revision) -> Sequence[int]:
    """The networks that can be removed."""
    return [i for i in range(len(revision.nodes)) if revision.is_movable(i)]


def remove(revision: Revision, index: int) -> bool:
    """Removes a network. Each of its readers reads one of its sources instead, or completion gives it another one."""
    given = [place for place, _, _ in revision.nodes[index].sources]
    for target, position in revision.out_of(index):
        _, role, _ = revision.cut((target, position))
        accepted = revision.accepted(target, role)
        options: list[Place | None] = [place for place in given if place in accepted]
        if revision.is_fed(target) or not options:
            options.append(None)
        chosen = revision.choose.category("heir", options)
        if chosen is not None:
            revision.join(chosen, target, role, position)
    revision.drop([index])
    return True


def parallel(revision: Revision) -> Sequence[int]:
    """The networks that can be split into two side by side."""
    if not room_for_one(revision):
        return []
    kinds = revision.space.kinds
    return [i for i, node in enumerate(revision.nodes) if node.kind in kinds and _readers_to_share(revision, i)]


def split_in_parallel(revision: Revision, index: int) -> bool:
    """Splits a network into two with the same layers. Each gets some of the sources and some of the readers.

    If both have the same sources and readers, the second starts from fresh weights: with equal weights they would
    always stay equal.
    """
    node, choose = revision.nodes[index], revision.choose
    links = _readers_to_share(revision, index)
    place = _copied(revision, index)
    twin = revision.nodes[place[1]]
    if len(revision.out_of(index)) == 1:
        target, position = links[0]
        _, role, indices = revision.into(target)[position]
        revision.append(place, target, role, indices)
    else:
        most = len(links) - (len(links) == len(revision.out_of(index)))
        moved = choose.subset("readers", len(links), choose.integer("moved", 1, most))
        for target, position in (links[i] for i in moved):
            _, _, indices = revision.into(target)[position]
            revision.point((target, position), place, indices)
    revision.refresh()
    if len(node.sources) > 1 and not node.fixed:
        taken = choose.subset("sources", len(node.sources), choose.integer("taken", 1, len(node.sources) - 1))
        everything, needed = node.sources, revision.essential(place)
        twin.sources = [x for i, x in enumerate(everything) if i in taken or i in needed]
        node.sources = [x for i, x in enumerate(everything) if i not in taken or i in needed]
    if twin.sources == node.sources and _are_read_alike(revision, index, place[1]):
        twin.origin = None
    revision.refresh()
    return True


def _copied(revision: Revision, index: int) -> Place:
    """Adds a copy of a network with the same sources, which feeds nothing yet."""
    node = revision.nodes[index]
    revision.nodes.append(replace(node, name="", sources=list(node.sources)))
    return NETWORK, len(revision.nodes) - 1


def _are_read_alike(revision: Revision, index: int, other: int) -> bool:
    """Whether two networks have the same readers."""
    return [target for target, _ in revision.out_of(index)] == [target for target, _ in revision.out_of(other)]


def _readers_to_share(revision: Revision, index: int) -> list[Link]:
    """The outgoing connections that the two halves of a network could divide, or the only one, which both can have."""
    readers = revision.out_of(index)
    links = [link for link in readers if not revision.is_fixed(link[0])]
    if len(readers) > 1:
        return links
    return [(target, i) for target, i in links if target[0] is OUTPUT or not revision.nodes[target[1]].row.one_source]


def repeatable(revision: Revision) -> Sequence[int]:
    """The networks that feed an output directly and make no Samples, because an average of pictures is no picture."""
    return _ensemble(revision) if room_for_one(revision) else []


def _ensemble(revision: Revision) -> list[int]:
    return [
        i
        for i, node in enumerate(revision.nodes)
        if like(node.unit.type) is not DataType.SAMPLES
        and node.kind in revision.space.kinds
        and not node.fixed
        and _free_outputs(revision, i)
    ]


def repeat(revision: Revision, index: int) -> bool:
    """Adds a copy of a network with the same sources to the outputs that it feeds, as an ensemble.

    The copy starts from fresh weights: with equal weights both would always stay equal.
    """
    place = _copied(revision, index)
    revision.nodes[place[1]].origin = None
    for target, position in _free_outputs(revision, index):
        _, role, indices = revision.into(target)[position]
        revision.append(place, target, role, indices)
    return True


def replaceable(revision: Revision) -> Sequence[tuple[int, int]]:
    """In a full graph, pairs of a network that can be repeated and one that serves only other outputs."""
    if room_for_one(revision):
        return []
    movable, outputs = removable(revision), [(OUTPUT, i) for i in range(len(revision.outputs))]
    serving = [revision.serving(output) for output in outputs]
    found = list[tuple[int, int]]()
    for index in _ensemble(revision):
        same_outputs = set().union(*(places for places in serving if (NETWORK, index) in places))
        found += [(index, other) for other in movable if (NETWORK, other) not in same_outputs]
    return found


def repeat_instead(revision: Revision, pair: tuple[int, int]) -> bool:
    """Removes a network, and repeats another. A full graph has no other way to get an ensemble."""
    index, gone = pair
    return remove(revision, gone) and repeat(revision, index - (gone < index))


def _free_outputs(revision: Revision, index: int) -> list[Link]:
    """The connections from a network to outputs that are not fixed."""
    return [link for link in revision.out_of(index) if link[0][0] is OUTPUT and not revision.is_fixed(link[0])]


def series(revision: Revision) -> Sequence[int]:
    """The networks that can be split into two in series."""
    least = revision.space.hidden_layers[0]
    return [
        i
        for i, node in enumerate(revision.nodes)
        if room_for_one(revision)
        and _bridge(revision, node) is not None
        and not node.fixed
        and len(node.design.layers) >= max(1, 2 * least)
        and (node.need is not Need.CODE or (revision.is_movable(i) and not revision.is_judged(i)))
    ]


def split_in_series(revision: Revision, index: int) -> bool:
    """Splits a network into two, the second of which reads the first. Each gets some of the hidden layers.

    The first is of a bridging kind. If the network is a decoder, it comes first, and the second is of a bridging kind.
    """
    node, choose, space = revision.nodes[index], revision.choose, revision.space
    layers, least = node.design.layers, space.hidden_layers[0]
    first = choose.integer("layers", least, len(layers) - least)
    size = choose.integer("output", *space.output_units, log_scale=space.log_scale)
    place: Place = (NETWORK, len(revision.nodes))
    samples = node.need is not None and like(node.unit.type) is DataType.SAMPLES
    between = DataUnit(type=DataType.SAMPLES if samples else DataType.NUMERIC, shape=(size,))
    unit, name = node.unit, _bridge(revision, node)
    if name is None:
        return False
    if node.need is Need.CODE:
        readers = revision.out_of(index)
        new = Node(name, Design(unit, layers[first:]), node.initializer, node.combiner, 0)
        new.sources = [((NETWORK, index), Role.DATA, None)]
        revision.nodes.append(new)
        for target, position in readers:
            revision.point((target, position), place, revision.into(target)[position][2])
        revision.with_layers(index, layers[:first])
        revision.with_unit(index, between)
        return True
    alike = (node.kind, node.unit.type) == (name, between.type)
    new = Node(name, Design(between, layers[:first]), node.initializer, node.combiner, 0)
    new.sources, new.origin = node.sources, node.origin if alike else None
    revision.nodes.append(new)
    node.sources = [(place, Role.DATA, None)]
    revision.with_layers(index, layers[first:])
    revision.refresh()
    return True


def _bridge(revision: Revision, node: Node) -> str | None:
    """A kind that takes any data and has the same layers as a network; None if its layers cannot be divided."""
    if not node.row.stacks:
        return None
    bridges = (kind for kind in kinds_of(revision.space) if kind.encodes and kind.layer is node.row.layer)
    return next((kind.code for kind in bridges), None)


def mergeable(revision: Revision) -> Sequence[tuple[int, int]]:
    """Pairs of networks that can be merged. The first remains. Neither feeds the other."""
    return [
        (kept, gone)
        for pair in combinations(range(len(revision.nodes)), 2)
        for kept, gone in (pair, pair[::-1])
        if _could_be_one(revision, kept, gone)
    ]


def _could_be_one(revision: Revision, kept: int, gone: int) -> bool:
    a, b = revision.nodes[kept], revision.nodes[gone]
    alike = (a.kind, a.unit.type, a.design.reads) == (b.kind, b.unit.type, b.design.reads)
    shaped = len(a.unit.shape) == 1 or a.unit.shape == b.unit.shape
    apart = not a.below >> gone & 1 and not b.below >> kept & 1
    free = not a.fixed and not b.fixed and revision.is_movable(gone) and not revision.is_judged(gone)
    return alike and shaped and apart and free and a.unit.size >= b.unit.size


def merge(revision: Revision, pair: tuple[int, int]) -> bool:
    """Merges two networks of the same kind and type. The result has the sources and readers of both."""
    kept, gone = pair
    node, place = revision.nodes[kept], (NETWORK, kept)
    if not node.row.one_source:
        read = {source for source, _, _ in node.sources}
        node.sources += [link for link in revision.nodes[gone].sources if link[0] not in read]
    for target, position in revision.out_of(gone):
        _, role, indices = revision.into(target)[position]
        if not any(source == place for source, _, _ in revision.into(target)):
            fitted = revision.fitted(target, role, node.unit, indices)
            revision.point((target, position), place, fitted)
    revision.drop([gone])
    return True
