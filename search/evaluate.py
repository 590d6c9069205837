"""Trains one candidate, scores it, and writes its folder."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path

from search.folder import filling, write_candidate, write_curves, write_result, write_weights
from search.ledger import Result
from spaces.candidate import Candidate
from spaces.scoring import Scorer
from valp.compile import compile
from valp.errors import ValpError
from valp.fit import Fit, fit
from valp.keys import content_key
from valp.module import VALPModule
from valp.plan import Executor
from valp.stopwatch import Stopwatch


def evaluate(
    candidate: Candidate,
    scorer: Scorer,
    path: Path,
    executor: Executor = "auto",
    watch: Stopwatch | None = None,
) -> Result:
    """Trains a candidate on its problem's training split and scores it on the validation split.

    Whatever goes wrong with the candidate is a result too: it is recorded as failed, with the reason. The folder
    `path` is there when this returns, whole. `watch` is given where the seconds went.

    Raises:
        FileError: if the folder cannot be written.
    """
    watch = watch or Stopwatch()
    module, made, result = _run(candidate, scorer, executor, watch)
    with watch("writing"), filling(path) as folder:
        write_candidate(folder, candidate)
        if made is not None:
            write_curves(folder, made.curves)
        if module is not None and result.failure is None:
            write_weights(folder, module.state_dict())
        write_result(folder, result)
    return result


def _run(
    candidate: Candidate, scorer: Scorer, executor: Executor, watch: Stopwatch
) -> tuple[VALPModule | None, Fit | None, Result]:
    module, made = None, None
    scores: dict[str, float] = {}
    try:
        module, made = train(candidate, scorer, executor=executor, watch=watch)
        failure = made.failure
        if failure is None:
            with watch("scoring"):
                scores = scorer.score(module, scorer.problem.validation)
            wrong = [name for name, value in scores.items() if not isfinite(value)]
            if wrong:
                scores, failure = {}, f"the score {wrong[0]} is not a finite number"
    except ValpError as error:
        failure = str(error)
    except Exception as error:  # out of memory, or a fault of ours: the search goes on, and the reason is kept
        failure = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
    result = Result(
        scores=scores,
        parameters=module.parameter_count if module is not None else 0,
        key=content_key(candidate.graph),
        samples_seen=made.samples_seen if made is not None else 0,
        seconds=(made.seconds if made is not None else 0.0, watch.parts["scoring"]),
        failure=failure,
    )
    return module, made, result


def train(
    candidate: Candidate,
    scorer: Scorer,
    progress: Callable[[int], None] | None = None,
    executor: Executor = "auto",
    watch: Stopwatch | None = None,
) -> tuple[VALPModule, Fit]:
    """Compiles and trains a candidate; `progress` is called with the steps made, now and then."""
    training, split, watch = candidate.training, scorer.problem.train, watch or Stopwatch()
    with watch("compiling"):
        module = compile(candidate.graph, seed=training.seed)
    made = fit(
        module,
        split.inputs,
        {name: split.truths[name] for name in module.plan.outputs},
        weights={name: tensor for name, tensor in scorer.problem.weights.items() if name in module.plan.outputs},
        steps=training.steps,
        batch=training.batch,
        learning_rate=training.learning_rate,
        seed=training.seed,
        progress=progress,
        executor=executor,
        watch=watch,
    )
    return module, made
