"""Moves that change a network's layers, combiner, activations, initialisers and normalisation."""

from collections.abc import Callable, Sequence
from typing import Any

from valp.graph.graph import Layer
from valp.graph.layers import HasActivation, HasInitializer, HasNormalisation
from valp.parts.design import Designer
from valp.spaces.generate.draft_node import Node
from valp.spaces.vary.revision import Revision

Spot = tuple[int, int]
"""The indices of a network and of one of its layers. Layer −1 is the implied last one."""


def _hidden(node: Node) -> Sequence[Layer]:
    """The layers whose width is free. The last layer of a convolutional network makes its output, so it is not."""
    return node.design.layers if node.row.last_layer else node.design.layers[:-1]


def _changed(revision: Revision, spot: Spot, **fields: Any) -> bool:
    """Changes a layer, or all layers of the network if they must be equal and are."""
    index, place = spot
    layers = revision.nodes[index].design.layers
    alike = _alike(revision, index)
    revision.with_layers(
        index, [x.model_copy(update=fields) if alike or i == place else x for i, x in enumerate(layers)]
    )
    return True


def _alike(revision: Revision, index: int) -> bool:
    node = revision.nodes[index]
    uniform = revision.space.uniform_layers or node.row.uniform_layers
    return uniform and node.row.last_layer and len(set(node.design.layers)) == 1


def _spots(revision: Revision, free: Callable[[Node], Sequence[Layer]]) -> list[tuple[Spot, Layer]]:
    """The layers that can be changed. If all layers are equal, the first represents them."""
    return [
        ((index, place), layer)
        for index, node in enumerate(revision.nodes)
        for place, layer in enumerate(free(node)[:1] if _alike(revision, index) else free(node))
    ]


def drawn_width(revision: Revision, low: int, high: int) -> int:
    """A width in [low, high], drawn on the space's scale."""
    return revision.choose.integer("width", low, high, log_scale=revision.space.log_scale)


def widenable(revision: Revision) -> Sequence[Spot]:
    """The hidden layers that can be wider."""
    return [spot for spot, _ in _spots(revision, _hidden) if _wider(revision, spot)]


def narrowable(revision: Revision) -> Sequence[Spot]:
    """The hidden layers that can be narrower."""
    return [spot for spot, _ in _spots(revision, _hidden) if _narrower(revision, spot)]


def _wider(revision: Revision, spot: Spot) -> tuple[str, int, int] | None:
    return _in_range(revision, spot, lambda width, low, high: (max(low, width + 1), high))


def _narrower(revision: Revision, spot: Spot) -> tuple[str, int, int] | None:
    return _in_range(revision, spot, lambda width, low, high: (low, min(high, width - 1)))


def _in_range(
    revision: Revision, spot: Spot, part: Callable[[int, int, int], tuple[int, int]]
) -> tuple[str, int, int] | None:
    """The field with a layer's width, and the ends of a part of its range; None if that part is empty."""
    layer, widths = _layer(revision, spot), revision.nodes[spot[0]].row.widths(revision.space)
    if layer.width is None or widths is None:
        return None
    low, high = part(getattr(layer, layer.width), *widths)
    return (layer.width, low, high) if low <= high else None


def widen(revision: Revision, spot: Spot) -> bool:
    """Widens a hidden layer."""
    return _resized(revision, spot, _wider(revision, spot))


def broadenable(revision: Revision) -> Sequence[int]:
    """The networks with at least one hidden layer that can be wider."""
    return sorted({index for index, _ in widenable(revision)})


def broaden(revision: Revision, index: int) -> bool:
    """Widens all hidden layers of a network that can be wider, because the narrowest limits the network."""
    for spot in [spot for spot in widenable(revision) if spot[0] == index]:
        widen(revision, spot)
    return True


def narrow(revision: Revision, spot: Spot) -> bool:
    """Narrows a hidden layer."""
    return _resized(revision, spot, _narrower(revision, spot))


def _layer(revision: Revision, spot: Spot) -> Layer:
    return revision.nodes[spot[0]].design.layers[spot[1]]


def _resized(revision: Revision, spot: Spot, found: tuple[str, int, int] | None) -> bool:
    if found is None:
        return False
    name, low, high = found
    return _changed(revision, spot, **{name: drawn_width(revision, low, high)})


def deepenable(revision: Revision) -> Sequence[int]:
    """The networks that can have another hidden layer."""
    most = revision.space.hidden_layers[1]
    return [i for i, node in enumerate(revision.nodes) if node.row.stacks and len(node.design.layers) < most]


def deepen(revision: Revision, index: int) -> bool:
    """Adds a hidden layer at a random place: a copy if layers are uniform, otherwise a random one."""
    space, choose, layers = revision.space, revision.choose, list(revision.nodes[index].design.layers)
    if layers and space.uniform_layers:
        place = choose.integer("place", 0, len(layers) - 1)
        layers.insert(place, layers[place])
        revision.with_layers(index, layers)
        return True
    designer = Designer("layer", space, choose, ())
    layer = revision.nodes[index].row.hidden_layer(designer, bool(layers) and _is_normalised(layers[0]))
    if not layers and isinstance(layer, HasNormalisation):
        layer = layer.model_copy(update={"normalise": designer.normalise()})
    layers.insert(choose.integer("place", 0, len(layers)), layer)
    revision.with_layers(index, layers)
    return True


