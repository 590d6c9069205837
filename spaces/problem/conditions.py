"""By what the samples of a problem may be asked for, and how often each class occurs."""

from collections.abc import Sequence

import torch

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column, Preprocessing
from valp.spaces.problem.splits import Split


def usual_conditions(columns: Preprocessing) -> tuple[str, ...]:
    """The conditions of a problem that names none: inputs that are classes, and the first output that is a class.

    There are none if nothing is generated.
    """
    if not any(column.type is DataType.SAMPLES for column in columns.outputs):
        return ()
    inputs = [column.name for column in columns.inputs if is_class(column)]
    return (*inputs, *[column.name for column in columns.outputs if is_class(column)][:1])


def checked_conditions(columns: Preprocessing, names: Sequence[str]) -> tuple[str, ...]:
    """The conditions that a user names.

    Raises:
        DataError: if one is neither an input nor an output with one class per row.
    """
    listed = (names,) if isinstance(names, str) else tuple(names)
    inputs = [column.name for column in columns.inputs]
    possible = inputs + [column.name for column in columns.outputs if is_class(column)]
    for name in listed:
        if name not in possible:
            raise DataError(
                f"a condition must be an input, or an output with one class per row ({', '.join(possible)}), "
                f"but is {name!r}"
            )
    return tuple(dict.fromkeys(listed))


def is_class(column: Column) -> bool:
    """Whether a column has one class per row, which can be given to a network. A type of the user's own has none."""
    return column.has_class and column.own is None


def shares_of(columns: Preprocessing, train: Split) -> dict[str, tuple[float, ...]]:
    """The shares of the classes in the training split, by input or output. Rows without a known class do not count.

    A column without any known class has no shares.
    """
    counts = {column.name: train.inputs[column.name].double().sum(0) for column in columns.inputs if is_class(column)}
    for column in columns.outputs:
        if is_class(column):
            counts[column.name] = torch.bincount(train.known(column.name), minlength=column.size).double()
    return {name: tuple((count / count.sum()).tolist()) for name, count in counts.items() if bool(count.sum() > 0)}
