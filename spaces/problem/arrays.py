"""The data of a problem's inputs and outputs, as users give it: columns, truths and losses are made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from valp.errors import DataError
from valp.graph.graph import DataType, Input
from valp.model.preprocessing import Column
from valp.parts.losses import LOSSES

MISSING_CLASS = -1
"""The class number of a row whose class is unknown."""

USUAL_LOSS = {
    (DataType.NUMERIC, "values"): "mse",
    (DataType.DISCRETE, "classes"): "cross_entropy",
    (DataType.DISCRETE, "labels"): "binary_cross_entropy",
    (DataType.SAMPLES, "values"): "gaussian",
    (DataType.FEATURES, "values"): "mse",
}
"""By the type of an output and what its ground truth is."""

Numbers = float | Sequence[float] | NDArray[Any]
"""One number for all variables, or one for each."""

Losses = str | Sequence[str] | None
"""The code of a loss, or several; None for the usual one."""

ClassWeights = str | Sequence[float] | NDArray[Any] | None
"""How much a row of each class counts: n / (classes · rows of the class) if "balanced"; None for all alike."""


@dataclass(frozen=True)
class ArrayData:
    """One input or output with its values, as `Problem.from_arrays` takes it; made by `numeric` and its like."""

    type: DataType
    values: Any
    offset: Numbers = 0.0
    scale: Numbers = 1.0
    classes: tuple[str, ...] | None = None
    image: tuple[int, int, int] | None = None
    labels: bool = False
    fields: tuple[str, ...] = ()
    loss: Losses = None
    class_weights: ClassWeights = None
    own: str | None = None
    fill: Numbers | None = None
    missing: tuple[str, ...] = ()


def numeric(
    values: Any, *, offset: Numbers = 0.0, scale: Numbers = 1.0, loss: Losses = None, fields: Sequence[str] = ()
) -> ArrayData:
    """Numbers, n rows; the model sees (value − offset) / scale. In an output NaN is a missing value."""
    return ArrayData(DataType.NUMERIC, values, offset, scale, loss=loss, fields=tuple(fields))


def discrete(
    values: Any,
    *,
    classes: Sequence[str] | None = None,
    loss: Losses = None,
    class_weights: ClassWeights = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """n class numbers from 0, or names; `classes` names them. In an output −1 is a missing class."""
    return ArrayData(
        DataType.DISCRETE,
        values,
        classes=_names(classes),
        loss=loss,
        class_weights=class_weights,
        fields=tuple(fields),
    )


def labels(
    values: Any, *, names: Sequence[str] | None = None, loss: Losses = None, fields: Sequence[str] = ()
) -> ArrayData:
    """Several yes/no labels a row, 0 or 1: (n, k); `names` names them. In an output NaN is a missing label."""
    return ArrayData(DataType.DISCRETE, values, classes=_names(names), labels=True, loss=loss, fields=tuple(fields))


def samples(
    values: Any,
    *,
    offset: Numbers = 0.0,
    scale: Numbers = 1.0,
    image: tuple[int, int, int] | None = None,
    loss: Losses = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """What the model shall learn to generate, n rows; `image` is (C, H, W) where a row is a picture.

    In an output a row with a NaN is missing.
    """
    return ArrayData(DataType.SAMPLES, values, offset, scale, image=image, loss=loss, fields=tuple(fields))


def features(
    values: Any, *, offset: Numbers = 0.0, scale: Numbers = 1.0, loss: Losses = None, fields: Sequence[str] = ()
) -> ArrayData:
    """Numbers with a shape, images (n, C, H, W) or sequences (n, C, T).

    In an output NaN is a missing value. It must have the sides of an input of its kind: networks that know shapes make
    it of that.
    """
    return ArrayData(DataType.FEATURES, values, offset, scale, loss=loss, fields=tuple(fields))


def of_own_type(code: str, data: ArrayData) -> ArrayData:
    """The same data with a user's own type in the graph, a row of `valp.parts.own_types.OWN_TYPES` (002, VI-A)."""
    return replace(data, own=code)


def as_array(name: str, data: ArrayData) -> ArrayData:
    """The same data with its values as an array of numbers, or of class names.

    Raises:
        DataError: if they are neither.
    """
    try:
        values = np.asarray(data.values)
    except ValueError as error:
        raise DataError(f"{name!r} must hold rows of one size") from error
    named = data.classes is not None and not data.labels
    if values.ndim == 0 or values.dtype.kind not in ("buifUO" if named else "buif"):
        found = f"holds {values.dtype}" if values.ndim else "has none"
        raise DataError(f"{name!r} must have rows of numbers, but {found}")
    return replace(data, values=values)