def shallowable(revision: Revision) -> Sequence[int]:
    """The networks that can lose a hidden layer."""
    least = revision.space.hidden_layers[0]
    return [
        i
        for i, node in enumerate(revision.nodes)
        if node.row.stacks and len(node.design.layers) > max(least, node.row.fewest_layers)
    ]


def make_shallower(revision: Revision, index: int) -> bool:
    """Removes a hidden layer."""
    layers = list(revision.nodes[index].design.layers)
    del layers[revision.choose.integer("place", 0, len(layers) - 1)]
    revision.with_layers(index, layers)
    return True


def combinable(revision: Revision) -> Sequence[int]:
    """The networks that can have another combiner."""
    others = len(set(revision.space.network_combiners)) > 1
    return [i for i, node in enumerate(revision.nodes) if others and not node.fixed]


def recombine(revision: Revision, index: int) -> bool:
    """Gives a network another combiner."""
    node = revision.nodes[index]
    options = [code for code in revision.space.network_combiners if code != node.combiner]
    node.combiner = revision.choose.category("combiner", options)
    return True


def _activated(node: Node) -> Sequence[Layer]:
    """The layers whose activation is free. The last layer of a shaped network is not if its activation is identity."""
    layers = node.design.layers
    last = not node.row.last_layer and bool(layers) and getattr(layers[-1], "activation", "") == "identity"
    return layers[:-1] if last else layers


def activatable(revision: Revision) -> Sequence[Spot]:
    """The layers that can have another activation."""
    return [
        spot
        for spot, layer in _spots(revision, _activated)
        if isinstance(layer, HasActivation) and _others(revision.space.activations, layer.activation)
    ]


def activate(revision: Revision, spot: Spot) -> bool:
    """Gives a layer another activation."""
    layer = _layer(revision, spot)
    if not isinstance(layer, HasActivation):
        return False
    options = _others(revision.space.activations, layer.activation)
    return _changed(revision, spot, activation=revision.choose.category("activation", options))


def initialisable(revision: Revision) -> Sequence[Spot]:
    """The layers that can have another initialiser."""
    last = [((i, -1), node.initializer) for i, node in enumerate(revision.nodes) if node.row.last_layer]
    layers = _spots(revision, lambda node: node.design.layers)
    found = [*last, *((spot, layer.initializer) for spot, layer in layers if isinstance(layer, HasInitializer))]
    return [spot for spot, word in found if _others(revision.space.initializers, word)]


def initialise(revision: Revision, spot: Spot) -> bool:
    """Gives a layer another initialiser."""
    index, place = spot
    node = revision.nodes[index]
    layer = node if place < 0 else node.design.layers[place]
    if not isinstance(layer, HasInitializer):
        return False
    drawn = revision.choose.category("initializer", _others(revision.space.initializers, layer.initializer))
    if place >= 0:
        return _changed(revision, spot, initializer=drawn)
    node.initializer = drawn
    return True


def restylable(revision: Revision) -> Sequence[int]:
    """The networks whose layers may differ in activation and initialiser."""
    return [] if revision.space.uniform_layers else [i for i, node in enumerate(revision.nodes) if node.design.layers]


def restyle(revision: Revision, index: int) -> bool:
    """Gives all layers of a network one activation and one initialiser."""
    node, space = revision.nodes[index], revision.space
    activation = revision.choose.category("activation", space.activations)
    initializer = revision.choose.category("initializer", space.initializers)
    count = len(_activated(node))
    layers = list[Layer]()
    for place, layer in enumerate(node.design.layers):
        changed = {"initializer": initializer} if isinstance(layer, HasInitializer) else {}
        changed |= {"activation": activation} if place < count and isinstance(layer, HasActivation) else {}
        layers.append(layer.model_copy(update=changed))
    revision.with_layers(index, layers)
    if node.row.last_layer:
        node.initializer = initializer
    return True


def _others(words: Sequence[str], word: str) -> list[str]:
    return [other for other in words if other != word]


def normalisable(revision: Revision) -> Sequence[int]:
    """The networks for which batch normalisation can be switched on or off."""
    return [
        i
        for i, node in enumerate(revision.nodes)
        if any(
            0 < revision.space.normalise < 1 or _is_normalised(layer) != bool(revision.space.normalise)
            for layer in _activated(node)
            if isinstance(layer, HasNormalisation)
        )
    ]


def normalise(revision: Revision, index: int) -> bool:
    """Switches batch normalisation of a network on or off."""
    node = revision.nodes[index]
    count, share = len(_activated(node)), revision.space.normalise
    wanted = not _is_normalised(node.design.layers[0]) if 0 < share < 1 else bool(share)
    layers = [
        layer.model_copy(update={"normalise": wanted}) if i < count and isinstance(layer, HasNormalisation) else layer
        for i, layer in enumerate(node.design.layers)
    ]
    revision.with_layers(index, layers)
    return True


def _is_normalised(layer: Layer) -> bool:
    return isinstance(layer, HasNormalisation) and layer.normalise
