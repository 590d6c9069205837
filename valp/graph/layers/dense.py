"""The fully connected layer."""

from math import prod
from typing import Any, ClassVar, Literal

from pydantic import PositiveInt

from valp.graph.layers.layer import Layer, Site
from valp.graph.shape import Shape
from valp.plan.operation import Affine, Operation


class Dense(Layer):
    """A fully connected hidden layer.

    Attributes:
        units: the number of neurons.
        activation: a word of `valp.graph.vocabulary.ACTIVATIONS`.
        initializer: how its weights are drawn, a word of `valp.graph.vocabulary.INITIALIZERS`.
        normalise: whether batch normalisation precedes the activation (Ioffe & Szegedy 2015, arXiv:1502.03167).
    """

    width: ClassVar = "units"

    form: Literal["dense"] = "dense"
    units: PositiveInt
    activation: str = "relu"
    initializer: str = "xavier"
    normalise: bool = False

    def output_shape(self, shape: Shape) -> Shape:  # noqa: ARG002 - it reads anything as a vector
        """A vector, whatever the shape."""
        return (self.units,)

    def operation(self, site: Site) -> Operation:
        """See `Layer`."""
        words = (self.activation, self.initializer, self.normalise)
        return Affine(site.out, site.source, site.key, prod(site.shape), self.units, *words)

    def key_document(self) -> dict[str, Any]:
        """See `Layer`. Keys are older than `form` and `normalise`, so `form` is left out, and `normalise` if false."""
        return self.model_dump(mode="json", exclude={"form"} if self.normalise else {"form", "normalise"})

    def style_text(self) -> str:
        """See `Layer`; the form is left out."""
        return self.activation + self.normalised_text()
