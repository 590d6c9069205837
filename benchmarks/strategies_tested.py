"""What is measured after a search: test scores of candidates and single-task models.

Everything is remembered in the folder of the run, so that an interrupted benchmark continues where it stopped.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.strategies_measures import Beside
from benchmarks.strategies_rivals import Single
from valp.errors import FileError
from valp.files import write_text
from valp.search.engine.models import model_of
from valp.search.engine.score_on_test import score_baseline
from valp.search.run.ledger import Ledger
from valp.search.run.result import Measured
from valp.search.run.run import StoredRun
from valp.spaces.problem.sampling import ScoringError
from valp.spaces.problem.scoring import Scorer

TESTED = "benchmark-test-scores.json"
"""The file of test scores in a run's folder."""


def read_json(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no file."""
    return json.loads(file.read_text()) if file.is_file() else {}


def remembered(file: Path, key: str, measure: Callable[[], Measured]) -> Measured | None:
    """The scores with a key in a JSON file. They are measured first if they are not there; None if that fails."""
    found = read_json(file)
    if key not in found:
        try:
            found[key] = asdict(measure())
        except (FileError, ScoringError):  # the weights were not kept, or an output is not finite
            return None
        write_text(file, json.dumps(found))
    return Measured(**found[key])


def tested(run: StoredRun, numbers: Iterable[int], scorer: Scorer) -> dict[int, Measured]:
    """The test scores, by number, of those candidates whose weights are kept."""
    found: dict[int, Measured] = {}
    for number in sorted(numbers):

        def measure(number: int = number) -> Measured:
            module = model_of(run, run.ledger.entry(number)).module
            return Measured(*scorer.score_with_errors(module, scorer.problem.test))

        scores = remembered(run.folder.path / TESTED, f"candidate {number}", measure)
        if scores is not None:
            found[number] = scores
    return found


def baseline_on_test(run: StoredRun, output: str, code: str, scorer: Scorer) -> Measured | None:
    """The test scores of a baseline; None if it cannot be scored."""
    key = f"{output} {code}"
    return remembered(run.folder.path / TESTED, key, lambda: score_baseline(run, scorer, output, code))


def singles_of(ledger: Ledger) -> tuple[Single, ...]:
    """The single-task models of a search that did not fail, with their validation scores."""
    return tuple(
        Single(output, code, result.samples_seen, Measured(result.scores, result.errors))
        for output, results in ledger.baselines.items()
        for code, result in results.items()
        if result.failure is None
    )


def on_test(
    run: StoredRun, singles: Iterable[Single], wanted: Collection[tuple[str, str]], scorer: Scorer
) -> tuple[Single, ...]:
    """The same models; those whose output and code are wanted have their test scores."""
    return tuple(
        replace(one, test=baseline_on_test(run, one.output, one.code, scorer))
        if (one.output, one.code) in wanted
        else one
        for one in singles
    )


def beside_of(run: StoredRun, scorer: Scorer) -> dict[str, Beside]:
    """The best baseline in each score, as of `BaselineScores.best`, on both splits."""
    found: dict[str, Beside] = {}
    for name, best in run.baselines.best.items():
        output, test = run.problem.metrics[name].output, None
        if output is not None and best.code is not None:
            test = baseline_on_test(run, output, best.code, scorer)
        found[name] = Beside(best.title, best.value, None if test is None else test.scores.get(name))
    return found
