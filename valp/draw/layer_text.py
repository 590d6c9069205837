"""Layers in a line of prose, for pictures and tables."""

from valp.graph.graph import (
    Convolution,
    Dense,
    Layer,
    PrimaryNetwork,
    Recurrent,
    TransposedConvolution,
)

NO_BREAK = "\u00a0"
"""A space at which no line ends."""


def layers_text(network: PrimaryNetwork) -> str:
    """`64·32 relu`, or `64 relu · 32 tanh` where activations differ; nothing without hidden layers."""
    told = [_layer(layer) for layer in network.layers]
    if len({word for _, word in told}) == 1:
        return "·".join(size for size, _ in told) + f" {told[0][1]}"
    return " · ".join(f"{size}{NO_BREAK}{word}" for size, word in told)


def _layer(layer: Layer) -> tuple[str, str]:
    """The size of a layer, and the word for what else it is."""
    normalised = f"{NO_BREAK}norm" if layer.normalise else ""
    match layer:
        case Dense():
            return str(layer.units), layer.activation + normalised
        case Recurrent():
            return str(layer.units), layer.cell + normalised
        case Convolution():
            pooled = f"{NO_BREAK}/{_sides(layer.pool)}" if set(layer.pool) != {1} else ""
            strided = f"{NO_BREAK}:{_sides(layer.stride)}" if set(layer.stride) != {1} else ""
            return f"{layer.channels}@{_sides(layer.kernel)}{strided}{pooled}", layer.activation + normalised
        case TransposedConvolution():
            strided = f"{NO_BREAK}×{_sides(layer.stride)}" if set(layer.stride) != {1} else ""
            return f"{layer.channels}@{_sides(layer.kernel)}{strided}", layer.activation + normalised


def _sides(numbers: tuple[int, ...]) -> str:
    """`3` where all sides are alike, else `3×5`."""
    return str(numbers[0]) if len(set(numbers)) == 1 else "×".join(map(str, numbers))
