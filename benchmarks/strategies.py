"""Compares strategies at equal samples seen: hypervolume, time to a goal, last candidates, best samples.

Every search sees the same number of samples: --trainings times those of a full training. The number of candidates may
differ. Searches use the validation split; reported candidates are also scored on the test split. The benchmark goes
seed by seed, so that an interrupted one is already a comparison. If interrupted, it resumes.

A strategy may have variants and its own budget: `evolution:no-inherit`, `evolution:population=24`, `random:halving`,
`random@300`.

To compare a new strategy quickly with published ones, use `--strategies mine --published random tpe`. The figures of
the published strategies come from the file.

python -m benchmarks.strategies [--problem fashion-mnist] [--strategies random tpe evolution] [--seeds 5]
"""

import argparse
from pathlib import Path

from benchmarks.strategies_figures import draw, figures, part_of, published, write
from benchmarks.strategies_measures import SCALES
from benchmarks.strategies_page import Comparison, page
from benchmarks.strategies_searches import Contender, searched
from benchmarks.strategies_singles import Singles
from valp.errors import SettingError
from valp.search.strategies import STRATEGIES
from valp.spaces.generate.space import SPACES
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

BATCH = 50
PER_TRAINING = 4
"""The number of points on the curves of the MLPs per full training."""

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", choices=SCALES, default="fashion-mnist")
    parser.add_argument(
        "--strategies", nargs="+", default=["random", "tpe", "evolution"], help=f"some of {', '.join(STRATEGIES)}"
    )
    parser.add_argument(
        "--published",
        nargs="+",
        default=[],
        metavar="CODE",
        help="strategies whose figures are taken from the file, with the same seeds or, if missing, the first ones",
    )
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")
    parser.add_argument("--trainings", type=int, default=60, help="samples that a search sees, in full trainings")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--space", choices=SPACES, default="default")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument(
        "-o", dest="base", type=Path, default=DOCS / "strategies", help="path and prefix of the written files"
    )
    asked = parser.parse_args()
    seeds = list(range(asked.first, asked.first + asked.seeds))
    part, file = part_of(asked.problem, asked.space, seeds), asked.base.with_name(f"{asked.base.name}.json")
    settings = {"steps": asked.steps, "batch": BATCH, "workers": asked.workers, "seeds": seeds}
    try:
        contenders = [Contender.parse(text, asked.trainings) for text in asked.strategies]
        known = [
            search for code in asked.published for search in published(file, asked.problem, asked.space, settings, code)
        ]
    except SettingError as error:
        parser.error(str(error))
    one_thread()
    problem = load_problem(asked.problem, print)
    every = max(1, asked.steps // PER_TRAINING)
    rivals = Singles(problem, every, BATCH, asked.runs / f"benchmark-strategies-{problem.name}-mlps-{every}.json")
    rivals.extend(
        PER_TRAINING * max(contender.longest for contender in contenders)
    )  # so that it does not count in the time of a search
    scorer = Scorer(problem, judges_of(problem, print))
    comparison = Comparison(problem.name, asked.space, asked.steps * BATCH, SCALES[problem.name], rivals, known)
    for seed in seeds:
        for contender in contenders:
            search = searched(
                problem,
                contender,
                scorer,
                rivals,
                space=asked.space,
                steps=asked.steps,
                batch=BATCH,
                seed=seed,
                workers=asked.workers,
                runs=asked.runs,
            )
            comparison.searches.append(search)
            wall = search.ended[-1].wall if search.ended else 0.0
            print(f"{contender.code}, seed {seed}: {len(search.ended)} candidates, {wall:.0f} s", flush=True)
    asked.base.parent.mkdir(parents=True, exist_ok=True)
    write(file, part, figures(comparison, settings))
    draw(comparison, asked.base.with_name(f"{asked.base.name}-{part}.png"))
    print(f"\n{page(comparison)}")


if __name__ == "__main__":
    main()
