"""The scores of a run's candidates on the test split, which the search has not seen."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from valp.errors import DataError, FileError, SettingError
from valp.score.judge import Judge
from valp.search.engine.fit_baseline import fitted_answers
from valp.search.engine.models import baseline_module, model_of
from valp.search.run.ledger_entry import Entry
from valp.search.run.result import Measured
from valp.search.run.run import StoredRun
from valp.spaces.baselines.baselines import FITTED
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.sampling import ScoringError
from valp.spaces.problem.scoring import Scorer


def data_of(run: StoredRun, say: Callable[[str], None]) -> Problem:
    """The problem of a run with its data: a built-in one, or the one that its TOML file describes.

    Args:
        run: the run.
        say: gets a line for a download.

    Raises:
        DataError: if the data is not available.
        SettingError: if the file that describes it no longer exists, or the problem was made in Python.
    """
    source, name = run.settings.source, run.settings.problem
    if source is not None and not Path(source).is_file():
        raise SettingError(f"the data of run {run.folder.name!r} was described by {source}, which no longer exists")
    if source is None and name not in PROBLEMS:
        raise SettingError(
            f"the data of run {run.folder.name!r}, {name!r}, was made in Python, so it is scored there: "
            "valp.open_run(...).test_scores(problem)"
        )
    return load_problem(source or name, say, run.problem.columns)


def score_on_test(
    run: StoredRun,
    entries: Iterable[Entry],
    problem: Problem,
    judges: Mapping[str, Judge],
    say: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
) -> dict[int, Measured]:
    """Scores candidates of a run on the test split, as the search scored them on the validation split.

    The noise is other noise, so that a candidate that was chosen for its luck does not have it again.

    Args:
        run: the run.
        entries: the candidates. Those whose weights are not kept have no scores.
        problem: the problem of the run, with the data of the run.
        judges: the judges of the problem, from `judges_of`.
        say: gets a line for each candidate that cannot be scored.
        progress: is called with the number of candidates that are done.

    Returns:
        The scores by the number of the candidate. A candidate that cannot be scored has none.

    Raises:
        DataError: if the data has changed since the run began.
    """
    if problem.fingerprint != run.settings.fingerprint:
        raise DataError(
            f"the data of {problem.name!r} is not the data of run {run.folder.name!r}: it has changed since the run "
            "began, or this version prepares it in another way"
        )
    scorer = Scorer(problem, judges, run.settings.protocol, objectives=run.settings.objectives)
    found: dict[int, Measured] = {}
    for done, entry in enumerate(entries, 1):
        found[entry.number] = Measured()
        if entry.state == "complete" and run.folder.has_weights(entry.number):
            try:
                module = model_of(run, entry).module
                found[entry.number] = Measured(*scorer.score_with_errors(module, problem.test))
            except ScoringError as error:
                say(f"candidate {entry.number} cannot be scored on the test split: {error}")
        if progress is not None:
            progress(done)
    return found


def baselines_on_test(run: StoredRun, problem: Problem, judges: Mapping[str, Judge]) -> Measured:
    """The objectives of the best baselines on the test split. Each was chosen by its validation score.

    Args:
        run: the run.
        problem: the problem of the run, with the data of the run.
        judges: the judges of the problem.

    Returns:
        The scores of the objectives and their standard errors. Those of whole graphs, and of a baseline that cannot be
        scored, are absent.
    """
    scorer = Scorer(problem, judges, run.settings.protocol, objectives=run.settings.objectives)
    wanted: dict[tuple[str, str], list[str]] = {}
    for name, best in run.baselines.best.items():
        output = run.metrics[name].output
        if name in run.objectives and output is not None and best.code is not None:
            wanted.setdefault((output, best.code), []).append(name)
    found = Measured()
    for (output, code), names in wanted.items():
        try:
            measured = score_baseline(run, scorer, output, code)
        except (ScoringError, FileError):
            continue
        found.scores.update({name: measured.scores[name] for name in names if name in measured.scores})
        found.errors.update({name: measured.errors[name] for name in names if name in measured.errors})
    return found


def score_baseline(run: StoredRun, scorer: Scorer, output: str, code: str) -> Measured:
    """The scores of one baseline on the test split; none if it does not apply to the output.

    Args:
        run: the run.
        scorer: a scorer of the problem of the run.
        output: the name of the output.
        code: the code of the baseline.

    Raises:
        FileError: if the weights of a network do not exist.
        ScoringError: if it cannot be scored.
    """
    problem = scorer.problem
    if any(code in codes for codes in FITTED.values()):
        answers = fitted_answers(problem, output, code)
        return Measured() if answers is None else Measured(*scorer.score_answers(answers, problem.test))
    return Measured(*scorer.score_with_errors(baseline_module(run, output, code), problem.test))
