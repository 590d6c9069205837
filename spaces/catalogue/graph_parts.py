"""Parts that several entries share: checks of the problem, hidden layers, stems, and decoders' layers."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from valp.errors import SettingError
from valp.graph.graph import Convolution, DataType, Dense, Output, TransposedConvolution
from valp.parts.kinds import CONVOLUTIONAL
from valp.parts.shapes import MisfitError, Shape, shapes_through, text
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.problem.description import Description

IMAGE_DIMENSIONS = 3
"""The dimensions of an image, (C, H, W)."""

SMALLEST_SIDE = 7
"""A decoder starts an image at sides of at most 7."""

CHANNELS = 32
"""The channels of the smallest image in a decoder. Each doubling of the sides halves them."""


def require(problem: Description, entry: str, *types: DataType) -> None:
    """Raises SettingError if a problem lacks an output of a type that an entry needs."""
    for data_type in types:
        if data_type not in {output.unit.type for output in problem.outputs}:
            raise SettingError(f"{entry} needs a {data_type.title()} output, but {problem.name} has none")


def require_image(problem: Description, entry: str) -> None:
    """Raises SettingError if a problem has no image as input."""
    if not any(len(part.unit.shape) == IMAGE_DIMENSIONS for part in problem.inputs):
        raise SettingError(f"{entry} needs an image as input, but {problem.name} has none")


def dense(*units: int, normalise: bool = False) -> tuple[Dense, ...]:
    """Dense hidden layers with ReLU."""
    return tuple(Dense(units=size, normalise=normalise) for size in units)


def stems(sketch: Sketch, entry: str, layers: Callable[[Shape], Sequence[Convolution]]) -> list[str]:
    """Adds a Convolutional network for each input with a shape.

    Args:
        sketch: the networks are added to it.
        entry: the name of the entry.
        layers: makes the layers of a network from the shape of its input.

    Returns:
        The names to read instead of the inputs: those of the networks, and of the inputs without a shape.

    Raises:
        SettingError: if an input is too small for the layers.
    """
    read = []
    for part in sketch.inputs:
        if part.unit.type is not DataType.FEATURES:
            read.append(part.name)
            continue
        try:
            read.append(sketch.network(f"{part.name}_features", CONVOLUTIONAL, [part.name], layers(part.unit.shape)))
        except MisfitError as misfit:
            name, shape = sketch.problem.name, text(part.unit.shape)
            raise SettingError(f"{entry} needs larger inputs than {part.name!r} of {name}, {shape}") from misfit
    return read


def pooled(shape: Shape, *channels: int, kernel: int, stride: int = 1, normalise: bool = False) -> list[Convolution]:
    """Convolutions, each followed by ReLU and max-pooling by 2. They are padded only if the input is too small."""
    sides = len(shape) - 1
    for padding in (0, kernel // 2):
        layers = [
            Convolution(
                channels=count,
                kernel=(kernel,) * sides,
                stride=(stride,) * sides,
                padding=(padding,) * sides,
                pool=(2,) * sides,
                normalise=normalise,
            )
            for count in channels
        ]
        try:
            shapes_through(shape, layers)
        except MisfitError:
            continue
        break
    return layers


def drawing(output: Output, image: Shape | None) -> list[TransposedConvolution]:
    """The layers of a Transposed-convolutional decoder, which makes Samples from a vector, read as one pixel.

    An image (C, H, W) starts at sides of at most 7, which are then doubled. Other Samples come from two transposed
    convolutions of a single pixel, which equal dense layers.
    """
    if image is None:
        layers = [_drawn(256, (1,)), _drawn(1, (output.unit.size,))]
    else:
        channels, *sides = image
        growing = [sides]
        while max(growing[0]) > SMALLEST_SIDE:
            growing.insert(0, [(side + 1) // 2 for side in growing[0]])
        layers = [_drawn(CHANNELS, growing[0])]
        for i, (smaller, larger) in enumerate(pairwise(growing)):
            # A side n becomes 2n by a kernel of 4, and 2n − 1 by one of 3.
            kernel = [4 - (2 * small - large) for small, large in zip(smaller, larger, strict=True)]
            layers.append(_drawn(max(CHANNELS >> i + 1, 8), kernel, stride=2, padding=1))
        if len(layers) == 1:
            layers.append(_drawn(channels, (1, 1)))
        layers[-1] = layers[-1].model_copy(update={"channels": channels})
    return [*layers[:-1], layers[-1].model_copy(update={"activation": "identity", "normalise": False})]


def _drawn(channels: int, kernel: Sequence[int], *, stride: int = 1, padding: int = 0) -> TransposedConvolution:
    return TransposedConvolution(
        channels=channels,
        kernel=tuple(kernel),
        stride=(stride,) * len(kernel),
        padding=(padding,) * len(kernel),
        normalise=True,
    )
