"""Compares strategies at equal samples seen, and one of them with tuned single-task models.

Every search sees the same number of samples: --trainings times those of a full training. The number of candidates may
differ. The objectives are the default ones of the problem. The hypervolume is scaled from the value without learning to
the best possible value of each score.

The strategies of --baselines-for also have the tuned baselines of a search: linear models, boosted trees and tuned
single-task networks, the best of which are also trained as long as the longest lineage of the front. The goal is one
candidate that is ahead of all of them at once, in every objective. The samples of the baselines do not count.

Searches use the validation split; what is reported of them is also scored on the test split. The benchmark goes seed by
seed, so that an interrupted one is already a comparison. If interrupted, it resumes.

A strategy may have variants and its own budget: `evolution:no-inherit`, `evolution:population=24`, `random:halving`,
`evolution:balance=gradnorm`, `evolution:balance=fixed+central` (both are searched), `random@300`.

To compare a new strategy quickly with published ones, use `--strategies mine --published random tpe`. The figures of
the published strategies come from the file.

python -m benchmarks.strategies [--problem fashion-mnist] [--strategies random tpe evolution] [--seeds 5]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.strategies_contenders import Contender
from benchmarks.strategies_figures import part_of, published, write
from benchmarks.strategies_page import Comparison, page
from benchmarks.strategies_picture import draw
from benchmarks.strategies_searches import Setup, searched
from benchmarks.tables import TABLES, benchmark_problem
from valp.errors import ValpError
from valp.search.strategies import STRATEGIES
from valp.spaces.generate.space import SPACES
from valp.train.fit import one_thread

FILE = Path(__file__).parents[1] / "docs" / "strategies.json"
RIVALLED = "evolution"


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--problem", default="fashion-mnist", help=f"a name of `valp problems`, {' or '.join(TABLES)}, or a TOML file"
    )
    parser.add_argument(
        "--strategies", nargs="+", default=["random", "tpe", "evolution"], help=f"some of {', '.join(STRATEGIES)}"
    )
    parser.add_argument(
        "--baselines-for",
        nargs="*",
        metavar="CODE",
        help=f"the strategies that are compared with tuned single-task models; by default {RIVALLED}",
    )
    parser.add_argument(
        "--published",
        nargs="+",
        default=[],
        metavar="CODE",
        help="strategies whose figures are taken from the file, with the same seeds or, if there are none, with others",
    )
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")
    parser.add_argument("--trainings", type=int, default=60, help="samples that a search sees, in full trainings")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument(
        "--longer-steps",
        type=int,
        default=0,
        help="train the best compromise, and the best single-task network of each output, on for so many steps",
    )
    parser.add_argument("--space", choices=SPACES, default="default")
    parser.add_argument("--workers", type=int, default=2, help="0 trains in this process")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument(
        "-o", dest="file", type=Path, default=FILE, help="file of the raw figures; the picture is written next to it"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    parser = parser_of()
    asked = parser.parse_args(arguments)
    seeds = list(range(asked.first, asked.first + asked.seeds))
    try:
        contenders = [Contender.parse(text, asked.trainings) for text in asked.strategies]
        problem = benchmark_problem(asked.problem, print)
    except ValpError as error:
        parser.error(str(error))
    unknown = sorted({*(asked.baselines_for or ())} - {one.code for one in contenders})
    if unknown:
        parser.error(f"--baselines-for must name some of --strategies, but has {', '.join(unknown)}")
    rivalled = [RIVALLED] if asked.baselines_for is None else asked.baselines_for
    one_thread()
    source = asked.problem if asked.problem.endswith(".toml") else None
    setup = Setup.of(problem, asked.space, asked, source=source, longer=asked.longer_steps)
    found = Comparison(problem.name, asked.space, setup.unit, problem.metrics, setup.objectives, ())
    try:
        found.scales  # noqa: B018 - checks the objectives before the first search
        for text in asked.published:
            found = found.adding(*published(asked.file, setup, text, asked.trainings, seeds))
    except ValpError as error:
        parser.error(str(error))
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for contender in contenders:
            search = searched(setup, contender, seed, baselines=contender.code in rivalled)
            found = found.adding(search)
            wall = search.ended[-1].wall if search.ended else 0.0
            print(f"{contender.code}, seed {seed}: {len(search.ended)} candidates, {wall:.0f} s", flush=True)
            write(asked.file, setup, found)
    draw(found, asked.file.with_name(f"{asked.file.stem}-{part_of(setup)}.png"))
    print(f"\n{page(found)}")


if __name__ == "__main__":
    main()
