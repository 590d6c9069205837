"""The splits of a problem's data, and the assignment of rows to them."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.errors import DataError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Tensors of one split.

    Attributes:
        inputs: (n, size) float32 for each input.
        truths: for each output (n, size) float32, or (n,) int64 class numbers for a Discrete one without labels. A
            missing value is 0.
        present: for each output with missing values, a bool mask of those that are present: (n,) for classes and
            Samples, (n, size) for Numeric outputs and labels.
    """

    inputs: dict[str, Tensor]
    truths: dict[str, Tensor]
    present: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.truths.values())))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All tensors."""
        return (*self.inputs.values(), *self.truths.values(), *self.present.values())

    def take(self, rows: Tensor) -> "Split":
        """Some rows of the split."""
        present = {name: mask[rows] for name, mask in self.present.items()}
        return Split(
            {name: tensor[rows] for name, tensor in self.inputs.items()},
            {name: tensor[rows] for name, tensor in self.truths.items()},
            {name: mask for name, mask in present.items() if not bool(mask.all())},
        )

    def known(self, output: str) -> Tensor:
        """The truths of an output, without the rows whose class or sample is missing."""
        truth = self.truths[output]
        return truth[self.present[output]] if output in self.present else truth

    def having(self, *outputs: str) -> "Split":
        """The rows in which no value of these outputs is missing; the split itself if nothing is missing."""
        masks = [self.present[name].reshape(len(self), -1).all(1) for name in outputs if name in self.present]
        return self.take(torch.stack(masks).all(0)) if masks else self

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as arrays: other processes can then map the same memory instead of copying it. Tensors that share
        # memory become one array, so that they also share it there.
        arrays: dict[tuple[int, torch.dtype, torch.Size], NDArray[Any]] = {}

        def shared(tensor: Tensor) -> NDArray[Any]:
            return arrays.setdefault((tensor.data_ptr(), tensor.dtype, tensor.shape), tensor.numpy())

        parts = (self.inputs, self.truths, self.present)
        return _split_from_arrays, tuple({name: shared(tensor) for name, tensor in part.items()} for part in parts)


def _split_from_arrays(*parts: dict[str, NDArray[Any]]) -> Split:
    with warnings.catch_warnings():
        # Shared arrays are read-only; nothing writes to a split.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        inputs, truths, present = ({name: torch.from_numpy(array) for name, array in part.items()} for part in parts)
    return Split(inputs, truths, present)


def given_splits(name: str, parts: tuple[Any, Any, Any], rows: int) -> tuple[Tensor, ...]:
    """The given row numbers of the splits of problem `name`, as int64.

    Raises:
        DataError: if there are not three splits, one is empty, a row number is not below `rows`, or a row appears
            twice.
    """
    if len(parts) != len(SPLITS):
        raise DataError(f"the splits of {name!r} must be {', '.join(SPLITS)}, but there are {len(parts)}")
    numbers = tuple(_row_numbers(split, part, rows) for split, part in zip(SPLITS, parts, strict=True))
    found, counts = np.unique(torch.cat(numbers).numpy(), return_counts=True)
    if (counts > 1).any():
        raise DataError(f"a row must be in one split, once, but row {int(found[counts > 1][0])} appears more than once")
    return numbers


def drawn_splits(rows: int, validation: float, test: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Row numbers of the splits, drawn at random.

    Raises:
        DataError: if the shares are not positive, or leave no rows for training.
    """
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise DataError(
            f"validation and test must be positive shares with a sum below 1, but are {validation} and {test}"
        )
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed))
    held, tested = round(rows * validation), round(rows * test)
    return order[held + tested :], order[:held], order[held : held + tested]


def _row_numbers(split: str, part: Any, rows: int) -> Tensor:
    numbers = np.asarray(part)
    if numbers.size == 0:
        raise DataError(f"the {split} split must have at least one row, but has none")
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= rows:
        raise DataError(f"the {split} split must be a list of row numbers from 0 to {rows - 1}")
    return torch.as_tensor(numbers.astype(np.int64))
