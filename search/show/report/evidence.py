"""The data that a run's models are shown on: the validation split of its problem, if it is still to be had."""

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
"""Of the noise: the one that candidates are scored with, so that the samples shown are those that were scored."""

CHANGED = "the data of {} have changed since, or this version prepares them in another way"


@dataclass(frozen=True)
class Evidence:
    """What a run's models are shown on.

    Attributes:
        problem: with its data; None if they cannot be had.
        judges: by Samples output, what labels its samples.
        missing: why there are no data; empty if there are.
    """

    problem: Problem | None
    judges: Mapping[str, Judge] = field(default_factory=dict)
    missing: str = ""

    def judged_conditions(self, output: str, rows: Tensor, conditions: Tensor) -> Tensor:
        """What the judge of an output sees, (n,), in what conditions its samples: `rows` of the split as it is shown.

        Every model is shown the same rows, so the judge is asked once.
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
            raise AssertionError("whoever asks has seen that the data are there")
        return self.problem.validation


def evidence_of(run: StoredRun, say: Callable[[str], None]) -> Evidence:
    """The data of a run, if they are still there and still the same; `say` is told of downloads and judges."""
    source = run.settings.source
    if source is not None and not Path(source).is_file():
        return Evidence(None, missing=f"{source}, which describes the data, is not there any more")
    try:
        problem = load_problem(source or run.settings.problem, say)
        if problem.fingerprint != run.settings.fingerprint:
            return Evidence(None, missing=CHANGED.format(run.settings.problem))
        return Evidence(problem, judges_of(problem, say))
    except ValpError as error:
        return Evidence(None, missing=str(error))
