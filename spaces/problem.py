"""A problem: typed inputs and outputs, and their data in three splits."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError
from torch import Tensor

from spaces.description import Description
from valp.errors import DataError
from valp.graph import DataType, DataUnit, Input
from valp.losses import LOSSES
from valp.preprocessing import Column, Preprocessing

SPLITS = ("train", "validation", "test")

DEFAULT_LOSS = {DataType.NUMERIC: "mse", DataType.DISCRETE: "cross_entropy", DataType.SAMPLES: "gaussian"}


@dataclass(frozen=True)
class Data:
    """One input or output with its values, as `Problem.from_arrays` takes it; made by `numeric` and its like."""

    type: DataType
    values: Any
    offset: float = 0.0
    scale: float = 1.0
    classes: tuple[str, ...] | None = None
    image: tuple[int, int, int] | None = None
    loss: str | None = None


def numeric(values: Any, *, offset: float = 0.0, scale: float = 1.0, loss: str | None = None) -> Data:
    """Numbers, n rows; the model sees (value − offset) / scale."""
    return Data(DataType.NUMERIC, values, offset, scale, loss=loss)


def discrete(values: Any, *, classes: Sequence[str] | None = None, loss: str | None = None) -> Data:
    """n class numbers from 0; `classes` names them."""
    return Data(DataType.DISCRETE, values, classes=tuple(classes) if classes is not None else None, loss=loss)


def samples(
    values: Any,
    *,
    offset: float = 0.0,
    scale: float = 1.0,
    image: tuple[int, int, int] | None = None,
    loss: str | None = None,
) -> Data:
    """What the model shall learn to generate, n rows; `image` is (C, H, W) where a row is a picture."""
    return Data(DataType.SAMPLES, values, offset, scale, image=image, loss=loss)


@dataclass(frozen=True)
class Split:
    """Tensors of one split.

    Attributes:
        inputs: (n, size) float32 for each input.
        truths: (n, size) float32 for each output; (n,) int64 classes for a Discrete one.
    """

    inputs: dict[str, Tensor]
    truths: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.truths.values())))

    def take(self, rows: Tensor) -> "Split":
        """Some rows of the split."""
        return Split(
            {name: tensor[rows] for name, tensor in self.inputs.items()},
            {name: tensor[rows] for name, tensor in self.truths.items()},
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # As arrays: other processes can then map the same memory instead of copying it.
        parts = (self.inputs, self.truths)
        return _split_from_arrays, tuple({name: t.numpy() for name, t in part.items()} for part in parts)


def _split_from_arrays(inputs: dict[str, NDArray[Any]], truths: dict[str, NDArray[Any]]) -> Split:
    return Split(_tensors(inputs), _tensors(truths))


def _tensors(arrays: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    with warnings.catch_warnings():
        # Shared arrays are read-only; nothing writes to a split.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Problem(Description):
    """What a VALP shall learn, with the data.

    Attributes:
        train, validation, test: the splits. A search sees validation scores only; test is for reports.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    train: Split = Field(repr=False)
    validation: Split = Field(repr=False)
    test: Split = Field(repr=False)

    @classmethod
    def from_arrays(
        cls,
        name: str,
        *,
        inputs: Mapping[str, Data],
        outputs: Mapping[str, Data],
        title: str = "",
        splits: tuple[Any, Any, Any] | None = None,
        validation: float = 0.15,
        test: float = 0.15,
        seed: int = 0,
    ) -> "Problem":
        """A problem from arrays.

        Args:
            name: of the problem.
            inputs: by name, made by `numeric`, `discrete` or `samples`.
            outputs: by name, likewise; `loss` picks another loss than the type's usual one.
            title: one line about it.
            splits: the row numbers of train, validation and test; drawn at random if None.
            validation, test: the shares of the rows that are drawn for these splits.
            seed: of that draw.

        Raises:
            DataError: if there is no input or output, rows differ in number, values do not fit, or a split is empty.
        """
        if not inputs or not outputs:
            raise DataError(f"problem {name!r} must have at least one input and one output")
        inputs = {key: _as_array(key, data) for key, data in inputs.items()}
        outputs = {key: _as_array(key, data) for key, data in outputs.items()}
        rows = {key: len(data.values) for key, data in (*inputs.items(), *outputs.items())}
        if len(set(rows.values())) > 1 or len(inputs.keys() | outputs.keys()) < len(inputs) + len(outputs):
            listed = ", ".join(f"{key!r} has {count}" for key, count in rows.items())
            raise DataError(f"inputs and outputs must have names of their own and as many rows as each other: {listed}")
        columns = Preprocessing(
            inputs=tuple(_column(key, data) for key, data in inputs.items()),
            outputs=tuple(_column(key, data) for key, data in outputs.items()),
        )
        losses = {key: _loss(key, data) for key, data in outputs.items()}
        whole = Split(
            {column.name: column.prepare(inputs[column.name].values) for column in columns.inputs},
            {column.name: _truth(column, outputs[column.name].values) for column in columns.outputs},
        )
        for column in columns.outputs:
            if losses[column.name] == "bernoulli":
                _require_shares(column.name, whole.truths[column.name])
        parts = _drawn_splits(len(whole), validation, test, seed) if splits is None else splits
        if len(parts) != len(SPLITS):
            raise DataError(f"the splits of {name!r} must be {', '.join(SPLITS)}, but there are {len(parts)}")
        numbers = [_row_numbers(split, part, len(whole)) for split, part in zip(SPLITS, parts, strict=True)]
        _require_apart(numbers)
        for column in columns.outputs:
            _require_scorable(column, numbers)
        train, held, tested = (whole.take(part) for part in numbers)
        return cls(
            name=name,
            title=title or name,
            columns=columns,
            losses=losses,
            train=train,
            validation=held,
            test=tested,
        )

    @property
    def description(self) -> Description:
        """The problem without its data."""
        return Description(name=self.name, title=self.title, columns=self.columns, losses=self.losses)

    @property
    def size_in_bytes(self) -> int:
        """The memory that the data takes."""
        splits = (self.train, self.validation, self.test)
        return sum(t.nbytes for split in splits for part in (split.inputs, split.truths) for t in part.values())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the columns, the losses and all data: two problems are the same if it is."""
        digest = hashlib.sha256(self.columns.model_dump_json().encode())
        digest.update(repr(sorted(self.losses.items())).encode())
        for split in (self.train, self.validation, self.test):
            for tensor in (*split.inputs.values(), *split.truths.values()):
                digest.update(np.ascontiguousarray(tensor.numpy()).data)
        return digest.hexdigest()


def _as_array(name: str, data: Data) -> Data:
    """The same data with its values as an array of numbers."""
    try:
        values = np.asarray(data.values)
    except ValueError as error:
        raise DataError(f"{name!r} must hold rows of one size") from error
    if values.ndim == 0 or values.dtype.kind not in "buif":
        found = f"holds {values.dtype}" if values.ndim else "has none"
        raise DataError(f"{name!r} must have rows of numbers, but {found}")
    return replace(data, values=values)


def _column(name: str, data: Data) -> Column:
    if data.type is not DataType.DISCRETE:
        size = prod(data.values.shape[1:])
    elif data.classes is not None:
        size = len(data.classes)
    else:
        highest = np.max(data.values, initial=0)
        size = int(highest) + 1 if np.isfinite(highest) else 1
    if size < 1:
        raise DataError(f"{name!r} must have at least one variable, but has none")
    if data.image is not None and prod(data.image) != size:
        raise DataError(f"an image {data.image} must have the {size} values that a row of {name!r} has")
    if not 0 < data.scale < inf:
        raise DataError(f"the scale of {name!r} must be a positive number, but is {data.scale}")
    try:
        Input(name=name, unit=DataUnit(type=data.type, shape=(size,)))
    except ValidationError as error:
        raise DataError(f"a name must be at most 64 letters, digits and underscores, but got {name!r}") from error
    return Column(
        name=name,
        type=data.type,
        size=size,
        offset=data.offset,
        scale=data.scale,
        classes=data.classes,
        image=data.image,
    )


def _loss(name: str, data: Data) -> str:
    kind = data.loss or DEFAULT_LOSS.get(data.type)
    if kind not in LOSSES or data.type not in LOSSES[kind].takes:
        fitting = [code for code, loss in LOSSES.items() if data.type in loss.takes]
        raise DataError(
            f"output {name!r} of type {data.type} must have one of the losses {', '.join(fitting)}, but has {kind!r}"
        )
    return kind


def _truth(column: Column, values: Any) -> Tensor:
    return column.class_numbers(values) if column.type is DataType.DISCRETE else column.prepare(values)


def _require_shares(name: str, truth: Tensor) -> None:
    low, high = truth.min().item(), truth.max().item()
    if low < 0 or high > 1:
        raise DataError(
            f"output {name!r} must lie in [0, 1] for a bernoulli loss, but has {low if low < 0 else high:g}"
        )


def _row_numbers(split: str, part: Any, rows: int) -> Tensor:
    numbers = np.asarray(part)
    if numbers.size == 0:
        raise DataError(f"the {split} split must have at least one row, but has none")
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= rows:
        raise DataError(f"the {split} split must be a list of row numbers from 0 to {rows - 1}")
    return torch.as_tensor(numbers.astype(np.int64))


def _require_apart(parts: list[Tensor]) -> None:
    rows, counts = np.unique(torch.cat(parts).numpy(), return_counts=True)
    if (counts > 1).any():
        raise DataError(f"a row must be in one split, once, but row {int(rows[counts > 1][0])} is there more often")


def _require_scorable(column: Column, parts: list[Tensor]) -> None:
    if column.type is DataType.DISCRETE and column.size < 2:
        raise DataError(f"output {column.name!r} must have at least two classes, but has one")
    for split, part in zip(SPLITS, parts, strict=True):
        if column.type is DataType.SAMPLES and len(part) < 2:
            raise DataError(f"the {split} split must have at least two rows to compare generated {column.name!r} with")


def _drawn_splits(rows: int, validation: float, test: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise DataError(f"validation and test must be shares that leave some for training: {validation} and {test}")
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    held, tested = round(rows * validation), round(rows * test)
    return order[held + tested :], order[:held], order[held : held + tested]
