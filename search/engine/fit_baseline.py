"""Fits and scores a baseline that needs no graph. Fits of the same data are remembered in this process."""

import time
import warnings
from functools import lru_cache

from valp.errors import ValpError
from valp.search.run.result import Result
from valp.spaces.baselines.baselines import FITTED
from valp.spaces.problem.answers import Answers
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer

REMEMBERED = 64
"""The most fits that are remembered."""


def fit_baseline(scorer: Scorer, output: str, code: str) -> Result | None:
    """The validation scores of a baseline; None if it does not apply to the output, or there is too much data for it.

    Args:
        scorer: the scorer of the problem, with the problem's own judges.
        output: the name of the output.
        code: a code of `valp.spaces.baselines.baselines.FITTED`.
    """
    problem = scorer.problem
    of_scorer = (scorer.protocol, scorer.seed, scorer.objectives, scorer.few)
    key = (problem.fingerprint, *problem.metrics, *of_scorer, output, code)
    if key not in _RESULTS:
        if len(_RESULTS) >= REMEMBERED:
            _RESULTS.pop(next(iter(_RESULTS)))
        _RESULTS[key] = _result(scorer, output, code)
    return _RESULTS[key]


_RESULTS: dict[tuple[object, ...], Result | None] = {}


def _result(scorer: Scorer, output: str, code: str) -> Result | None:
    start = time.perf_counter()
    try:
        answers = fitted_answers(scorer.problem, output, code)
        fitted = time.perf_counter()
        if answers is None:
            return None
        scores, errors = scorer.score_answers(answers, scorer.problem.validation)
        failure = None
    except (ValpError, ValueError, ArithmeticError, MemoryError) as error:  # scikit-learn refused the data
        answers, fitted, scores, errors = Answers(output), time.perf_counter(), {}, {}
        failure = str(error).splitlines()[0] if str(error) else type(error).__name__
    seconds = (fitted - start, time.perf_counter() - fitted)
    return Result(scores, answers.parameters or 0, "", answers.rows, seconds, failure, errors=errors)


def fitted_answers(problem: Problem, output: str, code: str) -> Answers | None:
    """A baseline that needs no graph, fitted on the training split or remembered; None as for `fit_baseline`."""
    return _fitted(_Same(problem), output, code)


class _Same:
    """A problem, equal to another with the same data."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.problem.fingerprint == other.problem.fingerprint

    def __hash__(self) -> int:
        return hash(self.problem.fingerprint)


@lru_cache(REMEMBERED)
def _fitted(same: _Same, output: str, code: str) -> Answers | None:
    fit = next(codes[code] for codes in FITTED.values() if code in codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence; the model is scored as it is
        return fit(same.problem, output)
