"""The base class of all layers."""

from abc import abstractmethod
from collections.abc import Collection, Iterator
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from valp.graph.frozen import Frozen
from valp.graph.shape import Shape
from valp.graph.vocabulary import ACTIVATIONS, INITIALIZERS
from valp.plan.operation import Operation

NO_BREAK = "\u00a0"
"""A no-break space."""


class Site(NamedTuple):
    """The place of a layer in a plan.

    Attributes:
        out: the buffer that its operation fills.
        source: the buffer that it reads.
        key: the key of its weights.
        shape: the shape as which the source is read; the buffer holds (batch, variables).
    """

    out: str
    source: str
    key: str
    shape: Shape


@runtime_checkable
class HasActivation(Protocol):
    """A layer with an activation, a word of `valp.graph.vocabulary.ACTIVATIONS`."""

    activation: str


@runtime_checkable
class HasInitializer(Protocol):
    """A layer with an initialiser, a word of `valp.graph.vocabulary.INITIALIZERS`."""

    initializer: str


@runtime_checkable
class HasNormalisation(Protocol):
    """A layer that may have batch normalisation."""

    normalise: bool


class Layer(Frozen):
    """A layer of a network. A subclass is a form of layer: one file and one row of `valp.graph.layers.LAYERS`.

    A form fixes its name by `form: Literal["attention"] = "attention"` and adds its own fields. Fields named
    `activation`, `initializer` and `normalise` mean the same in every form (see `HasActivation`, `HasInitializer`,
    `HasNormalisation`): `check` compares them with the known words, and mutation changes them. How weights are
    inherited depends on the layer's operation: units of `Affine`, `Convolve` and `Recur` are matched by their place,
    the tensors of a module (`Apply`) by name and shape.

    Attributes:
        form: the name of the form in the JSON of a graph.
        width: the field that holds the number of units or channels; None for a form without one.
    """

    width: ClassVar[str | None] = None

    form: str

    @classmethod
    def form_name(cls) -> str:
        """The name of the form; "" if the class does not define one."""
        field = cls.model_fields.get("form")
        return field.default if field is not None and isinstance(field.default, str) else ""

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The shape that the layer makes of `shape`.

        Raises:
            MisfitError: if the layer does not fit.
        """

    @abstractmethod
    def operation(self, site: Site) -> Operation:
        """The operation that the layer becomes. It fills `site.out`. The layer is known to fit `site.shape`."""

    def words(self) -> Iterator[tuple[str, str, Collection[str]]]:
        """The words in the layer's fields: what each is, the word, and the known words."""
        if isinstance(self, HasActivation):
            yield "activation", self.activation, ACTIVATIONS
        if isinstance(self, HasInitializer):
            yield "initializer", self.initializer, INITIALIZERS

    def key_document(self) -> dict[str, Any]:
        """What the layer adds to the content key of its graph: every field."""
        return self.model_dump(mode="json")

    def size_text(self) -> str:
        """The size of the layer as short text: `64`, or `8@3`; "" if it has no width."""
        return "" if self.width is None else str(getattr(self, self.width))

    def style_text(self) -> str:
        """The other properties as short text: the form, the activation, and whether it is normalised."""
        words = [self.form.replace("_", " "), self.activation if isinstance(self, HasActivation) else ""]
        return NO_BREAK.join(word for word in words if word) + self.normalised_text()

    def normalised_text(self) -> str:
        """` norm` for a layer with batch normalisation, else ""."""
        return f"{NO_BREAK}norm" if isinstance(self, HasNormalisation) and self.normalise else ""
