"""Searches for conditioned samplers: when do they exceed the paper's best conditioning accuracy, and what do they draw?

A sampler's conditioning accuracy is how often the judge gives a sample the same class as the image that conditioned it
(Garciarena et al., V-D3; their best has 0.75). It is the only objective. Searches use the validation split; the best
candidate of each is also scored on the test split. If interrupted, the benchmark resumes.

python -m benchmarks.conditioning [--strategies evolution] [--seeds 3] [--candidates 100] [--steps 4000]
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from benchmarks.paper import SHOWN
from benchmarks.paper_figures import draw_conditioned
from benchmarks.paper_page import table
from benchmarks.paper_scoring import conditioned
from benchmarks.strategies_contenders import Contender, proposing
from benchmarks.strategies_tested import tested
from valp.errors import SettingError
from valp.search.engine.models import model_of
from valp.search.facade.launch import launch
from valp.search.run.ledger_entry import by_end
from valp.search.run.run import StoredRun
from valp.search.show.report.prediction_counts import class_names
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

PROBLEM, OBJECTIVE, BATCH = "fashion-mnist", "conditioning", 50
PAPER = 0.75
"""The best conditioning accuracy of the paper's 500 models."""

PICTURE = Path(__file__).parents[1] / "docs" / "strategies-conditioning.png"


@dataclass(frozen=True)
class Found:
    """The outcome of a search.

    Attributes:
        code, seed: the code of the strategy, and the seed of the search.
        candidates: the number of finished candidates.
        first: the number of finished candidates at the first one better than the paper's best; None if none is.
        number, scores, test: the number of the best candidate, its validation scores, and its test scores.
    """

    code: str
    seed: int
    candidates: int
    first: int | None
    number: int
    scores: dict[str, float]
    test: dict[str, float]


def first_above(values: Sequence[float], level: float) -> int | None:
    """The position, from 1, of the first value above a level; None if there is none."""
    return next((place for place, value in enumerate(values, 1) if value > level), None)


def rows_of(found: Sequence[Found]) -> list[Sequence[str]]:
    """The rows of a table: each search, then each strategy's mean and standard deviation."""
    names = ("conditioning, validation", "test", "coverage, test", "accuracy, test", "copies, test")
    rows: list[Sequence[str]] = [("strategy", "seed", "candidates", f"first above {PAPER}", "best", *names)]
    rows.append(["---"] * len(rows[0]))
    for one in found:
        scores = (one.scores[OBJECTIVE], *(one.test[name] for name in (OBJECTIVE, "coverage", "accuracy", "copying")))
        first = "–" if one.first is None else str(one.first)
        counts = (str(one.seed), str(one.candidates), first, str(one.number))
        rows.append((one.code, *counts, *(f"{score:.3f}" for score in scores)))
    for code in dict.fromkeys(one.code for one in found):
        group = [one for one in found if one.code == code]
        both = ([one.scores[OBJECTIVE] for one in group], [one.test[OBJECTIVE] for one in group])
        cells = [f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(group) > 1 else "") for values in both]
        passed = f"{sum(one.first is not None for one in group)} of {len(group)}"
        rows.append((code, "all", "", passed, "", *cells, "", "", ""))
    return rows


def searched(
    problem: Problem, contender: Contender, scorer: Scorer, seed: int, candidates: int, steps: int, runs: Path
) -> tuple[StoredRun, Found]:
    """Runs a contender's search with one seed."""
    with proposing(contender, lambda _: set()):
        run = launch(
            problem,
            name=f"benchmark-conditioning-{contender.code.replace(':', '-')}-{steps}-{seed}",
            runs=runs,
            strategy=contender.code,
            objectives=[OBJECTIVE],
            candidates=candidates,
            steps=steps,
            batch=BATCH,
            seed=seed,
            halving=contender.halving,
        ).stored
    ended = by_end(run.ledger.entries())
    figures = [entry.result.scores[OBJECTIVE] if entry.state == "complete" and entry.result else 0.0 for entry in ended]
    best = run.front()[0]
    assert best.result is not None  # it is complete
    test = tested(run, {best.number}, scorer)[best.number].scores
    first = first_above(figures, PAPER)
    return run, Found(contender.code, seed, len(ended), first, best.number, best.result.scores, test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", nargs="+", default=["evolution"], help="as in benchmarks.strategies")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument(
        "-o", dest="picture", type=Path, default=PICTURE, help="picture of the best candidate in validation"
    )
    asked = parser.parse_args()
    try:
        contenders = [Contender.parse(text, asked.candidates) for text in asked.strategies]
    except SettingError as error:
        parser.error(str(error))
    one_thread()
    problem = load_problem(PROBLEM, print)
    scorer, searches = Scorer(problem, judges_of(problem, print)), []
    for seed in range(asked.seeds):
        for contender in contenders:
            run, found = searched(problem, contender, scorer, seed, asked.candidates, asked.steps, asked.runs)
            searches.append((run, found))
            print(f"{found.code}, seed {seed}: {found.scores[OBJECTIVE]:.3f}", flush=True)
    run, best = max(searches, key=lambda one: one[1].scores[OBJECTIVE])
    output = str(problem.metrics[OBJECTIVE].output)
    module = model_of(run, run.ledger.entry(best.number)).module
    matrix, samples = conditioned(module, scorer, output, SHOWN)
    classes = class_names(problem.columns.output(problem.judged_by or ""))
    draw_conditioned(matrix.numpy(), samples.numpy(), classes, asked.picture)
    print(f"\n{table(rows_of([found for _, found in searches]))}")


if __name__ == "__main__":
    main()
