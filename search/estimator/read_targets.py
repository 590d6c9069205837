"""Reads y as scikit-learn users give it: one or more outputs of different types, as array, data frame or mapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from valp.model.output_columns import PROBABILITIES, Arrays
from valp.model.table import is_table
from valp.spaces.own import toml_schema as own
from valp.spaces.own.column_profile import FEW
from valp.spaces.own.read_columns import Reader
from valp.spaces.own.toml_draft import identifier, unused
from valp.spaces.problem.array_columns import is_absent
from valp.spaces.problem.problem import ArrayData, discrete

Form = Literal["one", "array", "frame", "mapping"]
"""The form of y: (n,), (n, k), a data frame, or a mapping of arrays."""

AUTO = "auto"
KINDS: dict[str, Any] = {
    "numeric": own.NumericOutput,
    "discrete": own.DiscreteOutput,
    "labels": own.LabelsOutput,
    "samples": own.SamplesOutput,
}
"""The types of outputs, and the class that describes each."""


@dataclass(frozen=True)
class Target:
    """An output to learn.

    Attributes:
        key: the user's name for it.
        name: the model's name for it.
        kind: its type, a key of `KINDS`.
        values: (n,) or (n, k) numbers, NaN if missing; for classes their numbers, −1 if missing.
        classes: the labels of the classes, by number, in the user's own type.
    """

    key: Any
    name: str
    kind: str
    values: NDArray[Any]
    classes: NDArray[Any] | None = None

    def data(self, reader: Reader, rows: NDArray[np.int64]) -> ArrayData:
        """The problem's output for these rows. The reader's table has its values under the output's name."""
        if self.classes is not None:
            return discrete(self.values[rows], classes=[str(label) for label in self.classes])
        described = KINDS[self.kind](type=self.kind, array=self.name)
        return reader.output(f"y[{self.key!r}]", described, (self.name,))

    def predicted(self, found: Arrays) -> NDArray[Any]:
        """The predictions, in the type and shape of the user's y."""
        if self.classes is not None:
            labels: NDArray[Any] = self.classes[self.probabilities(found).argmax(1)]
            return labels
        values = found[self.name].astype(np.int64 if self.kind == "labels" else np.float64)
        return values.reshape(len(values), *self.values.shape[1:])

    def probabilities(self, found: Arrays) -> NDArray[Any]:
        """The probabilities: (n, classes), or for labels (n, k)."""
        return found[f"{self.name}.{PROBABILITIES}"]


def targets_of(y: Any, outputs: str | Mapping[Any, str]) -> tuple[Form, tuple[Target, ...]]:
    """The form of y and its outputs.

    Args:
        y: an array (n,) or (n, k), a data frame, or a mapping of arrays.
        outputs: a type of `KINDS` for all outputs, or a mapping from some keys of y to types. For the others, texts,
            truth values and whole numbers with few distinct values are classes, and other numbers are numeric.

    Raises:
        ValueError: if a type is unknown or does not fit the values.
    """
    named = {} if isinstance(outputs, str) else dict(outputs)
    usual = outputs if isinstance(outputs, str) else AUTO
    for kind in (usual, *named.values()):
        if kind not in (AUTO, *KINDS):
            raise ValueError(f"an output must be {AUTO}, {', '.join(KINDS)}, but is {kind!r}")
    form, columns = _columns(y, usual)
    unknown = [key for key in named if key not in columns]
    if unknown:
        raise ValueError(f"outputs names {unknown[0]!r}, but y has {', '.join(map(repr, columns))}")
    taken = {"x"}
    targets = []
    for key, values in columns.items():
        name = unused(identifier(str(key)), taken)
        targets.append(_target(key, name, values, named.get(key, usual)))
    return form, tuple(targets)


def shaped(
    form: Form, targets: Sequence[Target], values: Sequence[NDArray[Any]], like: Any = None, index: Any = None
) -> Any:
    """Values of the outputs in the form of y. For a data frame `like` is its class; without it the result is a dict.

    `index` is that of the rows, for a frame that has one.
    """
    if form == "one":
        return values[0]
    if form == "array":
        return values[0] if values[0].ndim > 1 else np.column_stack(values)
    found = {target.key: array for target, array in zip(targets, values, strict=True)}
    if form != "frame" or like is None:
        return found
    return like(found) if index is None else like(found, index=index)


def given_of(form: Form, targets: Sequence[Target], y: Any) -> list[NDArray[Any]]:
    """The values of each output in a y of the given form: the inverse of `shaped`.

    Raises:
        ValueError: if y lacks an output.
    """
    if form in ("one", "array"):
        values = np.asarray(y)
        return [values] if len(targets) == 1 and values.ndim < 3 else list(values.T)
    lacking = [target.key for target in targets if target.key not in (y if isinstance(y, Mapping) else y.columns)]
    if lacking:
        raise ValueError(f"y must have output {lacking[0]!r}, but does not")
    return [np.asarray(y[target.key]) for target in targets]


def _columns(y: Any, usual: str) -> tuple[Form, dict[Any, NDArray[Any]]]:
    if isinstance(y, Mapping) or is_table(y):
        keys = list(y) if isinstance(y, Mapping) else list(y.columns)
        return "mapping" if isinstance(y, Mapping) else "frame", {key: np.asarray(y[key]) for key in keys}
    values = np.asarray(y)
    if values.ndim == 1:
        return "one", {"y": values}
    as_one = usual not in (AUTO, "discrete") or (usual == AUTO and not all(map(_look_like_classes, values.T)))
    return "array", {"y": values} if as_one else {f"y{i}": values[:, i] for i in range(values.shape[1])}


def _target(key: Any, name: str, values: NDArray[Any], kind: str) -> Target:
    there = ~missing(values)
    if values.ndim not in (1, 2) or not there.any():
        found = f"has shape {values.shape}" if there.any() else "has no value"
        raise ValueError(f"y[{key!r}] must be an array (n,) or (n, k) with values, but {found}")
    if kind == AUTO:
        kind = "discrete" if values.ndim == 1 and _look_like_classes(values[there]) else "numeric"
    if kind != "discrete":
        try:
            return Target(key, name, kind, np.where(there, values, np.nan).astype(np.float64))
        except (TypeError, ValueError) as error:
            raise ValueError(f"y[{key!r}] must hold numbers to be {kind}, but does not: {error}") from error
    if values.ndim > 1:
        raise ValueError(f"y[{key!r}] must have one class a row, but has shape {values.shape}")
    known = np.array(values[there].tolist())  # with their own dtype: an array with None has dtype object
    check_classification_targets(known)
    classes, numbers = np.unique(known, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y[{key!r}] must have two classes or more to learn, but has one class, {str(classes[0])!r}")
    whole = np.full(len(values), -1, np.int64)
    whole[there] = numbers
    return Target(key, name, kind, whole, classes)


def _look_like_classes(values: NDArray[Any]) -> bool:
    """Whether (n,) values are texts, truth values, or whole numbers with few distinct values, as in a TOML draft."""
    if values.dtype.kind in "US" or (values.dtype.kind == "O" and any(isinstance(value, str) for value in values)):
        return True
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        return True
    known = np.unique(numbers)
    return values.dtype.kind == "b" or (len(known) <= FEW and bool((known == np.round(known)).all()))


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each value is missing: NaN, None, or a missing value of pandas."""
    if values.dtype.kind == "f":
        holes: NDArray[np.bool_] = np.isnan(values)
        return holes
    if values.dtype.kind != "O":
        return np.zeros(values.shape, bool)
    return np.array([is_absent(value) for value in values.flat], bool).reshape(values.shape)
