"""Strategies compared at equal samples seen: hypervolume, time to a goal, what they try last, their best samples.

Every search of a strategy sees as many samples as the others', however many candidates that are: --trainings times the
samples of a full training. Searches see the validation split; what they claim is scored on the test split too. It goes
seed by seed, so that whatever is there when it is interrupted is a comparison; interrupted, it goes on where it was.

A strategy may have variants, and a budget of its own: `evolution:no-inherit`, `evolution:population=24`,
`random:halving`, `random@300`.

A new strategy is soon compared with those of the table: `--strategies mine --published random tpe` takes the figures of
these from the file that they were written to.

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
"""The points of the MLPs' curves in a full training."""

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", choices=SCALES, default="fashion-mnist")
    parser.add_argument(
        "--strategies", nargs="+", default=["random", "tpe", "evolution"], help=f"of {', '.join(STRATEGIES)}"
    )
    parser.add_argument(
        "--published",
        nargs="+",
        default=[],
        metavar="CODE",
        help="compare with their figures in the file as well, of these seeds, or else of the first ones",
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first of them")
    parser.add_argument("--trainings", type=int, default=60, help="samples that a search sees, in full trainings")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--space", choices=SPACES, default="default")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "strategies", help="what files' names begin with")
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
    rivals.extend(PER_TRAINING * max(contender.longest for contender in contenders))  # not in the time of a search
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
