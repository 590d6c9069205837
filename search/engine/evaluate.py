"""Trains one candidate and scores it. Reads and writes no file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite

from valp.check.keys import content_key
from valp.compile.compile import compile, lower
from valp.compile.module import VALPModule
from valp.plan.plan import Executor
from valp.search.engine.candidate_limits import UNLIMITED, CandidateLimits, Stopclock
from valp.search.engine.fault import Fault, failure_of
from valp.search.engine.parent_files import ParentFiles
from valp.search.run.folder import curves_file, weights_file
from valp.search.run.outcome import Outcome
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import Fit, Fitting
from valp.train.inherit import inherit
from valp.train.step_observer import StepObserver
from valp.train.stopwatch import Stopwatch

Observe = Callable[[Candidate, VALPModule], StepObserver]
"""Makes an observer for the training of a candidate, whose module is compiled."""

GENERATED_AT_RUNGS = 250
"""Samples generated to score a candidate at a rung. All candidates that are compared there have the same number."""


class Evaluation:
    """Trains a candidate on the training split, step by step, and scores it on the validation split.

    If something goes wrong with the candidate, its result is a failure with the reason. Errors that are not its fault
    are raised; see `valp.search.engine.fault`.

    Args:
        candidate: the candidate to train.
        scorer: the scorer of its problem.
        parents: the files of the parents from which it inherits, in the order of `Candidate.parents`.
        executor: the executor; see `valp.train.fit.fit`.
        limits: the time and the memory that it may use.

    Attributes:
        clock: the time that it has used.
    """

    def __init__(
        self,
        candidate: Candidate,
        scorer: Scorer,
        parents: Sequence[ParentFiles] = (),
        executor: Executor = "auto",
        limits: CandidateLimits = UNLIMITED,
    ) -> None:
        self._candidate, self._scorer, self._parents, self._executor = candidate, scorer, parents, executor
        if len(parents) != len(candidate.parents):
            raise AssertionError(f"a candidate with {len(candidate.parents)} parents got the files of {len(parents)}")
        self._limits, self.clock = limits, Stopclock(limits, candidate.training)
        self._module: VALPModule | None = None
        self._fitting: Fitting | None = None
        self._scoring = 0.0

    def advance(self, to: int | None = None, watch: Stopwatch | None = None) -> Outcome:
        """Trains up to a number of steps, and scores the candidate.

        Before the last step, fewer samples are generated for the scores.

        Args:
            to: the number of steps, counted from the start of training; all by default.
            watch: measures where the time goes.

        Raises:
            UnreadableParentError: if the weights of a parent are damaged.
            OutOfTimeError: if the session's time is over.
        """
        watch, steps = watch or Stopwatch(), self._candidate.training.steps
        with self.clock.running():
            result = self._run(steps if to is None else min(to, steps), watch)
        with watch("packing"):
            curves = None if self._fitting is None else curves_file(self._fitting.fit.curves)
            if self._module is None or result.failure is not None:
                return Outcome(result, curves)
            try:
                return Outcome(result, curves, weights_file(self._module.state_dict()))
            except Exception as error:  # a part of another package may have weights that cannot be saved
                told = failure_of(error)
                if told.fault is not Fault.CANDIDATE:
                    raise
                return Outcome(replace(result, scores={}, errors={}, failure=told.reason, log=told.log), curves)

    def _run(self, to: int, watch: Stopwatch) -> Result:
        scores: dict[str, float] = {}
        errors: dict[str, float] = {}
        log = ""
        complete = to == self._candidate.training.steps
        try:
            if self._module is None or self._fitting is None:
                self._limits.require_memory(lower(self._candidate.graph), self._candidate.training)
                self._module = compiled(self._candidate, self._parents, watch)
                with watch("compiling"):
                    self._fitting = fitting(self._module, self._candidate, self._scorer, self._executor)
            self._fitting.advance(to, watch=watch, pause=self.clock)
            self.clock()
            failure = self._fitting.failure
            if failure is None:
                with watch("scoring"):
                    split = self._scorer.problem.validation
                    if complete:
                        scores, errors = self._scorer.score_with_errors(self._module, split)
                    else:
                        scores = self._scorer.score(self._module, split, GENERATED_AT_RUNGS)
                wrong = [name for name, value in scores.items() if not isfinite(value)]
                if wrong:
                    scores, errors, failure = {}, {}, f"the score {wrong[0]} is not a finite number"
        except Exception as error:
            told = failure_of(error)
            if told.fault is not Fault.CANDIDATE:
                raise
            scores, errors, failure, log = {}, {}, told.reason, told.log
        made = self._fitting.fit if self._fitting is not None else None
        self._scoring += watch.parts["scoring"]
        return Result(
            scores=scores,
            parameters=self._module.parameter_count if self._module is not None else 0,
            key=content_key(self._candidate.graph),
            samples_seen=made.samples_seen if made is not None else 0,
            seconds=(made.seconds if made is not None else 0.0, self._scoring),
            failure=failure,
            complete=complete,
            errors=errors,
            log=log,
        )


def compiled(candidate: Candidate, parents: Sequence[ParentFiles] | None, watch: Stopwatch) -> VALPModule:
    """A candidate's compiled module, with its initial weights.

    Args:
        candidate: the candidate to compile.
        parents: the files of its parents, in the order of `Candidate.parents`. If None, nothing is inherited.
        watch: measures the time.

    Raises:
        UnreadableParentError: if a parent's graph or weights are damaged.
    """
    with watch("compiling"):
        module = compile(candidate.graph, seed=candidate.training.seed)
        if parents:
            places = {number: i for i, number in enumerate(candidate.parents)}
            origins = {name: (places[number], network) for name, (number, network) in candidate.inherits.items()}
            inherit(module, candidate.graph, [files.parent() for files in parents], origins)
        return module


def fitting(
    module: VALPModule,
    candidate: Candidate,
    scorer: Scorer,
    executor: Executor,
    observer: StepObserver | None = None,
) -> Fitting:
    """The training of a compiled candidate on its problem's training split, before the first step."""
    training, split, outputs = candidate.training, scorer.problem.train, module.plan.outputs
    return Fitting(
        module,
        split.inputs,
        {name: split.truths[name] for name in outputs},
        weights={name: tensor for name, tensor in scorer.problem.weights.items() if name in outputs},
        steps=training.steps,
        batch=training.batch,
        learning_rate=training.learning_rate,
        kl_warmup=training.kl_warmup,
        decay=training.decay,
        balance=training.balance,
        seed=training.seed,
        executor=executor,
        observer=observer,
    )


def train(
    candidate: Candidate,
    scorer: Scorer,
    progress: Callable[[int], None] | None = None,
    executor: Executor = "auto",
    observe: Observe | None = None,
) -> tuple[VALPModule, Fit]:
    """Compiles a candidate and trains it from scratch.

    Args:
        candidate: the candidate to train.
        scorer: the scorer of its problem.
        progress: is called from time to time with the steps made.
        executor: the executor; see `valp.train.fit.fit`.
        observe: makes what looks at the steps.
    """
    module = compiled(candidate, None, Stopwatch())
    training = fitting(module, candidate, scorer, executor, None if observe is None else observe(candidate, module))
    training.advance(candidate.training.steps, progress)
    return module, training.fit
