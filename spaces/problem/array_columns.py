"""Converts the data that users give into columns, ground truths and losses of a problem."""

import warnings
from collections.abc import Iterable
from dataclasses import replace
from math import inf, isfinite, prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.parts.losses import LOSSES
from valp.spaces.problem.arrays import ArrayData, ClassWeights
from valp.spaces.problem.scaling import QUANTILE, SCALINGS, Scaling, learnt_quantiles, learnt_scaling

MISSING_CLASS = -1
"""The class number of a row whose class is unknown."""

MOST_GAPS = 16
"""As many classes may be without a row; more only if as many have one."""

USUAL_LOSS = {
    (DataType.NUMERIC, "values"): "mse",
    (DataType.DISCRETE, "classes"): "cross_entropy",
    (DataType.DISCRETE, "labels"): "binary_cross_entropy",
    (DataType.SAMPLES, "values"): "gaussian",
    (DataType.FEATURES, "values"): "mse",
}
"""The usual loss, by the type of an output and the kind of its ground truth."""


def as_array(name: str, data: ArrayData) -> ArrayData:
    """The same data with its values as an array of numbers or class names. A missing class name is empty.

    If the data has no fields, they become the columns of a data frame or the name of a series.

    Raises:
        DataError: if the data is not from `numeric` or a similar function, or its values are neither numbers nor class
            names.
    """
    if not isinstance(data, ArrayData):
        raise DataError(
            f"{name!r} must be made by numeric, discrete, labels, samples or features, as in "
            f"valp.numeric(values), but is of type {type(data).__name__}"
        )
    fields = data.fields or _columns_of(data.values)
    try:
        values = np.asarray(data.values)
    except ValueError as error:
        raise DataError(f"{name!r} must hold rows of one size") from error
    may_be_names = data.type is DataType.DISCRETE and not data.labels
    if may_be_names and values.dtype.kind == "U" and not isinstance(data.values, np.ndarray):
        values = np.asarray(data.values, object)  # otherwise numpy turns a missing value in a list into the text "nan"
    if may_be_names and values.dtype.kind == "O" and values.ndim == 1:
        values = _texts(values)
    if values.dtype.kind == "O" and not may_be_names:
        values = _floats(values)
    if values.ndim == 0 or values.dtype.kind not in ("buifU" if may_be_names else "buif"):
        found = f"holds {values.dtype}" if values.ndim else "has none"
        raise DataError(f"{name!r} must have rows of numbers, but {found}")
    return replace(data, values=values, fields=fields)


def with_classes(name: str, data: ArrayData, rows: NDArray[Any]) -> ArrayData:
    """The same data (with an array of values) with the classes found in these rows, if it has no classes yet.

    Raises:
        DataError: if no row has a class.
    """
    if data.classes is not None or data.type is not DataType.DISCRETE or data.values.dtype.kind != "U":
        return data
    if data.values.ndim != 1:
        raise DataError(f"{name!r} must hold one class name a row, but has shape {data.values.shape}")
    known = {str(text) for text in data.values[rows] if text}
    if not known:
        raise DataError(f"{name!r} must name a class to learn, but has none")
    return replace(data, classes=in_order(known))


def in_order(classes: Iterable[str]) -> tuple[str, ...]:
    """The class names in numerical order if all are numbers, otherwise in alphabetical order."""
    listed = list(classes)
    try:
        numbers = {text: float(text) for text in listed}
    except ValueError:
        return tuple(sorted(listed))
    if not all(map(isfinite, numbers.values())):  # NaN has no place in an order
        return tuple(sorted(listed))
    return tuple(sorted(listed, key=lambda text: (numbers[text], text)))


def with_scale(name: str, data: ArrayData, train: NDArray[Any]) -> ArrayData:
    """The same data (with an array of values) with a numeric offset and scale.

    Args:
        name: the name of the input or output.
        data: the data to scale.
        train: the row numbers of the training split, on which offset and scale are learned.

    Raises:
        DataError: if the scale is a word that is not in `SCALINGS`, or a word is given together with an offset.
    """
    scale = data.scale
    if data.type is DataType.DISCRETE:
        return replace(data, offset=0.0, scale=1.0)
    if scale is None:
        scale = _usual_scaling(data) if data.offset is None else 1.0
    if not isinstance(scale, str):
        return replace(data, offset=0.0 if data.offset is None else data.offset, scale=scale)
    if scale not in SCALINGS:
        raise DataError(f"the scale of {name!r} must be numbers or {', '.join(SCALINGS)}, but is {scale!r}")
    if data.offset is not None:
        raise DataError(f"{name!r} must have a scale in numbers to have an offset, but its scale is {scale!r}")
    if scale == QUANTILE:
        if data.image is not None or data.type is DataType.FEATURES:
            raise DataError(f"{name!r} must not be a picture or a sequence to be scaled by quantiles")
        data = replace(data, quantiles=learnt_quantiles(data.values, train))
    offset, width = learnt_scaling(
        data.values,
        train,
        scale,
        by_channel=data.type is DataType.FEATURES and data.values.ndim > 1,
        as_one=data.image is not None,
    )
    return replace(data, offset=offset, scale=width)


