"""Returns results in the form of the input: a data frame for a data frame."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray


def is_frame(data: object) -> bool:
    """Whether `data` is a data frame of pandas, Polars or the like, or an Arrow table.

    A mapping of columns is not one, nor is a `valp.model.table.Table`, whose columns are a mapping.
    """
    return not isinstance(data, Mapping) and not isinstance(getattr(data, "columns", {}), Mapping)


def frame_like(data: Any, columns: Mapping[str, NDArray[Any]]) -> Any:
    """Columns (n,) as a data frame of the kind that `data` is.

    A pandas frame gets the index of `data` if both have the same number of rows.
    """
    if hasattr(data, "column_names"):  # an Arrow table
        return type(data).from_pydict(dict(columns))
    rows = len(next(iter(columns.values()), ()))
    if hasattr(data, "index") and len(data) == rows:
        return type(data)(dict(columns), index=data.index)
    return type(data)(dict(columns))
