"""What users give of inputs and outputs, `numeric` and its like, before the rows are dealt to splits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from valp.graph.graph import DataType
from valp.spaces.problem.scaling import Scaling

Numbers = float | Sequence[float] | NDArray[Any]
"""One number for all variables, or one for each."""

Scale = Scaling | Numbers | None
"""`standard`, `minmax` or `none` (see `valp.spaces.problem.scaling`), or numbers to divide by; None for the usual."""

Losses = str | Sequence[str] | None
"""The code of a loss, or several; None for the usual one."""

ClassWeights = str | Sequence[float] | NDArray[Any] | None
"""How much a row of each class counts: n / (classes · rows of the class) if "balanced"; None for all alike."""


@dataclass(frozen=True)
class ArrayData:
    """One input or output with its values, as `Problem.from_arrays` takes it; made by `numeric` and its like."""

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


def numeric(
    values: Any,
    *,
    scale: Scale = None,
    offset: Numbers | None = None,
    loss: Losses = None,
    fields: Sequence[str] = (),
) -> ArrayData:
    """Numbers, in any unit; what a model predicts comes back in the same unit.

    Args:
        values: (n,) or (n, k) numbers: an array, a list, a data frame or a series. In an output NaN is a missing
            value.
        scale: how they enter the model. `standard`, the default: mean 0 and deviation 1, each variable for itself;
            `minmax`: 0 to 1; `none`: as they are; or one number to divide by, or one for each variable. The first two
            are learnt on the training split. Arrays of 8-bit whole numbers are divided by 255.
        offset: is subtracted before the division by a scale in numbers: one number, or one for each variable; 0 by
            default.
        loss: the code of a loss, or several to choose from; `mse` by default.
        fields: the names of the columns that the variables come from; those of a data frame by default.
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
    """One class a row.

    Args:
        values: (n,) names of classes, or class numbers from 0. In an output an empty name, None, NaN or −1 is a missing
            class; in an input an empty or unknown name is no class.
        classes: the names of the classes in their order. By default they are learnt from the names in `values`, in the
            order of the alphabet, or of their numbers if all are numbers: of an input from its training split, of an
            output from all rows. Class numbers have no names by default.
        loss: the code of a loss, or several to choose from; `cross_entropy` by default.
        class_weights: how much a row of each class counts in the losses: a positive number for each, or `balanced`.
        fields: the name of the column that the classes come from; that of a series by default.
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
    """Several yes/no labels a row.

    Args:
        values: (n, k) of 0 and 1. In an output NaN is a missing label.
        names: of the k labels.
        loss: the code of a loss, or several to choose from; `binary_cross_entropy` by default.
        fields: the names of the columns that the labels come from; those of a data frame by default.
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
    """Rows of which the model learns to generate more, in the same unit.

    Args:
        values: (n, k) numbers. In an output a row with a NaN is missing.
        scale: as of `numeric`, but `minmax` by default, and `none` with a Bernoulli loss, which needs values from 0 to
            1. All pixels of an image share one scale.
        offset: as of `numeric`.
        image: (C, H, W), the shape of a row if it is a picture.
        loss: the code of a loss, or several to choose from; `gaussian` by default.
        fields: the names of the columns that the variables come from; those of a data frame by default.
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
        values: (n, C, H, W) or (n, C, T) numbers. In an output NaN is a missing value. An output must have the sides
            (H, W) or (T) of an input of features, because networks that keep shapes make it of that.
        scale: as of `numeric`; all variables of a channel share one scale.
        offset: as of `numeric`.
        loss: the code of a loss, or several to choose from; `mse` by default.
        fields: the names of the columns that the variables come from.
    """
    return ArrayData(DataType.FEATURES, values, offset, scale, loss=loss, fields=tuple(fields))


def of_own_type(code: str, data: ArrayData) -> ArrayData:
    """The same data with a user's own type in the graph (Garciarena et al., section VI-A).

    Numbers of such a type are not scaled by default, for the type may give their values a meaning.

    Args:
        code: of the type, a row of `valp.parts.own_types.OWN_TYPES`.
        data: what `numeric` and its like make.
    """
    return replace(data, own=code)


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(map(str, names))