def _usual_scaling(data: ArrayData) -> Scaling:
    if data.own is not None:
        return "none"
    if data.type is not DataType.SAMPLES:
        return "standard"
    losses = (data.loss,) if isinstance(data.loss, str) else data.loss or ()
    return "none" if "bernoulli" in losses else "minmax"


def _columns_of(values: Any) -> tuple[str, ...]:
    """The columns of a data frame, or the name of a series."""
    if hasattr(values, "columns"):
        return tuple(map(str, values.columns))
    name = getattr(values, "name", None)
    return (name,) if isinstance(name, str) and name else ()


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    """(n,) objects as texts, empty where missing, or as numbers, NaN where missing. A mixture is returned unchanged."""
    absent = np.array([is_absent(value) for value in values], bool)
    if all(isinstance(value, (int, float, np.number)) for value in values[~absent]) and not absent.all():
        return np.where(absent, np.nan, values).astype(float)
    if not all(isinstance(value, str) for value in values[~absent]):
        return values
    return np.where(absent, "", values).astype(np.str_)


def is_absent(value: Any) -> bool:
    """Whether a value is None, NaN, or one of pandas' missing values."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def _floats(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as numbers, NaN where missing. Returns the objects unchanged if one is not a number."""
    try:
        return np.array([[np.nan if is_absent(cell) else cell for cell in np.atleast_1d(row)] for row in values], float)
    except (TypeError, ValueError):
        return values


def column_of(name: str, data: ArrayData) -> Column:
    """The column of data with an array of values.

    Raises:
        DataError: if the parts of the data do not fit together.
    """
    shape = data.values.shape[1:]
    if data.type is not DataType.DISCRETE or data.labels:
        size = prod(shape)
    elif data.classes is not None:
        size = len(data.classes)
    else:
        size = _class_count(name, data.values)
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
            quantiles=data.quantiles,
        )
    except ValidationError as error:
        fault = error.errors()[0]
        if fault["loc"] == ("name",):
            raise DataError(f"a name must be at most 64 letters, digits and underscores, but got {name!r}") from error
        said = fault.get("ctx", {}).get("error") or f"{name!r} must fit together: {fault['msg']} at {fault['loc'][0]}"
        raise DataError(str(said)) from error
    return column


def _class_count(name: str, values: NDArray[Any]) -> int:
    """The number of classes that are given by their numbers. NaN and −1 are missing classes.

    Raises:
        DataError: if the numbers seem to be names: -1 and 1, or years.
    """
    whole = np.unique(values[np.isfinite(values)]).astype(float)
    known = whole[whole >= 0]
    size = int(known.max(initial=0)) + 1
    advice = f"if these are their names, give them as text, as in discrete({name}.astype(str))"
    if len(known) == 1 and MISSING_CLASS in whole:
        raise DataError(
            f"{name!r} must have class numbers from 0 on, but has -1, which is none, and one other; {advice}"
        )
    if MISSING_CLASS in whole:
        rows = int((values == MISSING_CLASS).sum())
        warnings.warn(
            f"{name!r}: -1 means that the class is missing, in {rows} of {len(values)} rows; if it is a class, give "
            f"text, as in discrete({name}.astype(str))",
            stacklevel=5,
        )
    if size - len(known) > max(MOST_GAPS, len(known)):
        raise DataError(
            f"{name!r} must have class numbers from 0 on, but only {len(known)} of 0 to {size - 1} have a row; {advice}"
        )
    return size


def losses_of(name: str, data: ArrayData) -> tuple[str, ...]:
    """The codes of an output's losses; the usual one if none is given.

    Raises:
        DataError: if one does not fit the output, or appears twice.
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
    """The ground truth of an output, 0 where missing, and a mask of what is present; None if nothing is missing.

    Returns:
        The tensors for `Split.truths` and `Split.present`.

    Raises:
        DataError: if the values do not fit the column.
    """
    if column.has_class:
        named = values.dtype.kind == "U" and "" not in (column.classes or ())
        none = "" if named else MISSING_CLASS
        missing = values == none if named or values.dtype.kind in "if" else np.zeros(len(values), bool)
        missing = missing | np.isnan(values) if values.dtype.kind == "f" else missing
        whole = np.where(missing, (column.classes or ("",))[0] if named else 0, values) if missing.any() else values
        numbers = column.class_numbers(whole) if whole.dtype.kind == "U" else column.numbered(whole)
        return numbers, torch.from_numpy(~missing) if missing.any() else None
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
    """The variance of an output: the mean of its variables' variances, over the values that are present.

    Args:
        truths: (n, size).
        present: the mask, as in `Split.present`; None if nothing is missing.
    """
    known = torch.ones_like(truths) if present is None else present.to(truths.dtype).expand_as(truths)
    counts = known.sum(0).clamp(min=1)
    means = (truths * known).sum(0) / counts
    return float((((truths - means).square() * known).sum(0) / counts).mean())


def class_weights_of(column: Column, wanted: ClassWeights, classes: Tensor) -> tuple[float, ...]:
    """The weight of each class of an output. `classes`, (n,), are the class numbers in the training split.

    With "balanced" the weight is n / (number of classes · rows of the class), or 1 for a class without rows.

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
