"""The convolution."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from valp.graph.layers.layer import NO_BREAK, Layer, Site
from valp.graph.layers.spatial import Padding, Sides, sides, sides_text, window_text
from valp.graph.shape import MisfitError, Shape, text
from valp.plan.operation import Convolve, Operation


class Convolution(Layer):
    """A convolution over the spatial dimensions, batch normalisation, an activation, and max-pooling.

    A side n becomes ⌊(n + 2·padding − kernel) / stride⌋ + 1, and ⌊that / pool⌋ after pooling.

    Attributes:
        channels: the number of channels of its result.
        kernel, stride, padding, pool: one number for each spatial dimension.
        activation, initializer, normalise: as in `Dense`.
    """

    width: ClassVar = "channels"

    form: Literal["convolution"] = "convolution"
    channels: PositiveInt
    kernel: Sides = (3, 3)
    stride: Sides = (1, 1)
    padding: Padding = (1, 1)
    pool: Sides = (1, 1)
    activation: str = "relu"
    initializer: str = "xavier"
    normalise: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """See `Layer`; (C, …) to (channels, …)."""
        result = []
        for n, kernel, stride, padding, pool in sides(shape, self.kernel, self.stride, self.padding, self.pool):
            if n + 2 * padding < kernel:
                raise MisfitError(window_text(shape, self.kernel, self.padding))
            result.append(((n + 2 * padding - kernel) // stride + 1) // pool)
        if 0 in result:
            window = window_text(shape, self.kernel, self.padding)
            raise MisfitError(f"pooling by {text(self.pool)} leaves nothing of {window}")
        return (self.channels, *result)

    def operation(self, site: Site) -> Operation:
        """See `Layer`."""
        return Convolve(
            out=site.out,
            source=site.source,
            layer=site.key,
            inputs=site.shape,
            outputs=self.output_shape(site.shape),
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            pool=self.pool,
            transposed=False,
            activation=self.activation,
            initializer=self.initializer,
            normalise=self.normalise,
        )

    def size_text(self) -> str:
        """See `Layer`; `8@3 :2 /2` has 8 channels, a kernel of 3, stride 2, and is pooled by 2."""
        pooled = f"{NO_BREAK}/{sides_text(self.pool)}" if set(self.pool) != {1} else ""
        strided = f"{NO_BREAK}:{sides_text(self.stride)}" if set(self.stride) != {1} else ""
        return f"{self.channels}@{sides_text(self.kernel)}{strided}{pooled}"

    def style_text(self) -> str:
        """See `Layer`; the kernel already shows the form."""
        return self.activation + self.normalised_text()
