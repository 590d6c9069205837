"""A problem: typed inputs and outputs, with their data in three splits."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from pydantic import ConfigDict, Field
from torch import Tensor

from valp.errors import DataError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column, Preprocessing
from valp.parts.own_types import like
from valp.parts.shapes import text
from valp.spaces.problem.array_columns import (
    as_array,
    class_weights_of,
    column_of,
    losses_of,
    truth_of,
    variance_of,
    with_classes,
    with_scale,
)
from valp.spaces.problem.arrays import ArrayData, discrete, features, labels, numeric, of_own_type, samples
from valp.spaces.problem.conditions import checked_conditions, shares_of, usual_conditions
from valp.spaces.problem.description import Description
from valp.spaces.problem.given_answers import require_no_answers
from valp.spaces.problem.problem_html import problem_html
from valp.spaces.problem.splits import SPLITS, Split, drawn_splits, given_splits

__all__ = [
    "ArrayData",
    "Description",
    "Problem",
    "Split",
    "discrete",
    "features",
    "labels",
    "numeric",
    "of_own_type",
    "samples",
]


class Problem(Description):
    """What a VALP learns, with its data.

    Attributes:
        train: the split that candidates, judges and scalings learn from.
        validation: the split on which a search scores candidates.
        test: the split that is used only for reports and final scores.
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
        inputs: Mapping[str, ArrayData],
        outputs: Mapping[str, ArrayData],
        title: str = "",
        splits: tuple[Any, Any, Any] | None = None,
        validation: float = 0.15,
        test: float = 0.15,
        seed: int = 0,
        conditions: Sequence[str] | None = None,
    ) -> "Problem":
        """A problem from arrays, data frames or lists.

        Numbers are standardised on the training split unless their `scale` says otherwise. Predictions and samples have
        your units.

        Args:
            name: the name of the problem.
            inputs: the inputs by name, made by `numeric`, `discrete`, `labels`, `samples` or `features`. No value may
                be missing.
            outputs: the outputs by name, made by the same functions. `loss` selects losses other than the usual one.
            title: one line about the problem.
            splits: the row numbers, from 0, of train, validation and test; drawn at random if None.
            validation: the share of the rows for the validation split, between 0 and 1.
            test: the share of the rows for the test split, between 0 and 1.
            seed: the seed of the random splits.
            conditions: by what samples may be asked for: names of inputs, and of outputs with one class per row. The
                default is classes, if there are any: the first such output, and such inputs. Searches then only
                propose samplers that need nothing else to generate.

        Raises:
            DataError: if there is no input or output, they differ in the number of rows, values do not fit, a split
                has no rows or no value of an output, or a condition is neither an input nor a class.
        """
        for what, given in (("inputs", inputs), ("outputs", outputs)):
            if not isinstance(given, Mapping):
                raise DataError(f"the {what} must be a mapping by name, but are of type {type(given).__name__}")
        if not inputs or not outputs:
            raise DataError(f"problem {name!r} must have at least one input and one output")
        inputs = {key: as_array(key, data) for key, data in inputs.items()}
        outputs = {key: as_array(key, data) for key, data in outputs.items()}
        rows = {key: len(data.values) for key, data in (*inputs.items(), *outputs.items())}
        if len(set(rows.values())) > 1 or len(inputs.keys() | outputs.keys()) < len(inputs) + len(outputs):
            listed = ", ".join(f"{key!r} has {count}" for key, count in rows.items())
            raise DataError(f"inputs and outputs must have different names and the same number of rows: {listed}")
        require_no_answers(inputs, outputs)
        count = next(iter(rows.values()))
        parts = given_splits(name, drawn_splits(count, validation, test, seed) if splits is None else splits, count)
        learnt = parts[0].numpy()
        inputs = {key: with_scale(key, with_classes(key, data, learnt), learnt) for key, data in inputs.items()}
        outputs = {
            key: with_scale(key, with_classes(key, data, np.arange(count)), learnt) for key, data in outputs.items()
        }
        columns = Preprocessing(
            inputs=tuple(column_of(key, data) for key, data in inputs.items()),
            outputs=tuple(column_of(key, data) for key, data in outputs.items()),
        )
        losses = {key: losses_of(key, data) for key, data in outputs.items()}
        made = {column.name: truth_of(column, outputs[column.name].values) for column in columns.outputs}
        whole = Split(
            {column.name: column.prepare(inputs[column.name].values) for column in columns.inputs},
            {key: truth for key, (truth, _) in made.items()},
            {key: present for key, (_, present) in made.items() if present is not None},
        )
        for key, codes in losses.items():
            if "bernoulli" in codes:
                _require_shares(key, whole.truths[key])
        train, held, tested = (whole.take(part) for part in parts)
        class_weights = {
            column.name: class_weights_of(column, data.class_weights, train.known(column.name))
            for column, data in zip(columns.outputs, outputs.values(), strict=True)
            if data.class_weights is not None
        }
        problem = cls(
            name=name,
            title=title or name,
            columns=columns,
            losses=losses,
            class_weights=class_weights,
            variances={
                column.name: variance_of(train.truths[column.name], train.present.get(column.name))
                for column in columns.outputs
                if like(column.type) in (DataType.NUMERIC, DataType.FEATURES)
            },
            conditions=usual_conditions(columns) if conditions is None else checked_conditions(columns, conditions),
            shares=shares_of(columns, train),
            train=train,
            validation=held,
            test=tested,
        )
        problem._require_scorable()
        return problem

    @property
    def description(self) -> Description:
        """The problem without its data."""
        return Description(**{name: getattr(self, name) for name in Description.model_fields})

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights of the training split; see `weights_of`."""
        return self.weights_of(self.train)

    def weights_of(self, split: Split) -> dict[str, Tensor]:
        """The weights in the losses of a split: 0 for a missing value, otherwise 1 or the weight of the class.

        Only outputs with missing values or class weights have an entry: float32, (n,) for classes and Samples,
        (n, size) for Numeric outputs and labels.
        """
        weights = {name: mask.float() for name, mask in split.present.items()}
        for name, of_class in self.class_weights.items():
            rows = torch.tensor(of_class)[split.truths[name]]
            weights[name] = rows * weights[name] if name in weights else rows
        return weights

    @property
    def size_in_bytes(self) -> int:
        """The memory used by the data. Memory that two tensors share is counted once."""
        return sum({tensor.data_ptr(): tensor.nbytes for split in self._splits for tensor in split.tensors}.values())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the columns, losses, class weights and all data. Two problems are equal if it is equal."""
        digest = hashlib.sha256(self.columns.model_dump_json().encode())
        digest.update(repr((sorted(self.losses.items()), sorted(self.class_weights.items()))).encode())
        for split in self._splits:
            digest.update(repr(sorted(split.present)).encode())
            for tensor in split.tensors:
                digest.update(np.ascontiguousarray(tensor.numpy()).data)
        return digest.hexdigest()

    def _repr_html_(self) -> str:
        scores: dict[str, list[str]] = {}
        for name, metric in self.metrics.items():
            if metric.output is not None:
                scores.setdefault(metric.output, []).append(name)
        columns = (self.columns.inputs, self.columns.outputs)
        return problem_html(self.name, self.title, columns, self.losses, scores, self._splits, self.conditions)

    def __copy__(self) -> Self:
        copied = super().__copy__()
        vars(copied).pop("fingerprint", None)  # a copy may be given other data
        return copied

    @property
    def remarks(self) -> tuple[str, ...]:
        """As of `Description`; also the classes with weights that have no row to be scored on."""
        return (*super().remarks, *self._unscored_classes())

    def _unscored_classes(self) -> Iterator[str]:
        """A sentence for each output with class weights and split without a row of one of its classes."""
        for output in self.class_weights:
            column = self.columns.output(output)
            for name, split in zip(SPLITS[1:], self._splits[1:], strict=True):
                counts = torch.bincount(split.known(output), minlength=column.size)
                absent = [str(one) for one in column.class_values[(counts == 0).numpy()]]
                if absent:
                    few = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
                    yield f"{output}: the {name} split has no row of {few}, so no score there says whether it is found"

    @property
    def _splits(self) -> tuple[Split, Split, Split]:
        return self.train, self.validation, self.test

    def _require_scorable(self) -> None:
        sides = {column.shape[1:] for column in self.columns.inputs if column.shape is not None}
        for column in self.columns.outputs:
            if column.shape is not None and column.shape[1:] not in sides:
                shape = text(column.shape)
                raise DataError(f"output {column.name!r}, features {shape}, must have the sides of a features input")
            if column.has_class and column.size < 2:
                raise DataError(f"output {column.name!r} must have at least two classes, but has one")
            for name, split in zip(SPLITS, self._splits, strict=True):
                _require_present(column, name, split)
            if column.type is DataType.SAMPLES and self.judged_by is not None:
                both = len(self.train.having(column.name, self.judged_by))
                if both < 2:
                    raise DataError(
                        f"the train split must have at least two rows with both {column.name!r} and "
                        f"{self.judged_by!r}, because a judge learns from them, but has {both}"
                    )


def _require_present(column: Column, name: str, split: Split) -> None:
    present = split.present.get(column.name)
    if present is not None and not bool(present.any()):
        raise DataError(f"output {column.name!r} must have at least one label in the {name} split")
    if column.type is DataType.SAMPLES and len(split.known(column.name)) < 2:
        raise DataError(f"the {name} split must have at least two rows to compare generated {column.name!r} with")


def _require_shares(name: str, truth: Tensor) -> None:
    low, high = truth.min().item(), truth.max().item()
    if low < 0 or high > 1:
        raise DataError(
            f"output {name!r} must lie in [0, 1] for a bernoulli loss, but has {low if low < 0 else high:g}"
        )
