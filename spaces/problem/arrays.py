"""The data of inputs and outputs as users give it: `numeric`, `discrete`, `labels`, `samples` and `features`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from valp.graph.graph import DataType
from valp.model.quantiles import Quantiles
from valp.spaces.problem.scaling import Scaling

Numbers = float | Sequence[float] | NDArray[Any]
"""One number for all variables, or one for each."""

Scale = Scaling | Numbers | None
"""`standard`, `minmax`, `quantile` or `none` (see `valp.spaces.problem.scaling`), or numbers to divide by; None for the
default."""

Losses = str | Sequence[str] | None
"""The code of a loss, or several; None for the usual one."""

ClassWeights = str | Sequence[float] | NDArray[Any] | None
"""The weight of a row of each class. "balanced": n / (number of classes · rows of the class). None: equal weights."""


@dataclass(frozen=True)
class ArrayData:
    """One input or output with its values, for `Problem.from_arrays`. `numeric` and similar functions make it."""

    type: DataType
    values: Any
    offset: Numbers | None = None
    scale: Scale = None
    classes: tuple[str, ...] | None = None
    image: tuple[int, int, int] | None = None
    labels: bool = False
    fields: tuple[str, ...] = ()
    loss: Losses = None
    class_weights: ClassWeights = None
    own: str | None = None
    fill: Numbers | None = None
    missing: tuple[str, ...] = ()
    quantiles: tuple[Quantiles, ...] | None = None


def numeric(
    values: Any,
    *,
    scale: Scale = None,
    offset: Numbers | None = None,
    loss: Losses = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """Numbers in any unit. A model's predictions have the same unit.

    Args:
        values: (n,) or (n, k) numbers: an array, a list, a data frame or a series. In an output NaN is a missing
            value.
        scale: how the values are scaled for the model. `standard`, the default: mean 0 and standard deviation 1 for
            each variable; `minmax`: 0 to 1; `quantile`: normal scores of the ranks; `none`: not scaled; or one number
            to divide by, or one for each variable. The first three are learned on the training split. 8-bit integers
            are divided by 255 instead of `standard` and `minmax`.
        offset: subtracted before dividing by a numeric scale: one number, or one for each variable; 0 by default.
        loss: the code of a loss, or several to choose from; `mse` by default.
        fields: the names of the columns that the variables come from; by default those of a data frame.
    """
    return ArrayData(DataType.NUMERIC, values, offset, scale, loss=loss, fields=tuple(fields))


def discrete(
    values: Any,
    *,
    classes: Sequence[str] | None = None,
    loss: Losses = None,
    class_weights: ClassWeights = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """One class per row.

    Args:
        values: (n,) class names, or class numbers from 0. In an output, an empty name, None, NaN or −1 is a missing
            class. In an input, a row with an empty or unknown name has no class.
        classes: the names of the classes in their order. By default these are the names in `values` (of an input in the
            training split, of an output in all rows), in numerical order if all are numbers, otherwise in alphabetical
            order. Class numbers have no names by default.
        loss: the code of a loss, or several to choose from; `cross_entropy` by default.
        class_weights: the weight of a row of each class in the losses: a positive number for each, or `balanced`.
        fields: the name of the column that the classes come from; by default that of a series.
    """
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
    """Several yes/no labels per row.

    Args:
        values: (n, k) of 0 and 1. In an output, NaN is a missing label.
        names: the names of the k labels.
        loss: the code of a loss, or several to choose from; `binary_cross_entropy` by default.
        fields: the names of the columns that the labels come from; by default those of a data frame.
    """
    return ArrayData(DataType.DISCRETE, values, classes=_names(names), labels=True, loss=loss, fields=tuple(fields))


def samples(
    values: Any,
    *,
    scale: Scale = None,
    offset: Numbers | None = None,
    image: tuple[int, int, int] | None = None,
    loss: Losses = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """Rows that the model learns to generate, in the same unit.

    Args:
        values: (n, k) numbers. In an output, a row with a NaN is missing.
        scale: as in `numeric`. The default is `minmax`, or `none` with a Bernoulli loss, which needs values from 0 to
            1. All pixels of an image share one scale.
        offset: as in `numeric`.
        image: (C, H, W), the shape of a row if it is a picture.
        loss: the code of a loss, or several to choose from; `gaussian` by default.
        fields: the names of the columns that the variables come from; by default those of a data frame.
    """
    return ArrayData(DataType.SAMPLES, values, offset, scale, image=image, loss=loss, fields=tuple(fields))


def features(
    values: Any,
    *,
    scale: Scale = None,
    offset: Numbers | None = None,
    loss: Losses = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """Numbers with a shape: images or sequences.

    Args:
        values: (n, C, H, W) or (n, C, T) numbers. In an output, NaN is a missing value. An output must have the same
            sides (H, W) or (T) as an input of features, because shape-keeping networks make it from that input.
        scale: as in `numeric`; all variables of a channel share one scale.
        offset: as in `numeric`.
        loss: the code of a loss, or several to choose from; `mse` by default.
        fields: the names of the columns that the variables come from.
    """
    return ArrayData(DataType.FEATURES, values, offset, scale, loss=loss, fields=tuple(fields))


def of_own_type(code: str, data: ArrayData) -> ArrayData:
    """The same data with a user's own type in the graph (Garciarena et al., section VI-A).

    Numbers of such a type are not scaled by default, because their values may have a meaning in the type.

    Args:
        code: the code of the type, a row of `valp.parts.own_types.OWN_TYPES`.
        data: the result of `numeric` or a similar function.
    """
    return replace(data, own=code)


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(map(str, names))
