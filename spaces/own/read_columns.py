"""Makes inputs and outputs from columns of a table. Scales and classes come from the training split only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valp.errors import DataError, hint
from valp.model.raw_inputs import categories, stacked
from valp.spaces.own import toml_schema as own
from valp.spaces.own.read_tables import Source
from valp.spaces.own.split_rows import NAMES, Parts
from valp.spaces.problem.array_columns import in_order
from valp.spaces.problem.problem import ArrayData, discrete, features, labels, numeric, samples
from valp.spaces.problem.scaling import QUANTILE, Constants, learnt_quantiles, learnt_scaling

YES_NO = {"0": 0.0, "no": 0.0, "n": 0.0, "false": 0.0, "1": 1.0, "yes": 1.0, "y": 1.0, "true": 1.0}


def matching(key: str, patterns: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The columns that match exact names and patterns with `*`. A `!` before a pattern removes its columns again.

    Raises:
        DataError: if a pattern matches no column, or no column is left.
    """
    found: dict[str, None] = {}
    known = frozenset(names)
    for pattern in patterns:
        out = pattern.startswith("!") and pattern not in known
        wanted = pattern[1:] if out else pattern
        if wanted in known:
            matches = [wanted]
        else:
            form = re.compile(".*".join(map(re.escape, wanted.split("*"))))
            matches = [name for name in names if "*" in wanted and form.fullmatch(name)]
        if not matches:
            what = "no column matches" if "*" in wanted else "there is no column"
            raise DataError(f"{key}: {what} {wanted!r}{_separated(names) or hint(wanted, names)}")
        for name in matches:
            if out:
                found.pop(name, None)
            else:
                found[name] = None
    if not found:
        raise DataError(f"{key}: patterns with '!' remove every column")
    return tuple(found)


def _separated(names: Sequence[str]) -> str:
    """A hint to set the separator, if the only column looks like several."""
    for separator in (";", "\t", "|"):
        if len(names) == 1 and separator in names[0]:
            return f"; the header has one column, {names[0][:40]!r}: give data.separator = {separator!r}"
    return ""


