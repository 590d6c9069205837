"""Records learning curves for `benchmarks.halving`: candidates drawn by Algorithm 1, scored several times in training.

Each candidate of `valp search PROBLEM --strategy random` with this seed is trained in the default space, with hidden
layers of 8 to 64 units so that it is quick, and scored on the validation split at each rung. It is never stopped. The
file has the objectives of a search, and the CPU seconds of training and scoring.

python -m benchmarks.halving_curves digits --candidates 240
"""

import argparse
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from valp.compile.compile import compile
from valp.errors import ValpError
from valp.search.engine.evaluate import GENERATED_AT_RUNGS, fitting
from valp.search.halving.recorded_curves import RecordedCurves
from valp.search.strategies.strategy import Question, draw_at_random
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread, ready

FOLDER = Path(__file__).parent / "curves"
UNITS = (8, 64)
TIMES = (1, 3, 9, 27)
"""When candidates are scored, in 27ths of their training."""


def record(candidate: Candidate, scorer: Scorer) -> tuple[list[list[float]], list[float]]:
    """A candidate's objectives at each of `TIMES`, NaN from its failure on, and the CPU seconds until then."""
    rows, seconds, start = list[list[float]](), list[float](), time.process_time()
    module = compile(candidate.graph, seed=candidate.training.seed)
    training = fitting(module, candidate, scorer, "auto")
    few = (GENERATED_AT_RUNGS,)
    for share in TIMES:
        training.advance(max(1, candidate.training.steps * share // TIMES[-1]))
        scores = {}
        if training.failure is None:
            with suppress(ValpError):  # it has failed
                scores = scorer.score(module, scorer.problem.validation, *few if share < TIMES[-1] else ())
        named = ((name, scorer.metrics[name]) for name in scorer.objectives)
        row = [metric.ranked(scores.get(name)) if scores else None for name, metric in named]
        rows.append([np.nan if value is None else value for value in row])
        seconds.append(time.process_time() - start)
    return rows, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem")
    parser.add_argument("--candidates", type=int, default=240)
    parser.add_argument("--steps", type=int, default=1080)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cpu-minutes", type=float, default=5, help="no candidate begins after so much CPU time")
    asked = parser.parse_args()
    one_thread()
    ready("auto")
    problem = load_problem(asked.problem)
    space = replace(DEFAULT, units=UNITS)
    objectives = problem.objectives_with(space.samples_score)
    scorer = Scorer(problem, judges_of(problem), objectives=objectives)
    training = Training(steps=asked.steps, decay=space.decay, seed=asked.seed)
    question = Question(problem, space, training, asked.seed, asked.candidates)
    values, seconds = list[list[list[float]]](), list[list[float]]()
    start = time.process_time()
    for number in range(asked.candidates):
        if time.process_time() - start > 60 * asked.cpu_minutes:
            break
        found, spent = record(draw_at_random(question, number), scorer)
        values.append(found)
        seconds.append(spent)
        print(number, found[-1], f"{spent[-1]:.2f} s", flush=True)
        curves_of(scorer, asked, values, seconds).save(FOLDER / f"{problem.name}.json")
    print(f"{time.process_time() - start:.0f} CPU seconds")


def curves_of(
    scorer: Scorer, asked: argparse.Namespace, values: list[list[list[float]]], seconds: list[list[float]]
) -> RecordedCurves:
    """What has been recorded so far."""
    metrics = [scorer.metrics[name] for name in scorer.objectives]
    return RecordedCurves(
        source=f"{scorer.problem.name}, {asked.steps} steps of 50, seed {asked.seed}",
        metrics=scorer.objectives,
        modes=tuple("max" if metric.score.goal == "maximize" else "min" for metric in metrics),
        times=TIMES,
        without_learning=tuple(np.nan if metric.chance is None else metric.chance for metric in metrics),
        values=np.array(values),
        seconds=np.array(seconds),
    )


if __name__ == "__main__":
    main()
