"""What a TOML file says of a user's own data: its tables, its splits, and the columns of each input and output.

Only the file's own shape is checked here; what its names mean in the data is checked where the data are.
"""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, model_validator

from valp.model.table import MISSING

SCALES = ("standard", "minmax", "none")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _scale(value: Any) -> str | float:
    if value in SCALES:
        return str(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf:
        return float(value)
    raise ValueError(f"must be {', '.join(SCALES)} or a positive number, but is {value!r}")


def _class_weights(value: Any) -> "Literal['balanced'] | dict[str, float]":
    if value == "balanced":
        return "balanced"
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f'must be "balanced" or a table like {{ a = 1.0, b = 2.0 }}, but is {value!r}')
    for name, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < inf:
            raise ValueError(f"must hold positive numbers, but has {weight!r} for {name!r}")
    return {str(name): float(weight) for name, weight in value.items()}


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
"""One text or a list of them."""

Scale = Annotated[str | float, PlainValidator(_scale)]
"""How raw values are scaled: by what the training split shows, by a number, or not at all."""

ClassWeights = Annotated[Literal["balanced"] | dict[str, float], PlainValidator(_class_weights)]

Size = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class TomlSection(BaseModel):
    """A table of the file: frozen, without keys it does not know, and no text where a number must stand."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TomlData(TomlSection):
    """Where the data are, relative to the file.

    Attributes:
        table: one table of all rows.
        images: a folder of images instead, one sub-folder a class.
        train, validation, test: a table, or a folder of images, for each split.
        missing: texts that mean "no value", further to `MISSING`.
        separator: between the columns of a CSV; a comma, or a tab in a .tsv.
        size: (H, W) that images are resized to.
        grey: whether images are read as grey levels.
    """

    table: str | None = None
    images: str | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    missing: tuple[str, ...] = ()
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    size: tuple[Size, Size] | None = None
    grey: bool = False

    @property
    def no_value(self) -> tuple[str, ...]:
        """Every text that means "no value"."""
        return (*MISSING, *(text.strip() for text in self.missing))

    @property
    def files(self) -> tuple[str, ...]:
        """The one source of all rows, or those of train, validation and test."""
        named = (self.table, self.images) if self.train is None else (self.train, self.validation, self.test)
        return tuple(file for file in named if file is not None)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        splits = [name for name in ("train", "validation", "test") if getattr(self, name) is not None]
        if len(splits) not in (0, 3):
            raise ValueError(f"must name train, validation and test, but names only {' and '.join(splits)}")
        if (self.table is not None) + (self.images is not None) + bool(splits) != 1:
            raise ValueError("must name a table, or images, or train, validation and test, and no more than that")
        return self


class TomlSplit(TomlSection):
    """How the rows of one table become three splits.

    Attributes:
        validation, test: shares of the rows.
        seed: of the draw.
        stratify: a column whose values keep their shares in each split.
        column: a column that says train, validation or test, instead of a draw.
    """

    validation: Share = 0.15
    test: Share = 0.15
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    stratify: str | None = None
    column: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        others = sorted(self.model_fields_set - {"column"})
        if self.column is not None and others:
            raise ValueError(f"must have either column or {others[0]}, but has both")
        if self.validation + self.test >= 1:
            raise ValueError(f"must leave rows to train on, but takes {self.validation:g} and {self.test:g} of them")
        return self


class Named(TomlSection):
    """Something made of one column (`array` in an NPZ or an image folder)."""

    column: str | None = None
    array: str | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names, or patterns with `*`, of the columns it is made of."""
        return tuple(name for name in (self.column, self.array) if name is not None)

    @model_validator(mode="after")
    def _made_of_something(self) -> Self:
        keys = [name for name in ("columns", "column", "array") if name in type(self).model_fields]
        given = [name for name in keys if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"must have one of {', '.join(keys)}, but has {' and '.join(given) or 'none'}")
        return self


class Several(Named):
    """Something made of one or more columns."""

    columns: Texts | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names, or patterns with `*`, of the columns it is made of."""
        return self.columns or super().patterns


class Numeric(Several):
    """Numbers; standardised unless told otherwise."""

    type: Literal["numeric"]
    scale: Scale | None = None


class Discrete(Named):
    """A category."""

    type: Literal["discrete"]


class Samples(Several):
    """What is to be generated; scaled to [0, 1] unless told otherwise. `image` is (C, H, W) if a row is a picture."""

    type: Literal["samples"]
    scale: Scale | None = None
    image: tuple[Size, Size, Size] | None = None


class Features(Several):
    """A sequence (C, T) or an image (C, H, W); standardised by channel unless told otherwise."""

    type: Literal["features"]
    scale: Scale | None = None
    shape: Annotated[tuple[Size, ...], Field(min_length=2, max_length=3)] | None = None


class Filled(TomlSection):
    """What an input may have to say of empty cells."""

    missing: Literal["mean"] | None = None


class NumericInput(Numeric, Filled):
    """A numeric input."""


class SamplesInput(Samples, Filled):
    """An input of the Samples type."""


class FeaturesInput(Features, Filled):
    """A sequence or an image to read."""


class Learnt(TomlSection):
    """What every output may have: other losses than its type's."""

    loss: Texts | None = None


class NumericOutput(Numeric, Learnt):
    """Numbers to predict."""


class DiscreteOutput(Discrete, Learnt):
    """A class to predict."""

    class_weights: ClassWeights | None = None


class LabelsOutput(Several, Learnt):
    """Several yes/no columns to predict."""

    type: Literal["labels"]


class SamplesOutput(Samples, Learnt):
    """Rows to generate."""


class FeaturesOutput(Features, Learnt):
    """A sequence or an image to predict, with the sides of one that is an input."""


AnyInput = NumericInput | Discrete | SamplesInput | FeaturesInput
AnyOutput = NumericOutput | DiscreteOutput | LabelsOutput | SamplesOutput | FeaturesOutput


class Own(TomlSection):
    """The whole file.

    Attributes:
        title: one line about the problem.
        data: where the data are.
        split: how rows are split.
        inputs, outputs: by name.
    """

    title: str = ""
    data: TomlData
    split: TomlSplit = TomlSplit()
    inputs: dict[str, Annotated[AnyInput, Discriminator("type")]] = {}
    outputs: dict[str, Annotated[AnyOutput, Discriminator("type")]] = {}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what, named in (("input", self.inputs), ("output", self.outputs)):
            if not named:
                raise ValueError(f"there must be at least one {what}: a table like [{what}s.name]")
        both = sorted(self.inputs.keys() & self.outputs.keys())
        if both:
            raise ValueError(f"inputs and outputs must have names of their own, but {both[0]!r} names both")
        if len(self.data.files) > 1 and self.split.model_fields_set:
            raise ValueError("there must be no [split] where train, validation and test are files of their own")
        return self
