"""Turns raw data into a model's tensors and back; a saved model includes it."""

from collections.abc import Mapping, Sequence
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from valp.errors import DataError
from valp.graph.graph import DataType, DataUnit, Frozen, Name
from valp.model.quantiles import Quantiles, from_scores, to_scores
from valp.parts.own_types import OWN_TYPES, like

if TYPE_CHECKING:  # torch is slow to import, and listing columns does not need it
    from torch import Tensor

Numbers = float | tuple[float, ...]
"""One number for all variables, or one for each."""

LARGEST_OFFSET = 1000.0
"""How many times an offset may be as large as the scale for float32 to be exact enough: 0.00006 of the scale."""


class Column(Frozen):
    """One input or output as the user knows it.

    Attributes:
        name: the name of the model input or output.
        type: what its values mean.
        size: the number of variables; for a Discrete column the number of classes, or of yes/no labels.
        shape: (C, H, W) or (C, T) for Features; None for any other type.
        offset, scale: a raw value r enters the model as (r − offset) / scale; one number, or one for each variable.
        quantiles: the map of each variable to normal scores, in place of offset and scale; they are then the mean and
            the standard deviation of the training data, and only say of which order values are.
        classes: the names of a Discrete column's classes, or of its labels.
        image: (C, H, W) if the variables are an image.
        labels: whether a Discrete column has `size` yes/no labels per row instead of one class.
        fields: the columns of the user's table that it was made of.
        fill: what replaces an empty cell of an input, in the user's units; None if empty cells are an error.
        missing: texts that mean an empty cell, in addition to `valp.model.table.MISSING`.
        own: the code of the user's own type (`valp.parts.own_types.OWN_TYPES`) that it has in the graph; the type must
            be like `type`.
    """

    name: Name
    type: DataType
    size: int
    shape: tuple[int, ...] | None = None
    offset: Numbers = 0.0
    scale: Numbers = 1.0
    classes: tuple[str, ...] | None = None
    image: tuple[int, int, int] | None = None
    labels: bool = False
    fields: tuple[str, ...] = ()
    fill: Numbers | None = None
    missing: tuple[str, ...] = ()
    own: str | None = None
    quantiles: tuple[Quantiles, ...] | None = None

    @property
    def has_class(self) -> bool:
        """Whether each row has one class."""
        return self.type is DataType.DISCRETE and not self.labels

    @property
    def named_by_numbers(self) -> bool:
        """Whether its classes were numbers in the user's table, so that a number is the name of a class."""
        return bool(self.fields and self.classes) and all(_is_number(name) for name in self.classes or ())

    @property
    def class_values(self) -> NDArray[Any]:
        """Its classes as the user's table had them, (size,): texts or numbers; numbers from 0 without names."""
        if self.classes is None:
            return np.arange(self.size)
        if not self.named_by_numbers:
            return np.array(self.classes)
        numbers = np.array(self.classes, float)
        whole = numbers.astype(np.int64)
        return whole if np.array_equal(whole, numbers) else numbers

    @model_serializer(mode="wrap")
    def _without_unset_fill(self, usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out unset fields that older versions lack: fingerprints of older problems do not change."""
        document: dict[str, Any] = usual(self)
        return {
            k: v
            for k, v in document.items()
            if (v is not None and v != ()) or k not in ("fill", "missing", "quantiles")
        }

    @model_validator(mode="after")
    def _check(self) -> Self:
        name, size = self.name, self.size
        if size < 1:
            raise ValueError(f"{name!r} must have at least one variable, but has none")
        if (self.type is DataType.FEATURES) != (self.shape is not None):
            raise ValueError(f"{name!r} must have a shape if it is of type features, and none otherwise")
        if self.shape is not None and (len(self.shape) not in (2, 3) or prod(self.shape) != size):
            raise ValueError(
                f"features must have {size} values and a shape (C, H, W) or (C, T), but {name!r} has {self.shape}"
            )
        if self.image is not None and prod(self.image) != size:
            raise ValueError(f"an image {self.image} must have the {size} values that a row of {name!r} has")
        if self.labels and self.type is not DataType.DISCRETE:
            raise ValueError(f"only a discrete column has labels, but {name!r} is of type {self.type}")
        filled = () if self.fill is None else (("fill", self.fill),)
        for what, numbers in (("offset", self.offset), ("scale", self.scale), *filled):
            if isinstance(numbers, tuple) and len(numbers) != size:
                raise ValueError(f"the {what} of {name!r} must be one number, or {size}, but there are {len(numbers)}")
            wrong = [value for value in _each(numbers) if not isfinite(value) or (what == "scale" and value <= 0)]
            if wrong:
                kind = "positive" if what == "scale" else "finite"
                raise ValueError(f"the {what} of {name!r} must be a {kind} number, but is {wrong[0]:g}")
        if self.quantiles is not None and (len(self.quantiles) != size or self.type is DataType.DISCRETE):
            raise ValueError(f"{name!r} must have numbers and {size} quantiles, but has {len(self.quantiles)}")
        if self.classes is not None and (len(self.classes) != size or len(set(self.classes)) != size):
            raise ValueError(f"{name!r} must have {size} different class names, but has {_listed(self.classes)}")
        if self.own is not None and like(self.own) is not self.type:
            known = ", ".join(code for code, own in OWN_TYPES.items() if own.like is self.type) or "none"
            raise ValueError(f"{name!r} must have an own type that is like {self.type} ({known}), but has {self.own!r}")
        return self

    @property
    def drawn(self) -> bool:
        """Whether its generated rows are draws from the likelihood: those of a table. Pictures show the mean."""
        return self.type is DataType.SAMPLES and self.image is None

    @property
    def unit(self) -> DataUnit:
        """The data unit of the model input or output."""
        return DataUnit(type=self.own or self.type, shape=self.shape or (self.size,))

    def prepare(self, raw: Any) -> "Tensor":
        """Turns raw values into the model's: (n, size) float32, one-hot for a Discrete column.

        Args:
            raw: n rows of `size` variables in any shape. For a Discrete column n class numbers or, if its classes have
                names, n names: a row with an unknown name becomes all zero. If the classes were numbers in the user's
                table, a number is a name. For labels n rows of `size` 0 or 1.

        Raises:
            DataError: if rows have another size, are not numbers, or a class number is unknown.
        """
        import torch

        array = self._array(raw)
        if array.ndim == 0 or len(array) == 0:
            raise DataError(f"{self.name!r} must have at least one row, but has none")
        if self.has_class:
            numbers = self._looked_up(array) if array.dtype.kind == "U" else self.numbered(array)
            one_hot = torch.nn.functional.one_hot(numbers, self.size + 1)  # the last class is for unknown names
            return one_hot[:, : self.size].float()
        rows = array.reshape(len(array), -1)
        if rows.shape[1] != self.size:
            raise DataError(f"a row of {self.name!r} must have {self.size} values, but has {rows.shape[1]}")
        with np.errstate(over="ignore", invalid="ignore"):  # too large values become infinite, and raise below
            wide = rows.astype(np.result_type(rows.dtype, np.float32))  # a new array: what follows works in place
            if self.quantiles is None:
                wide -= np.asarray(self.offset, wide.dtype)
                wide /= np.asarray(self.scale, wide.dtype)
            elif bool(np.isfinite(wide).all()):
                wide = to_scores(self.quantiles, wide)
            values = torch.from_numpy(np.ascontiguousarray(wide, dtype=np.float32))
        if not bool(values.isfinite().all()):
            row = int((~values.isfinite()).any(1).nonzero()[0])
            raise DataError(f"{self.name!r} must hold finite numbers, but row {row} does not")
        if self.labels:
            wrong = (values != 0) & (values != 1)
            if bool(wrong.any()):
                raise DataError(f"the labels of {self.name!r} must be 0 or 1, but one is {values[wrong][0].item():g}")
        return values

    def class_numbers(self, raw: Any) -> "Tensor":
        """Turns class names or class numbers into numbers, (n,) int64. A number may be a name: see `prepare`.

        Raises:
            DataError: if one is neither a whole number from 0 to size − 1 nor the name of a class.
        """
        array = self._array(raw)
        if array.dtype.kind == "U":
            numbers = self._looked_up(array)
            unknown = (numbers == self.size).nonzero()
            if len(unknown):
                found = str(array[int(unknown[0])])
                raise DataError(f"{self.name!r} must hold the classes {_listed(self.classes or ())}, but has {found!r}")
            return numbers
        return self.numbered(array)

    def numbered(self, array: NDArray[Any]) -> "Tensor":
        """Class numbers as such, (n,) int64, also if the classes were numbers in the user's table.

        Raises:
            DataError: if one is not a whole number from 0 to size − 1.
        """
        import torch

        with np.errstate(invalid="ignore"):  # NaN differs from any whole number
            whole = array.astype(np.int64)
        wrong = (whole != array) | (whole < 0) | (whole >= self.size)
        if array.ndim != 1 or bool(wrong.any()):
            found = array[wrong][0] if array.ndim == 1 else f"an array of shape {array.shape}"
            raise DataError(f"{self.name!r} must hold class numbers from 0 to {self.size - 1}, but has {found}")
        return torch.from_numpy(whole)

    def restore(self, values: "Tensor") -> NDArray[np.floating[Any]]:
        """The model's values in the user's units, in the shape of an image or of Features if it has one.

        They are float32, or float64 if the offset is so large beside the scale that float32 would round what the model
        tells apart, as for a time in seconds since 1970.
        """
        numbers = values.detach().cpu().double().numpy()
        offset, scale = np.asarray(self.offset, float), np.asarray(self.scale, float)
        raw = numbers * scale + offset if self.quantiles is None else from_scores(self.quantiles, numbers)
        if bool((np.abs(offset) <= LARGEST_OFFSET * scale).all()):
            raw = raw.astype(np.float32)
        shape = self.image or self.shape
        return raw if shape is None else raw.reshape(-1, *shape)

    def _array(self, raw: Any) -> NDArray[Any]:
        """Raw values as an array of numbers or, if the classes have names, of text."""
        try:
            array = np.asarray(raw)
        except ValueError as error:
            raise DataError(f"{self.name!r} must hold rows of one size") from error
        named = self.classes is not None and not self.labels
        if named and array.dtype.kind == "O" and all(isinstance(value, str) for value in array.flat):
            array = array.astype(np.str_)
        if array.dtype.kind not in ("buifU" if named else "buif"):
            raise DataError(f"{self.name!r} must hold numbers, but holds {array.dtype}")
        if named and self.named_by_numbers and array.dtype.kind in "uif":
            return np.array([f"{cell:.0f}" if cell == np.floor(cell) else str(cell) for cell in array.flat]).reshape(
                array.shape
            )
        return array

    def _looked_up(self, names: NDArray[Any]) -> "Tensor":
        """The number of each class name, (n,) int64; `size` for an unknown one."""
        import torch

        if names.ndim != 1:
            raise DataError(f"{self.name!r} must hold one class name a row, but has an array of shape {names.shape}")
        numbers = {name: number for number, name in enumerate(self.classes or ())}
        return torch.tensor([numbers.get(str(name), self.size) for name in names])


class Preprocessing(Frozen):
    """The columns of a problem's inputs and outputs."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]

    def prepare(self, raw: Mapping[str, Any], *, names: Sequence[str] | None = None) -> "dict[str, Tensor]":
        """Turns raw inputs into the model's; only those in `names`, if given.

        Raises:
            DataError: if one is missing or does not fit, or their numbers of rows differ.
        """
        wanted = [column for column in self.inputs if names is None or column.name in names]
        missing = [column.name for column in wanted if column.name not in raw]
        if missing:
            raise DataError(f"the model needs input {missing[0]!r}, but got {', '.join(raw) or 'none'}")
        prepared = {column.name: column.prepare(raw[column.name]) for column in wanted}
        if len({len(tensor) for tensor in prepared.values()}) > 1:
            rows = ", ".join(f"{len(tensor)} of {name!r}" for name, tensor in prepared.items())
            raise DataError(f"the inputs must have equal numbers of rows, but there are {rows}")
        return prepared

    def output(self, name: str) -> Column:
        """The column of an output."""
        return next(column for column in self.outputs if column.name == name)


def _each(numbers: Numbers) -> tuple[float, ...]:
    return numbers if isinstance(numbers, tuple) else (numbers,)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(names: Sequence[str], most: int = 10) -> str:
    """Names in a sentence, shortened to the first ones."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
