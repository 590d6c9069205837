"""What is measured after a search: test scores, and longer training of single-task networks and of the compromise.

Everything is remembered in the folder of the run, so that an interrupted benchmark continues where it stopped.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, replace
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.strategies_measures import Beside, TrainedOn
from benchmarks.strategies_rivals import Single
from valp.compile.module import VALPModule
from valp.errors import FileError
from valp.files import read_model, write_text
from valp.search.engine.baseline_jobs import LEAST
from valp.search.engine.evaluate import Evaluation, fitting
from valp.search.engine.models import baseline_module, model_of
from valp.search.engine.score_on_test import score_baseline
from valp.search.run.folder import CANDIDATE, read_result
from valp.search.run.ledger import Entry, Ledger
from valp.search.run.result import Measured
from valp.search.run.run import StoredRun
from valp.spaces.baselines.baseline_codes import LONGER, NETWORK, TUNED, family
from valp.spaces.candidate import Candidate
from valp.spaces.problem.sampling import ScoringError
from valp.spaces.problem.scoring import Scorer

TESTED, ON = "benchmark-test-scores.json", "benchmark-trained-on.json"
"""Files in a run's folder: test scores, and test scores after training on."""


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


def train_longer(run: StoredRun, scorer: Scorer, unit: int, samples: int) -> None:
    """Trains the best tuned network of each output from scratch on this many samples, unless one has seen as many.

    A search does this itself at its end, but for at most eight trainings, and before more candidates are added.

    Args:
        run: the run, which has ended.
        scorer: the scorer of its problem.
        unit: the number of samples of a full training. Up to `LEAST` trainings, nothing is trained.
        samples: the number of samples.
    """
    if samples <= LEAST * unit:
        return
    told = run.baselines
    for output in (one.name for one in run.problem.outputs):
        best, code = told.leading(output, (NETWORK, TUNED)), f"{LONGER}-{samples}"
        if best is None or code in told.told[output]:
            continue
        candidate = _candidate(run.folder.baseline(output, best))
        training = candidate.training
        steps = max(training.steps, ceil(samples / min(training.batch, len(scorer.problem.train))))
        candidate = candidate.model_copy(update={"training": training.model_copy(update={"steps": steps})})
        longest = max(
            (result.samples_seen for other, result in told.told[output].items() if family(other) == LONGER), default=0
        )
        if longest >= samples - training.batch:  # the search rounds the number of steps
            continue
        path = run.folder.baseline(output, code)
        Evaluation(candidate, scorer, path, run.settings.executor).advance()
        result = read_result(path)
        assert result is not None  # it was just written
        run.ledger.tell_baseline(output, code, result)


def trained_on(run: StoredRun, entry: Entry, steps: int, batch: int, scorer: Scorer) -> TrainedOn | None:
    """Trains a candidate, and the best single-task network of each output, for more steps from their weights.

    Returns:
        The test scores; None if the weights of the candidate are not kept, or its training fails.
    """
    file = run.folder.path / ON

    def measured(module: VALPModule, candidate: Candidate) -> Measured:
        training = candidate.training
        changed = training.model_copy(
            update={"steps": steps, "batch": batch, "kl_warmup": 0.0, "seed": training.seed + 1}
        )
        continued = candidate.model_copy(update={"training": changed})
        running = fitting(module, continued, scorer, run.settings.executor)
        running.advance(steps)
        if running.failure is not None:
            raise ScoringError(running.failure)
        return Measured(*scorer.score_with_errors(module, scorer.problem.test))

    key = f"candidate {entry.number} {steps}x{batch}"
    own = remembered(file, key, lambda: measured(model_of(run, entry).module, entry.candidate))
    if own is None:
        return None
    networks: dict[str, Measured] = {}
    for output in (one.name for one in run.problem.outputs):
        code = run.baselines.leading(output)
        if code is None:
            continue

        def on(output: str = output, code: str = code) -> Measured:
            return measured(baseline_module(run, output, code), _candidate(run.folder.baseline(output, code)))

        scores = remembered(file, f"{output} {code} {steps}x{batch}", on)
        if scores is not None:
            networks[output] = scores
    return TrainedOn(steps, own, networks)


def _candidate(path: Path) -> Candidate:
    return read_model(Candidate, path / CANDIDATE)
