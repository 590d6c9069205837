"""The layers and the prior of a network as one line of text, for pictures and tables."""

from valp.graph.graph import PrimaryNetwork
from valp.graph.layers.layer import NO_BREAK
from valp.parts.priors import STANDARD_NORMAL


def layers_text(network: PrimaryNetwork) -> str:
    """`64·32 relu`, or `64 relu · 32 tanh` if the layers differ in more than size; "" without layers.

    A prior other than N(0, I) follows: `64 relu · z ~ mixture`.
    """
    prior = f"z{NO_BREAK}~{NO_BREAK}{network.prior}" if network.prior != STANDARD_NORMAL.code else ""
    return " · ".join(part for part in (_layers(network), prior) if part)


def _layers(network: PrimaryNetwork) -> str:
    told = [(layer.size_text(), layer.style_text()) for layer in network.layers]
    if len({style for _, style in told}) == 1 and all(size for size, _ in told):
        return "·".join(size for size, _ in told) + f" {told[0][1]}"
    return " · ".join(f"{size}{NO_BREAK}{style}".strip(NO_BREAK) for size, style in told)