@dataclass(frozen=True)
class Reader:
    """Makes the inputs and outputs.

    Attributes:
        source: the table.
        parts: the row numbers of train, validation and test.
        missing: texts that mean an empty cell in this table, in addition to the usual ones.
    """

    source: Source
    parts: Parts
    missing: tuple[str, ...] = ()

    def input(self, key: str, part: own.AnyInput, fields: tuple[str, ...]) -> ArrayData:
        """Makes an input with its values.

        Raises:
            DataError: if a cell does not fit its type, or an empty cell is not allowed.
        """
        if isinstance(part, own.Discrete):
            texts = self.source.texts(fields[0])
            classes = self._vocabulary(key, texts)
            # A category that the training split does not have becomes a row of zeros.
            return discrete(categories(self.source, fields[0]), classes=classes, fields=fields)
        values, fill = self._filled(fields, stacked(key, self.source, fields), part.missing)
        made = self._with_quantiles(key, part, values, self._input(key, part, values, fields))
        return made if fill is None else replace(made, fill=fill, missing=self.missing)

    def _input(
        self,
        key: str,
        part: own.NumericInput | own.FeaturesInput | own.SamplesInput,
        values: NDArray[Any],
        fields: tuple[str, ...],
    ) -> ArrayData:
        """An input of numbers."""
        if isinstance(part, own.NumericInput):
            values = values.reshape(len(values), -1)
            offset, scale = self._scaling(key, values, part.scale or "standard")
            return numeric(values, offset=offset, scale=scale, fields=fields)
        if isinstance(part, own.FeaturesInput):
            values = self._shaped(key, values, part.shape)
            offset, scale = self._scaling(key, values, part.scale or "standard", by_channel=True)
            return features(values, offset=offset, scale=scale, fields=fields)
        image, offset, scale = self._picture(key, values, part)
        return samples(values.reshape(len(values), -1), offset=offset, scale=scale, image=image, fields=fields)

    def output(self, key: str, part: own.AnyOutput, fields: tuple[str, ...]) -> ArrayData:
        """Makes an output with its values. A missing value is NaN, a missing class −1.

        Raises:
            DataError: if a cell does not fit its type, a class is not in the training split, or a split has no value.
        """
        loss = part.loss
        if isinstance(part, own.DiscreteOutput):
            numbers, classes = self._classes(key, fields[0])
            self._require_present(key, numbers >= 0)
            weights = _weights(key, part.class_weights, classes)
            return discrete(numbers, classes=classes, loss=loss, class_weights=weights, fields=fields)
        if isinstance(part, own.LabelsOutput):
            truths, names = self._labels(fields)
            self._require_present(key, ~np.isnan(truths).all(1))
            return labels(truths, names=names, loss=loss, fields=fields)
        values = stacked(key, self.source, fields)
        flat = values.reshape(len(values), -1)
        if isinstance(part, own.NumericOutput):
            self._require_present(key, ~np.isnan(flat).all(1))
            offset, scale = self._scaling(key, flat, part.scale or "standard")
            made = numeric(flat, offset=offset, scale=scale, loss=loss, fields=fields)
            return self._with_quantiles(key, part, flat, made)
        if isinstance(part, own.FeaturesOutput):
            self._require_present(key, ~np.isnan(flat).all(1))
            values = self._shaped(key, values, part.shape)
            offset, scale = self._scaling(key, values, part.scale or "standard", by_channel=True)
            made = features(values, offset=offset, scale=scale, loss=loss, fields=fields)
            return self._with_quantiles(key, part, flat, made)
        self._require_present(key, ~np.isnan(flat).any(1), at_least=2)
        image, offset, scale = self._picture(key, values, part)
        made = samples(flat, offset=offset, scale=scale, image=image, loss=loss, fields=fields)
        return self._with_quantiles(key, part, flat, made)

    def _filled(
        self, fields: tuple[str, ...], values: NDArray[Any], missing: str | None
    ) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """The values with empty cells filled, and the fill value of each variable; None if nothing is filled."""
        flat = values.reshape(len(values), -1)
        if flat.dtype.kind != "f":
            return values, None
        holes = np.isnan(flat)
        if missing is None:
            if not holes.any():
                return values, None
            row = int(holes.any(1).argmax())
            column = fields[int(holes[row].argmax())] if len(fields) > 1 else fields[0]
            raise DataError(
                f"{self.source.place(row)}: column {column!r} is empty, and an input must have a value; "
                'give missing = "mean" to fill it'
            )
        trained = flat[self.parts[0]]
        counts = (~np.isnan(trained)).sum(0)
        if not counts.all():
            column = fields[int((counts == 0).argmax())] if len(fields) > 1 else fields[0]
            raise DataError(f"column {column!r} has no value in the training split, so it cannot be filled by the mean")
        fill = np.nansum(trained, axis=0) / counts
        return np.where(holes, fill, flat).reshape(values.shape) if holes.any() else values, fill

    def _with_quantiles(
        self, key: str, part: own.Numeric | own.Samples | own.Features, values: NDArray[Any], made: ArrayData
    ) -> ArrayData:
        """The data with the quantiles of its variables, if they are its scale."""
        if part.scale != QUANTILE:
            return made
        if made.image is not None or isinstance(part, own.Features):
            raise DataError(f"{key}.scale: pictures and sequences cannot be scaled by quantiles")
        return replace(made, quantiles=learnt_quantiles(values, self.parts[0]))

    def _scaling(
        self, key: str, values: NDArray[Any], scale: str | float, *, by_channel: bool = False, as_one: bool = False
    ) -> tuple[Constants, Constants]:
        """The offset and scale: one for each variable, for each channel, or for all variables together."""
        if isinstance(scale, float):
            return 0.0, scale
        trained = values[self.parts[0]]
        axes = (0, *range(2, trained.ndim)) if by_channel else None if as_one else 0
        if trained.dtype.kind == "f" and scale != "none" and np.isnan(trained).all(axes).any():
            raise DataError(f"{key}: a column has no value in the training split to learn its scale from")
        return learnt_scaling(values, self.parts[0], scale, by_channel=by_channel, as_one=as_one)

    def _picture(
        self, key: str, values: NDArray[Any], part: own.Samples
    ) -> tuple[tuple[int, int, int] | None, Constants, Constants]:
        """The image shape of Samples, with offset and scale. All pixels of an image share one scale."""
        size = prod(values.shape[1:])
        image = part.image or (tuple(values.shape[1:]) if values.ndim == 4 else None)
        if image is not None and prod(image) != size:
            raise DataError(f"{key}.image: an image {list(image)} has {prod(image)} values, but a row has {size}")
        flat = values.reshape(len(values), -1)
        return image, *self._scaling(key, flat, part.scale or "minmax", as_one=image is not None)

    def _shaped(self, key: str, values: NDArray[Any], shape: tuple[int, ...] | None) -> NDArray[Any]:
        size = prod(values.shape[1:])
        if shape is None and values.ndim < 4:
            raise DataError(
                f"{key}.shape must say how the {size} values of a row are laid out: "
                f"[1, {size}] for a sequence, or [channels, height, width]"
            )
        if shape is not None and prod(shape) != size:
            raise DataError(f"{key}.shape: {list(shape)} has {prod(shape)} values, but a row has {size}")
        return values if shape is None else values.reshape(len(values), *shape)

    def _vocabulary(self, key: str, texts: NDArray[Any]) -> tuple[str, ...]:
        """The categories in the training split, in numerical or alphabetical order."""
        known = {text for text in texts[self.parts[0]] if text is not None}
        if not known:
            raise DataError(f"{key}: its column has no value in the training split")
        return in_order(known)

    def _classes(self, key: str, field: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """The class number of each row, −1 if missing, and the classes."""
        texts = self.source.texts(field)
        classes = self._vocabulary(key, texts)
        if len(classes) < 2:
            raise DataError(f"{key}: column {field!r} must have at least two classes, but has only {classes[0]!r}")
        numbers = {None: -1} | {name: i for i, name in enumerate(classes)}
        for split, rows in zip(NAMES[1:], self.parts[1:], strict=True):
            for row in rows:
                if texts[row] not in numbers:
                    raise DataError(
                        f"{self.source.place(int(row))}: column {field!r} has {texts[row]!r} in the {split} split, but "
                        f"never in the training split; give split.stratify = {field!r}, or merge the class with another"
                    )
        return np.array([numbers[text] for text in texts], dtype=np.int64), classes

    def _labels(self, fields: tuple[str, ...]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """The labels, (n, k) of 0, 1 and NaN, and their k names."""
        if len(fields) == 1 and isinstance(self.source.tables[0].columns[fields[0]], np.ndarray):
            values = self.source.numbers(fields[0]).reshape(len(self.source), -1).astype(np.float64)
            wrong = ~(np.isnan(values) | (values == 0) | (values == 1))
            if wrong.any():
                row = int(wrong.any(1).argmax())
                found = values[row][wrong[row]][0]
                raise DataError(
                    f"{self.source.place(row)}: labels must be 0 or 1, but array {fields[0]!r} has {found:g}"
                )
            return values, tuple(f"{fields[0]}_{i}" for i in range(values.shape[1]))
        return np.column_stack([self._yes_no(field) for field in fields]), fields

    def _yes_no(self, field: str) -> NDArray[np.float64]:
        texts = self.source.texts(field)
        truths = np.full(len(texts), np.nan)
        for row, text in enumerate(texts):
            if text is None:
                continue
            if text.lower() not in YES_NO:
                raise DataError(
                    f"{self.source.place(row)}: column {field!r} must be yes or no (or 1, 0, true, false), "
                    f"but has {text[:40]!r}"
                )
            truths[row] = YES_NO[text.lower()]
        return truths

    def _require_present(self, key: str, present: Any, at_least: int = 1) -> None:
        for split, rows in zip(NAMES, self.parts, strict=True):
            count = int(present[rows].sum())
            if count < at_least:
                wanted = "a row with a value" if at_least == 1 else f"{at_least} rows without empty cells"
                raise DataError(f"{key} must have {wanted} in the {split} split, but there is {count or 'none'}")


def _weights(key: str, given: Any, classes: tuple[str, ...]) -> str | tuple[float, ...] | None:
    """Class weights in the order of the classes; 1 if none is given."""
    if not isinstance(given, dict):
        return given  # type: ignore[no-any-return]
    for name in given:
        if name not in classes:
            raise DataError(f"{key}.class_weights: there is no class {name!r}{hint(name, classes)}")
    return tuple(given.get(name, 1.0) for name in classes)
