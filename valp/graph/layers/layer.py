"""What a form of layer says of itself."""

from abc import abstractmethod
from collections.abc import Collection, Iterator
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from valp.graph.frozen import Frozen
from valp.graph.shape import Shape
from valp.graph.vocabulary import ACTIVATIONS, INITIALIZERS
from valp.plan.operation import Operation

NO_BREAK = "\u00a0"
"""A space at which no line ends."""


class Site(NamedTuple):
    """Where a layer stands in a plan.

    Attributes:
        out: the buffer that its operation fills.
        source: the buffer that it reads.
        key: the key of its weights.
        shape: how the source is read; the buffer holds (batch, variables).
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
    `HasNormalisation`): `check` holds them against the known words and mutation changes them. A network inherits the
    weights of its layers by what the layers become: units of `Affine`, `Convolve` and `Recur` by their place, a module
    of its own (`Apply`) by the names and shapes of its tensors.

    Attributes:
        form: the name of the form, which stands in the JSON of a graph.
        width: the field that holds the number of units or channels; None for a form without one.
    """

    width: ClassVar[str | None] = None

    form: str

    @classmethod
    def form_name(cls) -> str:
        """The name that the form gives all its layers; "" where it gives none."""
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
        """The operation that the layer becomes. It fills `site.out`; `output_shape` did not raise on `site.shape`."""

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
        """How large the layer is, for a line of prose: `64`, or `8@3`; "" where nothing says so."""
        return "" if self.width is None else str(getattr(self, self.width))

    def style_text(self) -> str:
        """What else the layer is, for a line of prose: its form, its activation, and whether it is normalised."""
        words = [self.form.replace("_", " "), self.activation if isinstance(self, HasActivation) else ""]
        return NO_BREAK.join(word for word in words if word) + self.normalised_text()

    def normalised_text(self) -> str:
        """` norm` for a layer with batch normalisation, else ""."""
        return f"{NO_BREAK}norm" if isinstance(self, HasNormalisation) and self.normalise else ""
