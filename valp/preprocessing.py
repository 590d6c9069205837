"""What turns raw data into a model's tensors and back; a saved model carries it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from valp.errors import DataError
from valp.graph import DataType, Frozen

NonZero = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Column(Frozen):
    """One input or output as the user knows it.

    Attributes:
        name: of the model input or output.
        type: what its values mean.
        size: the number of variables; of a Discrete column the number of classes.
        offset, scale: a raw value r enters the model as (r − offset) / scale.
        classes: the names of a Discrete column's classes.
        image: (C, H, W) if the variables are an image.
    """

    name: str
    type: DataType
    size: int
    offset: float = 0.0
    scale: NonZero = 1.0
    classes: tuple[str, ...] | None = None
    image: tuple[int, int, int] | None = None

    def prepare(self, raw: Any) -> Tensor:
        """Raw values as the model's: (n, size) float32, a Discrete column one-hot.

        Args:
            raw: n rows of `size` variables in any shape; for a Discrete column n class numbers.

        Raises:
            DataError: if rows have another size, are not numbers, or a class is unknown.
        """
        array = self._array(raw)
        if array.ndim == 0 or len(array) == 0:
            raise DataError(f"{self.name!r} must have at least one row, but has none")
        if self.type is DataType.DISCRETE:
            return torch.nn.functional.one_hot(self.class_numbers(array), self.size).float()
        rows = array.reshape(len(array), -1)
        if rows.shape[1] != self.size:
            raise DataError(f"a row of {self.name!r} must have {self.size} values, but has {rows.shape[1]}")
        with np.errstate(over="ignore"):  # what does not fit becomes infinite, and is refused below
            values = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))
        values = (values - self.offset) / self.scale
        if not bool(values.isfinite().all()):
            row = int((~values.isfinite()).any(1).nonzero()[0])
            raise DataError(f"{self.name!r} must hold finite numbers, but row {row} does not")
        return values

    def class_numbers(self, raw: Any) -> Tensor:
        """Class numbers as (n,) int64.

        Raises:
            DataError: if one is not a whole number from 0 to size − 1.
        """
        array = self._array(raw)
        with np.errstate(invalid="ignore"):  # what is not a number differs from any whole one
            whole = array.astype(np.int64)
        wrong = (whole != array) | (whole < 0) | (whole >= self.size)
        if array.ndim != 1 or bool(wrong.any()):
            found = array[wrong][0] if array.ndim == 1 else f"an array of shape {array.shape}"
            raise DataError(f"{self.name!r} must hold class numbers from 0 to {self.size - 1}, but has {found}")
        return torch.from_numpy(whole)

    def restore(self, values: Tensor) -> NDArray[np.float32]:
        """The model's values in the user's units, in the image's shape if there is one."""
        raw: NDArray[np.float32] = (values * self.scale + self.offset).detach().cpu().numpy()
        return raw if self.image is None else raw.reshape(-1, *self.image)

    def _array(self, raw: Any) -> NDArray[Any]:
        try:
            array = np.asarray(raw)
        except ValueError as error:
            raise DataError(f"{self.name!r} must hold rows of one size") from error
        if array.dtype.kind not in "buif":
            raise DataError(f"{self.name!r} must hold numbers, but holds {array.dtype}")
        return array


class Preprocessing(Frozen):
    """The columns of a problem's inputs and outputs."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]

    def prepare(self, raw: Mapping[str, Any], *, names: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Raw inputs as the model's; `names` narrows which are needed.

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
            raise DataError(f"the inputs must have as many rows as each other, but there are {rows}")
        return prepared

    def output(self, name: str) -> Column:
        """The column of an output."""
        return next(column for column in self.outputs if column.name == name)
