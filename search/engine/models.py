"""Trained models: loaded from a run, or trained again with several seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, stdev

from valp.compile.module import VALPModule
from valp.errors import FileError, ValpError
from valp.files import read_model
from valp.model.bundle import Manifest, Model
from valp.plan.plan import Executor, Protocol
from valp.search.engine.evaluate import Observe, train
from valp.search.engine.parent_files import module_with
from valp.search.run.folder import CANDIDATE, read_weights
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.spaces.candidate import Candidate
from valp.spaces.problem.description import Description
from valp.spaces.problem.scoring import Scorer


def model_of(run: StoredRun, entry: Entry) -> Model:
    """A candidate of a run as a model, with its weights.

    Raises:
        FileError: if the candidate is not complete, or its weights are not kept or not those of its graph.
    """
    if entry.state != "complete" or entry.result is None:
        raise FileError(f"candidate {entry.number} of run {run.folder.name!r} is {entry.state}, not complete")
    folder = run.folder.candidate(entry.number)
    module = module_with(entry.candidate.graph, read_weights(folder), folder)
    origin: dict[str, str | int | float] = {"run": run.folder.name, "candidate": entry.number}
    if entry.parents:
        origin["samples_seen_with_parents"] = entry.samples_seen_with_parents
    scores = {"validation": entry.result.scores, "best baseline, validation": run.baseline_scores}
    errors = {"validation": entry.result.errors}
    return Model(
        module,
        manifest(run.problem, entry.candidate, scores, errors, run.settings.protocol, run.settings.fingerprint, origin),
    )


def baseline_module(run: StoredRun, output: str, code: str) -> VALPModule:
    """A single-task network among the baselines of a run, with its weights.

    Args:
        run: the run.
        output: the name of the output.
        code: the code of the network.

    Raises:
        FileError: if its candidate cannot be read, or its weights are not kept or not those of its graph.
    """
    folder = run.folder.baseline(output, code)
    return module_with(read_model(Candidate, folder / CANDIDATE).graph, read_weights(folder), folder)


def manifest(
    problem: Description,
    candidate: Candidate,
    scores: dict[str, dict[str, float]],
    errors: dict[str, dict[str, float]],
    protocol: Protocol,
    fingerprint: str,
    origin: dict[str, str | int | float] | None = None,
) -> Manifest:
    """The manifest of a candidate's bundle."""
    trained = candidate.training.model_dump() | {"balance": str(candidate.training.balance)}
    samples_seen = candidate.training.steps * candidate.training.batch
    return Manifest(
        problem=problem.name,
        title=problem.title,
        graph=candidate.graph,
        preprocessing=problem.columns,
        shares=problem.shares,
        scores=scores,
        errors=errors,
        protocol=protocol,
        training={**(origin or {}), **trained, "samples_seen": samples_seen},
        fingerprint=fingerprint,
    )


@dataclass(frozen=True)
class Trained:
    """A candidate trained with several seeds.

    Attributes:
        model: the best of the models, see `train_seeds`.
        validation: for each validation score, one value per seed.
        test: for each test score, one value per seed.
    """

    model: Model
    validation: dict[str, list[float]]
    test: dict[str, list[float]]


def train_seeds(
    candidate: Candidate,
    scorer: Scorer,
    seeds: int,
    origin: dict[str, str | int | float],
    say: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
    executor: Executor = "auto",
    observe: Observe | None = None,
) -> Trained:
    """Trains a candidate with `seeds` seeds, the candidate's own first, and keeps the best model.

    The best has the best mean rank over the validation scores of the objectives, by default those of the problem.

    Args:
        candidate: the candidate.
        scorer: the scorer of its problem.
        seeds: the number of seeds.
        origin: where the candidate comes from, for the bundle's manifest.
        say: gets a line for each seed.
        progress: is called from time to time with the steps made with the current seed.
        executor: the executor; see `valp.train.fit.fit`.
        observe: makes what looks at the steps of each training.

    Raises:
        ValpError: if the training failed with every seed. The message has the last failure.
    """
    problem = scorer.problem
    models: list[Model] = []
    validation: dict[str, list[float]] = {}
    test: dict[str, list[float]] = {}
    failure = ""
    for i in range(seeds):
        training = candidate.training.model_copy(update={"seed": candidate.training.seed + i})
        seeded = candidate.model_copy(update={"training": training})
        module, made = train(seeded, scorer, progress, executor, observe)
        if made.failure is not None:
            failure = made.failure
            say(f"seed {training.seed} failed: {failure}")
            continue
        if made.remark is not None and not models:
            say(made.remark)
        measured = {
            "validation": scorer.score_with_errors(module, problem.validation),
            "test": scorer.score_with_errors(module, problem.test),
        }
        scores = {split: values for split, (values, _) in measured.items()}
        errors = {split: found for split, (_, found) in measured.items()}
        for kept, split in ((validation, "validation"), (test, "test")):
            for name, value in scores[split].items():
                kept.setdefault(name, []).append(value)
        models.append(
            Model(
                module,
                manifest(problem.description, seeded, scores, errors, scorer.protocol, problem.fingerprint, origin),
            )
        )
        say(f"seed {training.seed}: {made.seconds:.1f} s, {spread({k: [v] for k, v in scores['validation'].items()})}")
    if not models:
        raise ValpError(f"the training failed with every seed: {failure}")
    return Trained(models[_best(scorer, validation, len(models))], validation, test)


def spread(scores: dict[str, list[float]]) -> str:
    """Scores as text: for one seed the value, for several the mean ± standard deviation."""
    parts = []
    for name, values in scores.items():
        more = f" ± {stdev(values):.2g}" if len(values) > 1 else ""
        parts.append(f"{name} {mean(values):.4g}{more}")
    return "  ".join(parts)


def _best(scorer: Scorer, scores: dict[str, list[float]], count: int) -> int:
    ranks = [0] * count
    for name in scorer.objectives or scorer.problem.objectives:
        score = scorer.metrics[name].score
        for i, value in enumerate(scores.get(name, ())):
            ranks[i] += sum(score.better(other, value) for other in scores[name])
    return min(range(count), key=ranks.__getitem__)
