"""The table of the forms of layer, and how a layer is read from JSON."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from inspect import isabstract
from typing import Annotated, Any

from pydantic import PlainValidator, SerializeAsAny
from pydantic_core import PydanticCustomError

from valp.errors import SettingError
from valp.graph.layers.convolution import Convolution
from valp.graph.layers.dense import Dense
from valp.graph.layers.layer import Layer
from valp.graph.layers.recurrent_layer import Recurrent
from valp.graph.layers.transposed_convolution import TransposedConvolution
from valp.graph.plugin_table import entries

Form = type[Layer]

LAYER_GROUP, KIND_GROUP = "valp.layers", "valp.kinds"
"""The groups of entry points that add forms of layer: those of forms, and those of kinds of network with a form."""

LONGEST_QUOTED = 40
"""A message quotes at most this many letters of an unknown form."""


class LayerTable(Mapping[str, Form]):
    """Forms of layer by name: the library's own, then those that other packages add.

    An entry point of the group `valp.layers` names a subclass of `Layer`. A kind of network (`valp.kinds`) adds the
    form in its attribute `layer`, so a kind with its own layers needs only one entry point. The entry points are loaded
    when someone asks for a name that is not the library's own, so that their modules can import this library.
    """

    def __init__(self, *own: Form) -> None:
        self._own = {form.form_name(): form for form in own}

    @cached_property
    def rows(self) -> dict[str, Form]:
        """All forms by name.

        Raises:
            SettingError: if an entry point cannot be loaded, is not a form, or has a name that is taken.
        """
        rows = dict(self._own)
        for where, form in _found():
            if not (isinstance(form, type) and issubclass(form, Layer)):
                raise SettingError(f"{where} must be a Layer, but is {form!r}")
            name = form.form_name()
            if isabstract(form) or not name:
                lacks = ", ".join(sorted(form.__abstractmethods__)) or "a default for its field `form`"
                raise SettingError(f"{where} must be a complete Layer, but {form.__name__} lacks {lacks}")
            if rows.setdefault(name, form) is not form:
                raise SettingError(f"{where} has the form {name!r}, which is taken")
        return rows

    def __getitem__(self, name: str) -> Form:
        return self._own[name] if name in self._own else self.rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def _found() -> Iterator[tuple[str, Any]]:
    yield from entries(LAYER_GROUP)
    for where, kind in entries(KIND_GROUP):
        form = getattr(kind, "layer", None)
        if form is not None:
            yield f"the layer of {where}", form


LAYERS = LayerTable(Dense, Convolution, TransposedConvolution, Recurrent)
"""The forms of layer by name."""


def read_layer(value: Any) -> Layer:
    """Returns a layer as it is, or reads it from a document. A document without `form` is a `dense` layer.

    Raises:
        PydanticCustomError: if the form is unknown; the message lists the known ones.
        ValidationError: if the fields are not those of the form.
    """
    form = value.form if isinstance(value, Layer) else value.get("form", "dense") if isinstance(value, dict) else value
    known = LAYERS.get(form) if isinstance(form, str) else None
    if known is not None and isinstance(value, known):
        return value
    if known is not None and isinstance(value, dict):
        return known.model_validate(value)
    *names, last = LAYERS
    raise PydanticCustomError(
        "layer_form",
        "The form of a layer must be {names} or {last}, but got {found}",
        {"names": ", ".join(names), "last": last, "found": _quoted(form)},
    )


def _quoted(form: Any) -> str:
    text = repr(form) if form is None or isinstance(form, str | int | float) else f"a {type(form).__name__}"
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


AnyLayer = Annotated[SerializeAsAny[Layer], PlainValidator(read_layer)]
"""The field of a pydantic model that holds a layer of any form."""
