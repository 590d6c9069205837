"""Fits and scores baselines that need no graph. Fits of the same data are remembered in this process."""

import time
import warnings
from collections.abc import Callable
from typing import Any

from valp.errors import ValpError
from valp.search.engine.search_events import Events
from valp.search.engine.tell_events import tell_baseline
from valp.search.run.ledger import Ledger
from valp.search.run.result import Result
from valp.spaces.baselines.baseline_codes import TITLES, WEIGHTED, Level, family
from valp.spaces.baselines.baselines import FITTED, is_fitted
from valp.spaces.problem.answers import Answers
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer

REMEMBERED = 64
"""The most fits that are remembered."""


def fit_missing(
    scorer: Scorer,
    level: Level,
    ledger: Ledger,
    events: Events,
    is_late: Callable[[], bool],
    claim: Callable[[str], bool] = lambda job: True,  # noqa: ARG005 - there is no other driver
) -> None:
    """Fits and records the baselines of a level that need no graph and that the ledger lacks, until it is late.

    Args:
        scorer: the scorer of the problem.
        level: the level.
        ledger: the ledger.
        events: hears what is fitted.
        is_late: whether it is late.
        claim: claims `OUTPUT/CODE`, and says whether no other driver fits it.
    """
    told = ledger.baselines
    for code in FITTED[level]:
        for output in scorer.problem.outputs:
            if not is_fitted(scorer.problem, output.name, code):
                continue
            if code in told.get(output.name, {}) or is_late() or not claim(f"{output.name}/{code}"):
                continue
            told = ledger.baselines  # another driver may have fitted it before the claim
            if code in told.get(output.name, {}):
                continue
            weighted = " with class weights" if code.endswith(WEIGHTED) else ""
            title = f"{TITLES[family(code)]} {output.name}{weighted}"
            events.tell("preparing", title=f"fitting a baseline: {title}")
            result = fit_baseline(scorer, output.name, code)
            if result is not None:
                ledger.tell_baseline(output.name, code, result)
                tell_baseline(events, title, output.name, code, result)


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
        _forget(_RESULTS)
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
    key = (problem.fingerprint, output, code)
    if key not in _ANSWERS:
        _forget(_ANSWERS)
        fit = next(codes[code] for codes in FITTED.values() if code in codes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about convergence; the model is scored as it is
            _ANSWERS[key] = fit(problem, output)
    return _ANSWERS[key]


_ANSWERS: dict[tuple[str, str, str], Answers | None] = {}
"""Fitted models by the problem's fingerprint, output and code. The problem itself is not kept, because it is large."""


def _forget(remembered: dict[Any, Any]) -> None:
    """Makes room for one more."""
    while len(remembered) >= REMEMBERED:
        del remembered[next(iter(remembered))]
