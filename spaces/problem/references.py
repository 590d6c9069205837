"""What samples are compared with: real rows, conditions and training rows, which are the same for every model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.score.distances import distances
from valp.score.judge import Judge
from valp.score.subject import Records
from valp.spaces.problem.problem import Problem, Split

COMPARED = 64
"""The most variables in which samples are compared with training rows. Wider rows are projected at random."""

RECORDS = 100_000
"""The most training rows that samples are compared with."""

BLOCK = 5000
"""Rows that are projected at once."""

Verdict = tuple[Tensor | None, Tensor]
"""The judge's labels and features. Without a judge None, and the standardised samples."""


@dataclass(frozen=True)
class References:
    """Real rows and conditions of a problem, judged and standardised. Everything is computed once for each split.

    Attributes:
        problem: the problem.
        judges: the judges of its Samples outputs.
    """

    problem: Problem
    judges: Mapping[str, Judge]

    def verdict(self, output: str, samples: Tensor) -> Verdict:
        """The judge's labels and features of samples, (n, size)."""
        judge = self.judges.get(output)
        if judge is None:
            return None, self.standardised(output, samples)
        return judge.judge(samples)

    def real(self, output: str, split: Split, count: int) -> tuple[Tensor, Verdict]:
        """The numbers of the first `count` rows of a split that have a sample, and their labels and features."""
        rows = known_rows(output, split)[:count]
        return rows, self._kept(
            f"{count} real {output}", split, lambda: self.verdict(output, split.truths[output][rows])
        )

    def real_distances(self, output: str, split: Split, count: int) -> Tensor:
        """The distances of the features of the rows of `real`, (n, n)."""
        features = self.real(output, split, count)[1][1]
        found: Tensor = self._kept(f"distances of {count} real {output}", split, lambda: distances(features, features))
        return found

    def classes(self, output: str, split: Split, rows: Tensor) -> Tensor | None:
        """The true classes of rows, by the output that the judge learns from, −1 if missing; None without a judge."""
        teacher = self.problem.judged_by
        if teacher is None or output not in self.judges:
            return None
        truth = split.truths[teacher][rows]
        return truth.masked_fill(~split.present[teacher][rows], -1) if teacher in split.present else truth

    def conditions(self, output: str, split: Split, rows: Tensor) -> Tensor | None:
        """The input that shows what samples should look like, (n, size), for rows that condition samples.

        It is the input that `Description.view` finds, scaled as the output is; None if there is none.
        """
        view = self.problem.view(output)
        if view is None:
            return None
        columns = self.problem.columns
        shown = next(column for column in columns.inputs if column.name == view)
        return rescaled(split.inputs[view][rows], shown, columns.output(output))

    def labels(self, output: str, split: Split, rows: Tensor) -> Tensor | None:
        """The judge's labels of real samples, (n,)."""
        if output not in self.judges:
            return None

        def judged() -> Tensor:
            different, places = torch.unique(rows, return_inverse=True)
            return self.judges[output].judge(split.truths[output][different])[0][places]

        labels: Tensor = self._kept(f"labels of {output} in the rows {hash(rows.numpy().tobytes())}", split, judged)
        return labels

    def records(self, output: str, split: Split, samples: Tensor, used: Tensor | None) -> Records | None:
        """What shows whether samples are training rows; None if no row of the split is held out.

        Args:
            output: the Samples output.
            split: the split with the held-out rows.
            samples: (n, size).
            used: the numbers of the rows that condition the samples, which are not held out; None if there are none.
        """
        free = split.present[output].clone() if output in split.present else torch.ones(len(split), dtype=torch.bool)
        if used is not None:
            free[used] = False
        if split is self.problem.train or not bool(free.any()):
            return None
        known = self.problem.train.known(output)[:RECORDS]
        train = self._kept(f"training rows of {output}", self.problem.train, lambda: self._narrow(output, known))
        held = self._kept(f"rows of {output}", split, lambda: self._narrow(output, split.truths[output]))
        return Records(self._narrow(output, samples), train, held[free])

    def standardised(self, output: str, samples: Tensor) -> Tensor:
        """Samples standardised by the mean and standard deviation of the training split, float64."""
        mean, deviation = self._standards[output]
        return (samples - mean) / deviation

    def _narrow(self, output: str, rows: Tensor) -> Tensor:
        """Standardised rows of at most `COMPARED` variables, (n, d), float32."""
        mean, deviation = self._standards[output]
        if len(mean) <= COMPARED:
            return self.standardised(output, rows).float()
        directions = torch.randn(len(mean), COMPARED, generator=torch.Generator().manual_seed(0)) / COMPARED**0.5
        scaled = (directions / deviation[:, None]).float()
        return torch.cat([(block - mean).float() @ scaled for block in torch.split(rows, BLOCK)])

    def _kept(self, what: str, split: Split, make: Callable[[], Any]) -> Any:
        """What `make` returns, computed once for each split."""
        held, found = self._found.get((what, id(split)), (None, None))
        if held is not split:
            found = make()
            self._found[what, id(split)] = (split, found)
        return found

    @cached_property
    def _found(self) -> dict[tuple[str, int], tuple[Split, Any]]:
        return {}

    @cached_property
    def _standards(self) -> dict[str, tuple[Tensor, Tensor]]:
        """For each Samples output, the mean and standard deviation (1 if constant) of each training variable."""
        names = [column.name for column in self.problem.columns.outputs if column.type is DataType.SAMPLES]
        standards = {}
        for name in names:
            samples = self.problem.train.known(name)
            deviation = samples.std(0, correction=0).double()
            constant = (samples.amin(0) == samples.amax(0)) | (deviation == 0)
            standards[name] = samples.mean(0).double(), deviation.masked_fill(constant, 1)
        return standards


def known_rows(output: str, split: Split) -> Tensor:
    """The numbers of the rows of a split whose sample is not missing."""
    return split.present[output].nonzero()[:, 0] if output in split.present else torch.arange(len(split))


def rescaled(values: Tensor, given: Column, wanted: Column) -> Tensor:
    """Values (n, size) in the model's units of one column, in those of another column of the same size, float32."""
    if (given.offset, given.scale) == (wanted.offset, wanted.scale):
        return values
    offset, scale, new_offset, new_scale = (
        torch.tensor(numbers, dtype=torch.float64)
        for numbers in (given.offset, given.scale, wanted.offset, wanted.scale)
    )
    return ((values * scale + offset - new_offset) / new_scale).float()
