"""Moves that change the size or shape of a network's output unit."""

from collections.abc import Sequence
from math import prod

from valp.graph.graph import DataType, DataUnit, Role
from valp.parts.design import Designer, Sides, Wish
from valp.parts.own_types import like
from valp.spaces.generate.draft_node import NETWORK, OUTPUT, Node
from valp.spaces.generate.makes import kinds_of
from valp.spaces.generate.space import Space
from valp.spaces.vary.layer_moves import drawn_width
from valp.spaces.vary.revision import Revision


def growable(revision: Revision) -> Sequence[int]:
    """The networks whose output unit can be wider."""
    return [i for i in _resizable(revision) if _larger(revision, i)]


def shrinkable(revision: Revision) -> Sequence[int]:
    """The networks whose output unit can be narrower."""
    return [i for i in _resizable(revision) if _smaller(revision, i)]


def grow(revision: Revision, index: int) -> bool:
    """Widens the output unit of a network."""
    return _with_size(revision, index, _larger(revision, index))


def shrink(revision: Revision, index: int) -> bool:
    """Narrows the output unit of a network, but not below the size that its readers need."""
    return _with_size(revision, index, _smaller(revision, index))


def _resizable(revision: Revision) -> list[int]:
    return [
        i
        for i, node in enumerate(revision.nodes)
        if len(node.unit.shape) == 1
        and node.row.resizable
        and not node.fixed
        and revision.is_movable(i)
        and not revision.is_judged(i)
    ]


def _sizes(space: Space, node: Node) -> tuple[int, int]:
    """The range of the size of a network's output; smaller if each variable takes several of the source."""
    low, high = space.output_units
    each = node.row.reads_per_variable or 1
    return max(1, low // each), max(1, high // each)


def _larger(revision: Revision, index: int) -> range:
    node = revision.nodes[index]
    low, high = _sizes(revision.space, node)
    each = node.row.reads_per_variable
    if each is not None:
        high = min(high, *(revision.unit(place).size // each for place, _, _ in node.sources))
    return range(max(low, node.unit.size + 1), high + 1)


def _smaller(revision: Revision, index: int) -> range:
    """The smaller sizes: in the space's range or, if there are none, the size of a model output that it serves."""
    node = revision.nodes[index]
    low, high = _sizes(revision.space, node)
    needs = [
        revision.exactly(t) or (2 if revision.into(t)[i][1] is Role.LATENT else 1) for t, i in revision.out_of(index)
    ]
    sizes = range(max(low, *needs), min(high, node.unit.size - 1) + 1)
    served = [revision.outputs[t[1]].unit.size for t, _ in revision.out_of(index) if t[0] is OUTPUT]
    exact = max(served, default=0)
    if not sizes and exact == max(needs) < node.unit.size:
        return range(exact, exact + 1)
    return sizes


def _with_size(revision: Revision, index: int, sizes: range) -> bool:
    size = drawn_width(revision, sizes[0], sizes[-1])
    revision.with_unit(index, DataUnit(type=revision.nodes[index].unit.type, shape=(size,)))
    return True


def redesignable(revision: Revision) -> Sequence[int]:
    """The networks whose layers form a unit and can be drawn again."""
    return [i for i in range(len(revision.nodes)) if _wish(revision, i) is not None]


def redesign(revision: Revision, index: int) -> bool:
    """Draws all layers of a network again. Its connections stay."""
    node, wish = revision.nodes[index], _wish(revision, index)
    if wish is None:
        return False
    drawn = node.row.design(
        node.unit.type, wish, Designer("redesign", revision.space, revision.choose, _given(revision, index))
    )
    revision.with_layers(index, drawn.layers)
    if drawn.unit != node.unit:
        revision.with_unit(index, drawn.unit)
    return True


def _wish(revision: Revision, index: int) -> Wish | None:
    """The requirements for new layers of a network, so that its readers still fit; None if the space has none."""
    node, readers = revision.nodes[index], revision.out_of(index)
    if node.fixed or not node.row.layers_together:
        return None
    image = next((image for image in revision.images.values() if prod(image) == node.unit.size), None)
    shaped = like(node.unit.type) is DataType.FEATURES
    latent = any(revision.into(target)[i][1] is Role.LATENT for target, i in readers)
    tied = any(target[0] is OUTPUT for target, _ in readers) or latent or not shaped
    tied = tied or not revision.is_movable(index) or revision.is_judged(index)
    read = [revision.nodes[t[1]].design.reads for t, _ in readers if t[0] is NETWORK]
    sides = next((reads for reads in read if reads is not None), None)
    wish = Wish(Role.DATA, unit=node.unit if tied else None, reads=sides, image=image)
    kinds = kinds_of(revision.space)
    return wish if node.row.serves(node.unit.type, wish, _given(revision, index), kinds) else None


def _given(revision: Revision, index: int) -> list[Sides]:
    """The spatial size of the Features that a network reads by their shape, if any."""
    reads = revision.nodes[index].design.reads
    return [] if reads is None else [reads]
