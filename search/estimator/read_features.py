"""The columns of X of an estimator: which hold texts, and numbers as scikit-learn reads them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from valp.errors import ValpError
from valp.model.table import cells, is_table

NUMERIC = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
"""The checks of Arrow for a type of numbers: pandas may hold numbers as objects."""

TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_null)
"""The checks of Arrow for a type of texts, or of no value at all."""


@contextmanager
def value_errors() -> Iterator[None]:
    """Turns errors of this library into ValueError, as is usual in scikit-learn."""
    try:
        yield
    except ValpError as error:
        raise ValueError(str(error)) from error


def text_columns(X: Any) -> list[str]:  # noqa: N803
    """The names of the columns of a data frame that hold texts.

    Raises:
        ValueError: if a column holds neither numbers nor texts, such as dates, or a name occurs twice.
    """
    if not is_table(X):
        return []
    twice = next((name for name, count in Counter(map(str, X.columns)).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"X must name each column once, but {twice!r} occurs more than once")
    found = []
    for name in X.columns:
        if np.asarray(X[name]).dtype.kind in "biuf":
            continue
        with value_errors():
            kind = cells("X", str(name), X[name]).type
        if not any(check(kind) for check in (*NUMERIC, *TEXTS)):
            raise ValueError(f"X must hold numbers and texts, but column {name!r} holds {kind}: give numbers")
        if any(check(kind) for check in TEXTS):
            found.append(str(name))
    return found


def with_plain_numbers(X: Any) -> Any:  # noqa: N803
    """A data frame of pandas whose columns of objects, all numbers, have a type that scikit-learn reads."""
    if not is_table(X) or not hasattr(X, "dtypes") or not hasattr(X, "astype"):
        return X
    objects = [name for name in X.columns if X[name].dtype == object]
    return X.astype(dict.fromkeys(objects, "Float64")) if objects else X
