"""The data for the report's predictions and samples: the validation split of the problem, if it is still available."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from valp.errors import ValpError
from valp.score.judge import Judge
from valp.search.run.run import StoredRun
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem, Split

SEED = 0
"""The seed of the noise. It is the one of scoring, so the page shows the samples whose conditioning was scored."""

CHANGED = "the data of {} has changed since the run began, or this version prepares it in another way"


@dataclass(frozen=True)
class Evidence:
    """The data that a run's models are applied to.

    Attributes:
        problem: the problem with its data; None if it is not available.
        judges: by Samples output, the judge that labels its samples.
        missing: why the data is not available; empty if it is.
    """

    problem: Problem | None
    judges: Mapping[str, Judge] = field(default_factory=dict)
    missing: str = ""

    def judged_conditions(self, output: str, rows: Tensor, conditions: Tensor) -> Tensor:
        """The classes (n,) that an output's judge assigns to the conditions of samples.

        All models are conditioned on the same rows of the split, so the judge labels them only once.

        Args:
            output: the Samples output.
            rows: (n,), the rows of the conditions in the split.
            conditions: (n, size), the conditions in the output's units.
        """
        held, labels = self._judged.get(output, (None, None))
        if held is None or labels is None or not torch.equal(held, rows):
            labels = self.judges[output].judge(conditions)[0]
            self._judged[output] = rows, labels
        return labels

    @cached_property
    def _judged(self) -> dict[str, tuple[Tensor, Tensor]]:
        return {}

    @property
    def split(self) -> Split:
        """The validation split."""
        if self.problem is None:
            raise AssertionError("a caller must check that there is data")
        return self.problem.validation


def evidence_of(run: StoredRun, say: Callable[[str], None]) -> Evidence:
    """The data of a run, if it still exists and has not changed. `say` gets a line for downloads and judges."""
    source = run.settings.source
    if source is not None and not Path(source).is_file():
        return Evidence(None, missing=f"{source}, which describes the data, no longer exists")
    try:
        problem = load_problem(source or run.settings.problem, say, run.problem.columns)
        if problem.fingerprint != run.settings.fingerprint:
            return Evidence(None, missing=CHANGED.format(run.settings.problem))
        return Evidence(problem, judges_of(problem, say))
    except ValpError as error:
        return Evidence(None, missing=str(error))
