"""The schema of the TOML file for a user's own data: its tables, its splits, and the columns of inputs and outputs.

Only the structure of the file is checked here. Whether its names exist in the data is checked when the data is read.
"""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, model_validator

from valp.model.table import MISSING

SCALES = ("standard", "minmax", "quantile", "none")


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
"""A string or a list of strings."""

Scale = Annotated[str | float, PlainValidator(_scale)]
"""How raw values are scaled: learned on the training split, by a given number, or not at all."""

ClassWeights = Annotated[Literal["balanced"] | dict[str, float], PlainValidator(_class_weights)]

Size = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class TomlSection(BaseModel):
    """A table of the file. It is frozen, rejects unknown keys, and does not convert strings to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TomlData(TomlSection):
    """Where the data is, relative to the file.

    Attributes:
        table: one table with all rows.
        images: instead, a folder of images with one sub-folder per class.
        train, validation, test: instead, a table or a folder of images for each split.
        missing: texts that mean "no value", in addition to `MISSING`.
        separator: the separator of a CSV; by default a comma, or a tab in a .tsv.
        size: the (H, W) that images are resized to.
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
            raise ValueError("must name exactly one of: table; images; train, validation and test")
        return self


class TomlSplit(TomlSection):
    """How the rows of one table become three splits.

    Attributes:
        validation, test: the shares of the rows.
        seed: the seed of the random draw.
        stratify: a column whose values have the same shares in each split.
        column: a column with the values train, validation and test, instead of a random draw.
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
    """An input or output made of one column (`array` in an NPZ or an image folder)."""

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
    """An input or output made of one or more columns."""

    columns: Texts | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The names, or patterns with `*`, of the columns it is made of."""
        return self.columns or super().patterns


class Numeric(Several):
    """Numbers, standardised by default."""

    type: Literal["numeric"]
    scale: Scale | None = None


class Discrete(Named):
    """A category."""

    type: Literal["discrete"]


class Samples(Several):
    """Rows to generate, scaled to [0, 1] by default. `image` is (C, H, W) if a row is a picture."""

    type: Literal["samples"]
    scale: Scale | None = None
    image: tuple[Size, Size, Size] | None = None


class Features(Several):
    """A sequence (C, T) or an image (C, H, W), standardised by channel by default."""

    type: Literal["features"]
    scale: Scale | None = None
    shape: Annotated[tuple[Size, ...], Field(min_length=2, max_length=3)] | None = None


class Filled(TomlSection):
    """The key for empty cells, which an input may have."""

    missing: Literal["mean"] | None = None


class NumericInput(Numeric, Filled):
    """A numeric input."""


class SamplesInput(Samples, Filled):
    """An input of the Samples type."""


class FeaturesInput(Features, Filled):
    """An input with a shape: a sequence or an image."""


class Learnt(TomlSection):
    """The key that every output may have: other losses than the usual one of its type."""

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
    """A sequence or an image to predict. It has the same sides as an input."""


AnyInput = NumericInput | Discrete | SamplesInput | FeaturesInput
AnyOutput = NumericOutput | DiscreteOutput | LabelsOutput | SamplesOutput | FeaturesOutput


class Own(TomlSection):
    """The whole file.

    Attributes:
        title: one line about the problem.
        conditions: the inputs, and outputs of type discrete, by which samples may be asked for; by default classes.
        data: where the data is.
        split: how the rows are split.
        inputs, outputs: the inputs and outputs by name.
    """

    title: str = ""
    conditions: Annotated[tuple[str, ...], BeforeValidator(_listed)] | None = None
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
            raise ValueError(f"inputs and outputs must have different names, but {both[0]!r} is both")
        if len(self.data.files) > 1 and self.split.model_fields_set:
            raise ValueError("there must be no [split] if train, validation and test are separate files")
        return self
