"""The transposed convolution."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from valp.graph.layers.layer import NO_BREAK, Layer, Site
from valp.graph.layers.spatial import Padding, Sides, sides, sides_text, window_text
from valp.graph.shape import MisfitError, Shape
from valp.plan.operation import Convolve, Operation


class TransposedConvolution(Layer):
    """A transposed convolution: a side n becomes (n − 1)·stride − 2·padding + kernel.

    Attributes:
        channels: the number of channels of its result.
        kernel, stride, padding: one number for each spatial dimension.
        activation, initializer, normalise: as in `Dense`.
    """

    width: ClassVar = "channels"

    form: Literal["transposed_convolution"] = "transposed_convolution"
    channels: PositiveInt
    kernel: Sides = (4, 4)
    stride: Sides = (2, 2)
    padding: Padding = (1, 1)
    activation: str = "relu"
    initializer: str = "xavier"
    normalise: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """See `Layer`; (C, …) to (channels, …)."""
        numbers = sides(shape, self.kernel, self.stride, self.padding, self.pool)
        result = [(n - 1) * stride - 2 * padding + kernel for n, kernel, stride, padding, _ in numbers]
        if min(result) < 1:
            raise MisfitError(f"nothing is left of {window_text(shape, self.kernel, self.padding)}")
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
            transposed=True,
            activation=self.activation,
            initializer=self.initializer,
            normalise=self.normalise,
        )

    def size_text(self) -> str:
        """See `Layer`; `8@4 ×2` has 8 channels, a kernel of 4 and stride 2, which doubles the sides."""
        strided = f"{NO_BREAK}×{sides_text(self.stride)}" if set(self.stride) != {1} else ""
        return f"{self.channels}@{sides_text(self.kernel)}{strided}"

    def style_text(self) -> str:
        """See `Layer`; the kernel already shows the form."""
        return self.activation + self.normalised_text()

    @property
    def pool(self) -> tuple[int, ...]:
        """No pooling, in as many dimensions as the kernel has."""
        return (1,) * len(self.kernel)