def column_of(name: str, data: ArrayData) -> Column:
    """The column of data whose values are an array.

    Raises:
        DataError: if its parts do not fit each other.
    """
    shape = data.values.shape[1:]
    if data.type is not DataType.DISCRETE or data.labels:
        size = prod(shape)
    elif data.classes is not None:
        size = len(data.classes)
    else:
        highest = np.max(data.values, initial=0)
        size = int(highest) + 1 if np.isfinite(highest) else 1
    if data.image is not None and len(data.image) != 3:
        raise DataError(f"the image of {name!r} must be (C, H, W), but is {data.image}")
    spatial = data.type is DataType.FEATURES
    if spatial and len(shape) not in (2, 3):
        raise DataError(f"features must be (n, C, H, W) or (n, C, T), but {name!r} is {data.values.shape}")
    try:
        column = Column(
            name=name,
            type=data.type,
            size=size,
            shape=shape if spatial else None,
            offset=_numbers(f"the offset of {name!r}", data.offset),
            scale=_numbers(f"the scale of {name!r}", data.scale),
            classes=data.classes,
            image=shape if len(shape) == 3 and spatial else data.image,
            labels=data.labels,
            fields=data.fields,
            own=data.own,
            fill=None if data.fill is None else _numbers(f"the fill of {name!r}", data.fill),
            missing=data.missing,
        )
    except ValidationError as error:
        fault = error.errors()[0]
        said = fault.get("ctx", {}).get("error") or f"{name!r} must fit together: {fault['msg']} at {fault['loc'][0]}"
        raise DataError(str(said)) from error
    try:
        Input(name=name, unit=column.unit)
    except ValidationError as error:
        raise DataError(f"a name must be at most 64 letters, digits and underscores, but got {name!r}") from error
    return column


def losses_of(name: str, data: ArrayData) -> tuple[str, ...]:
    """The codes of an output's losses, the usual one where none is named.

    Raises:
        DataError: if one does not fit, or is named twice.
    """
    truth = "labels" if data.labels else "classes" if data.type is DataType.DISCRETE else "values"
    fitting = [code for code, loss in LOSSES.items() if data.type in loss.takes and loss.truth == truth]
    if data.loss is None:
        return (USUAL_LOSS[data.type, truth],)
    codes = (data.loss,) if isinstance(data.loss, str) else tuple(data.loss)
    wrong = [code for code in codes if code not in fitting]
    if wrong or not codes or len(set(codes)) < len(codes):
        found = repr(wrong[0]) if wrong else f"{codes[0]!r} twice" if codes else "none"
        what = "labels" if data.labels else f"type {data.type}"
        raise DataError(f"output {name!r} of {what} must have one of the losses {', '.join(fitting)}, but has {found}")
    return codes


def truth_of(column: Column, values: NDArray[Any]) -> tuple[Tensor, Tensor | None]:
    """The ground truth of an output, 0 where it is missing, and what is present of it; None if everything is.

    Returns:
        As `Split.truths` and `Split.present` have them.

    Raises:
        DataError: if the values do not fit the column.
    """
    if column.type is DataType.DISCRETE and not column.labels:
        missing = values == MISSING_CLASS if values.dtype.kind in "if" else np.zeros(len(values), bool)
        whole = np.where(missing, 0, values) if missing.any() else values
        return column.class_numbers(whole), torch.from_numpy(~missing) if missing.any() else None
    rows = values.reshape(len(values), column.size)
    missing = np.isnan(rows) if rows.dtype.kind == "f" else np.zeros((1, 1), bool)
    if not missing.any():
        return column.prepare(rows), None
    if column.type is DataType.SAMPLES:
        missing = missing.any(1, keepdims=True)
    zero = np.asarray(column.offset, np.result_type(rows.dtype, np.float32))  # what enters the model as 0
    present = torch.from_numpy(~missing)
    truth = column.prepare(np.where(missing, zero, rows))
    return truth, present[:, 0] if column.type is DataType.SAMPLES else present


def variance_of(truths: Tensor, present: Tensor | None) -> float:
    """The variance of an output's variables, their mean, over what is present of them.

    Args:
        truths: (n, size).
        present: as `Split.present` has it; None if everything is.
    """
    known = torch.ones_like(truths) if present is None else present.to(truths.dtype).expand_as(truths)
    counts = known.sum(0).clamp(min=1)
    means = (truths * known).sum(0) / counts
    return float((((truths - means).square() * known).sum(0) / counts).mean())


def class_weights_of(column: Column, wanted: ClassWeights, classes: Tensor) -> tuple[float, ...]:
    """The weight of each class of an output; `classes`, (n,), are those of the training split.

    "balanced" gives a class n / (classes · rows of it), and 1 if it has no row.

    Raises:
        DataError: if there is not one positive number for each class.
    """
    name = column.name
    if isinstance(wanted, str):
        if wanted != "balanced":
            raise DataError(f"the class weights of {name!r} must be balanced, or numbers, but are {wanted!r}")
        counts = torch.bincount(classes, minlength=column.size).tolist()
        return tuple(len(classes) / (column.size * count) if count else 1.0 for count in counts)
    weights = _numbers(f"the class weights of {name!r}", wanted)
    if not isinstance(weights, tuple) or len(weights) != column.size or not all(0 < weight < inf for weight in weights):
        raise DataError(f"the class weights of {name!r} must be {column.size} positive numbers, but are {wanted}")
    return weights


def _numbers(what: str, value: Any) -> float | tuple[float, ...]:
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} must be a number, or one for each, but is {value!r}") from error
    return float(numbers) if numbers.ndim == 0 else tuple(numbers.reshape(-1).tolist())


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(map(str, names))
