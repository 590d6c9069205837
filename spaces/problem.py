"""A problem: typed inputs and outputs, and their data in three splits."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from torch import Tensor

from spaces.metrics import METRICS, Metric
from valp.errors import DataError
from valp.graph import DataType, DataUnit, Frozen, Input, Output
from valp.losses import LOSSES
from valp.preprocessing import Column, Preprocessing

DEFAULT_LOSS = {DataType.NUMERIC: "mse", DataType.DISCRETE: "cross_entropy", DataType.SAMPLES: "gaussian"}

PREDICTION_METRICS = {DataType.NUMERIC: ("mse",), DataType.DISCRETE: ("accuracy",)}
GENERATION_METRICS = ("entropy", "density", "coverage", "diversity", "conditioning")
OBJECTIVE_METRIC = {DataType.NUMERIC: "mse", DataType.DISCRETE: "accuracy", DataType.SAMPLES: "entropy"}
"""What a search optimises for an output of each type, unless told otherwise."""


@dataclass(frozen=True)
class Data:
    """One input or output with its values, as `Problem.from_arrays` takes it; made by `numeric` and its like."""

    type: DataType
    values: Any
    offset: float = 0.0
    scale: float = 1.0
    classes: tuple[str, ...] | None = None
    image: tuple[int, int, int] | None = None
    loss: str | None = None


def numeric(values: Any, *, offset: float = 0.0, scale: float = 1.0, loss: str | None = None) -> Data:
    """Numbers, n rows; the model sees (value − offset) / scale."""
    return Data(DataType.NUMERIC, values, offset, scale, loss=loss)


def discrete(values: Any, *, classes: Sequence[str] | None = None, loss: str | None = None) -> Data:
    """n class numbers from 0; `classes` names them."""
    return Data(DataType.DISCRETE, values, classes=tuple(classes) if classes is not None else None, loss=loss)


def samples(
    values: Any,
    *,
    offset: float = 0.0,
    scale: float = 1.0,
    image: tuple[int, int, int] | None = None,
    loss: str | None = None,
) -> Data:
    """What the model shall learn to generate, n rows; `image` is (C, H, W) where a row is a picture."""
    return Data(DataType.SAMPLES, values, offset, scale, image=image, loss=loss)


@dataclass(frozen=True)
class Split:
    """Tensors of one split.

    Attributes:
        inputs: (n, size) float32 for each input.
        truths: (n, size) float32 for each output; (n,) int64 classes for a Discrete one.
    """

    inputs: dict[str, Tensor]
    truths: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.truths.values())))

    def take(self, rows: Tensor) -> "Split":
        """Some rows of the split."""
        return Split(
            {name: tensor[rows] for name, tensor in self.inputs.items()},
            {name: tensor[rows] for name, tensor in self.truths.items()},
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # As arrays: other processes can then map the same memory instead of copying it.
        parts = (self.inputs, self.truths)
        return _split_from_arrays, tuple({name: t.numpy() for name, t in part.items()} for part in parts)


def _split_from_arrays(inputs: dict[str, NDArray[Any]], truths: dict[str, NDArray[Any]]) -> Split:
    return Split(_tensors(inputs), _tensors(truths))


def _tensors(arrays: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    with warnings.catch_warnings():
        # Shared arrays are read-only; nothing writes to a split.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Description(Frozen):
    """A problem without its data: what it takes to list, draw and export what a search found.

    Attributes:
        name: of the problem.
        title: one line about it.
        columns: inputs and outputs as the user knows them; a saved model keeps them.
        losses: the loss of each output.
    """

    name: str
    title: str
    columns: Preprocessing
    losses: dict[str, str]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The model inputs."""
        return tuple(
            Input(name=column.name, unit=DataUnit(type=column.type, shape=(column.size,)))
            for column in self.columns.inputs
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The model outputs, each with the paper's Λ as combiner."""
        return tuple(
            Output(name=column.name, unit=DataUnit(type=column.type, shape=(column.size,)))
            for column in self.columns.outputs
        )

    @cached_property
    def metrics(self) -> dict[str, tuple[str, Metric]]:
        """By the name of a score: the output it judges and the metric.

        A metric that only one output has goes by its code; otherwise by code.output. What needs a judge is there
        only if a Discrete output can teach one.
        """
        pairs = []
        for column in self.columns.outputs:
            codes = PREDICTION_METRICS.get(column.type, GENERATION_METRICS if self.judged_by else ())
            pairs += [(code, column.name) for code in codes]
        codes_seen = [code for code, _ in pairs]
        return {
            code if codes_seen.count(code) == 1 else f"{code}.{output}": (output, METRICS[code])
            for code, output in pairs
        }

    @property
    def objectives(self) -> tuple[str, ...]:
        """The scores a search optimises by default: one for each output."""
        types = {column.name: column.type for column in self.columns.outputs}
        wanted = {output: OBJECTIVE_METRIC[types[output]] for output in types if types[output] in OBJECTIVE_METRIC}
        return tuple(name for name, (output, metric) in self.metrics.items() if wanted.get(output) == metric.code)

    @property
    def judged_by(self) -> str | None:
        """The Discrete output whose classes the judge learns: the first one."""
        discrete_outputs = [c.name for c in self.columns.outputs if c.type is DataType.DISCRETE]
        return discrete_outputs[0] if discrete_outputs else None

    def view(self, output: str) -> str | None:
        """The input that shows what a Samples output should look like, so that the judge can label it: same size."""
        size = self.columns.output(output).size
        return next((column.name for column in self.columns.inputs if column.size == size), None)


class Problem(Description):
    """What a VALP shall learn, with the data.

    Attributes:
        train, validation, test: the splits. A search sees validation scores only; test is for reports.
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
        inputs: Mapping[str, Data],
        outputs: Mapping[str, Data],
        title: str = "",
        splits: tuple[Any, Any, Any] | None = None,
        validation: float = 0.15,
        test: float = 0.15,
        seed: int = 0,
    ) -> "Problem":
        """A problem from arrays.

        Args:
            name: of the problem.
            inputs: by name, made by `numeric`, `discrete` or `samples`.
            outputs: by name, likewise; `loss` picks another loss than the type's usual one.
            title: one line about it.
            splits: the row numbers of train, validation and test; drawn at random if None.
            validation, test: the shares of the rows that are drawn for these splits.
            seed: of that draw.

        Raises:
            DataError: if there is no input or output, rows differ in number, values do not fit, or a split is empty.
        """
        if not inputs or not outputs:
            raise DataError(f"problem {name!r} must have at least one input and one output")
        rows = {key: len(data.values) for key, data in (*inputs.items(), *outputs.items())}
        if len(set(rows.values())) > 1 or len(inputs.keys() | outputs.keys()) < len(inputs) + len(outputs):
            listed = ", ".join(f"{key!r} has {count}" for key, count in rows.items())
            raise DataError(f"inputs and outputs must have names of their own and as many rows as each other: {listed}")
        columns = Preprocessing(
            inputs=tuple(_column(key, data) for key, data in inputs.items()),
            outputs=tuple(_column(key, data) for key, data in outputs.items()),
        )
        losses = {key: _loss(key, data) for key, data in outputs.items()}
        whole = Split(
            {column.name: column.prepare(inputs[column.name].values) for column in columns.inputs},
            {column.name: _truth(column, outputs[column.name].values) for column in columns.outputs},
        )
        parts = _drawn_splits(len(whole), validation, test, seed) if splits is None else splits
        train, held, tested = (whole.take(torch.as_tensor(np.asarray(part))) for part in parts)
        for part_name, part in (("train", train), ("validation", held), ("test", tested)):
            if len(part) == 0:
                raise DataError(f"the {part_name} split of {name!r} must have at least one row, but has none")
        return cls(
            name=name,
            title=title or name,
            columns=columns,
            losses=losses,
            train=train,
            validation=held,
            test=tested,
        )

    @property
    def description(self) -> Description:
        """The problem without its data."""
        return Description(name=self.name, title=self.title, columns=self.columns, losses=self.losses)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the columns, the losses and all data: two problems are the same if it is."""
        digest = hashlib.sha256(self.columns.model_dump_json().encode())
        digest.update(repr(sorted(self.losses.items())).encode())
        for split in (self.train, self.validation, self.test):
            for tensor in (*split.inputs.values(), *split.truths.values()):
                digest.update(np.ascontiguousarray(tensor.numpy()).data)
        return digest.hexdigest()


def _column(name: str, data: Data) -> Column:
    if data.type is DataType.DISCRETE:
        size = len(data.classes) if data.classes is not None else int(np.max(data.values, initial=0)) + 1
    else:
        size = int(np.prod(np.shape(data.values)[1:], dtype=int))
    return Column(
        name=name,
        type=data.type,
        size=size,
        offset=data.offset,
        scale=data.scale,
        classes=data.classes,
        image=data.image,
    )


def _loss(name: str, data: Data) -> str:
    kind = data.loss or DEFAULT_LOSS.get(data.type)
    if kind not in LOSSES or data.type not in LOSSES[kind].takes:
        fitting = [code for code, loss in LOSSES.items() if data.type in loss.takes]
        raise DataError(f"output {name!r} of type {data.type} must have one of the losses {fitting}, but has {kind!r}")
    return kind


def _truth(column: Column, values: Any) -> Tensor:
    return column.class_numbers(values) if column.type is DataType.DISCRETE else column.prepare(values)


def _drawn_splits(rows: int, validation: float, test: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise DataError(f"validation and test must be shares that leave some for training: {validation} and {test}")
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    held, tested = round(rows * validation), round(rows * test)
    return order[held + tested :], order[:held], order[held : held + tested]
