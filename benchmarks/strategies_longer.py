"""Longer trainings after a search: of single-task networks from scratch, and of the best compromise and its rivals.

They are done in processes of one thread each. What is finished is remembered in the folder of the run, so that an
interrupted benchmark continues where it stopped.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.strategies_measures import TrainedOn
from benchmarks.strategies_tested import read_json
from benchmarks.worker_pool import work_off
from valp.compile.compile import compile
from valp.errors import FileError
from valp.files import read_model, write_text
from valp.plan.plan import Executor
from valp.search.engine.baseline_jobs import LEAST
from valp.search.engine.evaluate import Evaluation, fitting
from valp.search.engine.score_on_test import data_of
from valp.search.run.folder import CANDIDATE, read_result, read_weights
from valp.search.run.ledger_entry import Entry
from valp.search.run.outcome import write_outcome
from valp.search.run.result import Measured
from valp.search.run.run import StoredRun, open_run
from valp.spaces.baselines.baseline_codes import LONGER, NETWORK, TUNED, family
from valp.spaces.candidate import Candidate
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.sampling import ScoringError
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

ON = "benchmark-trained-on.json"
"""The file in a run's folder with test scores after training on."""


@dataclass(frozen=True)
class Longer:
    """A training.

    Attributes:
        key: its name.
        candidate: what is trained.
        path: the folder of the model: where it is written, or where the weights are from which it is trained on.
    """

    key: str
    candidate: Candidate
    path: Path


def train_longer(run: StoredRun, scorer: Scorer, unit: int, samples: int, workers: int = 0) -> None:
    """Trains the best tuned network of each output from scratch on this many samples, unless one has seen as many.

    A search does this itself at its end, but for at most eight trainings, and before more candidates are added.

    Args:
        run: the run, which has ended.
        scorer: the scorer of its problem.
        unit: the number of samples of a full training. Up to `LEAST` trainings, nothing is trained.
        samples: the number of samples.
        workers: the number of processes. 0 trains in this process.
    """
    if samples <= LEAST * unit:
        return
    told, wanted, code = run.baselines, {}, f"{LONGER}-{samples}"
    for output in (one.name for one in run.problem.outputs):
        best = told.leading(output, (NETWORK, TUNED))
        if best is None or code in told.told[output]:
            continue
        candidate = _candidate(run.folder.baseline(output, best))
        training = candidate.training
        steps = max(training.steps, ceil(samples / min(training.batch, len(scorer.problem.train))))
        candidate = candidate.model_copy(update={"training": training.model_copy(update={"steps": steps})})
        longest = max(
            (result.samples_seen for other, result in told.told[output].items() if family(other) == LONGER), default=0
        )
        if longest < samples - training.batch:  # the search rounds the number of steps
            wanted[output] = Longer(output, candidate, run.folder.baseline(output, code))

    def finish(job: Longer, _: None) -> None:
        result = read_result(job.path)
        assert result is not None  # it was just written
        run.ledger.tell_baseline(job.key, code, result)
        del wanted[job.key]

    _work_off(run, scorer, lambda: iter(list(wanted.values())), _from_scratch, finish, workers)


def trained_on(
    run: StoredRun, entry: Entry, steps: int, batch: int, scorer: Scorer, workers: int = 0
) -> TrainedOn | None:
    """Trains a candidate, and the best single-task network of each output, for more steps from their weights.

    Returns:
        The test scores; None if the weights of the candidate are not kept, or its training fails.
    """
    file, codes = run.folder.path / ON, {one.name: run.baselines.leading(one.name) for one in run.problem.outputs}
    own = f"candidate {entry.number} {steps}x{batch}"
    names = {output: f"{output} {code} {steps}x{batch}" for output, code in codes.items() if code is not None}
    starts = {own: (entry.candidate, run.folder.candidate(entry.number))}
    for output, code in codes.items():
        if code is not None:
            path = run.folder.baseline(output, code)
            starts[names[output]] = (_candidate(path), path)
    failed: set[str] = set()

    def left() -> Iterator[Longer]:
        done = read_json(file).keys() | failed
        for key, (candidate, path) in starts.items():
            if key not in done:
                training = candidate.training
                changed = training.model_copy(
                    update={"steps": steps, "batch": batch, "kl_warmup": 0.0, "seed": training.seed + 1}
                )
                yield Longer(key, candidate.model_copy(update={"training": changed}), path)

    def finish(job: Longer, found: Measured | None) -> None:
        if found is None:
            failed.add(job.key)
        else:
            write_text(file, json.dumps(read_json(file) | {job.key: asdict(found)}))

    _work_off(run, scorer, left, _from_weights, finish, workers)
    scores = {key: Measured(**found) for key, found in read_json(file).items()}
    if own not in scores:
        return None
    return TrainedOn(steps, scores[own], {output: scores[key] for output, key in names.items() if key in scores})


_scorers: list[Scorer] = []
"""The scorer of this process."""


def _work_off(
    run: StoredRun,
    scorer: Scorer,
    left: Callable[[], Iterator[Longer]],
    train: Callable[..., object],
    finish: Callable[..., object],
    workers: int,
) -> None:
    where = (run.folder.path.parent, run.folder.path.name, tuple(scorer.objectives))
    prepare: tuple[Callable[..., object], tuple[Any, ...]] = (_load, where) if workers else (_take, (scorer,))
    work_off(left, lambda job: (job.candidate, job.path, run.settings.executor), train, finish, workers, *prepare)


def _take(scorer: Scorer) -> None:
    _scorers[:] = [scorer]


def _load(runs: Path, name: str, objectives: Collection[str]) -> None:
    one_thread()
    run = open_run(runs, name)
    problem = data_of(run, lambda _: None)
    _take(Scorer(problem, judges_of(problem), run.settings.protocol, objectives=tuple(objectives)))


def _from_scratch(candidate: Candidate, path: Path, executor: Executor) -> None:
    """Trains a network and writes its folder."""
    write_outcome(path, candidate, Evaluation(candidate, _scorers[0], executor=executor).advance())


def _from_weights(candidate: Candidate, path: Path, executor: Executor) -> Measured | None:
    """Trains from the weights in a folder; None if they are not kept, or if it fails."""
    (scorer,) = _scorers
    module = compile(candidate.graph, seed=candidate.training.seed)
    try:
        module.load_state_dict(read_weights(path))
        running = fitting(module, candidate, scorer, executor)
        running.advance(candidate.training.steps)
        return None if running.failure else Measured(*scorer.score_with_errors(module, scorer.problem.test))
    except (FileError, ScoringError):
        return None


def _candidate(path: Path) -> Candidate:
    return read_model(Candidate, path / CANDIDATE)
