"""Does balancing pay in a search? Searches with each balancing method, and one that also searches the method.

Each search is an evolution in the default space. With `fixed` the weights β are searched, as in any search. Searches
with another method see as many samples; the time that they take is shown, too. All searches optimise the default
objectives on the validation split. The best compromise of each is also scored on the test split.

Every search is a run that resumes, and finished ones stay in docs/balance-searches.json: called again, the benchmark
goes on. The page is docs/balance-searches.md; its last section is kept.

python -m benchmarks.balance_searches [--problems breast-cancer fashion-mnist] [--seeds 5] [--first 300]
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.balance_searches_page import Searches, page
from benchmarks.strategies_contenders import BALANCE, Contender
from benchmarks.strategies_figures import laid_out, part_of, published, write
from benchmarks.strategies_measures import Search
from benchmarks.strategies_page import Comparison
from benchmarks.strategies_searches import Setup, searched
from benchmarks.tables import TABLES, benchmark_problem
from valp.errors import SettingError, ValpError
from valp.files import write_text
from valp.search.run.run import open_run
from valp.train.fit import one_thread

DOCS = Path(__file__).parents[1] / "docs"
METHODS = ("fixed", "uncertainty", "gradnorm", "min-norm", "tensioner")
"""The balancing methods. The last search of a seed searches among all of them."""

SHARES = "methods of the searched ones"
"""The part of the file that has, for each such search, how many of its last candidates have each method."""


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--problems",
        nargs="+",
        default=["breast-cancer", "fashion-mnist"],
        help=f"names of `valp problems`, or of {', '.join(TABLES)}",
    )
    parser.add_argument(
        "--methods", nargs="+", default=METHODS, help="the balancing methods, the first as the standard"
    )
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--first", type=int, default=300, metavar="SEED", help="the first seed")
    parser.add_argument("--trainings", type=int, default=30, help="samples that a search sees, in full trainings")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2, help="0 trains in this process")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the page and of the file of raw figures")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    parser = parser_of()
    asked = parser.parse_args(arguments)
    seeds = list(range(asked.first, asked.first + asked.seeds))
    methods = dict.fromkeys((*asked.methods, "+".join(asked.methods)))
    codes = [f"evolution:{BALANCE}{method}" for method in methods]
    one_thread()
    file = asked.docs / "balance-searches.json"
    asked.docs.mkdir(parents=True, exist_ok=True)
    try:
        contenders = [Contender.parse(code, asked.trainings) for code in codes]
        setups = [Setup.of(benchmark_problem(name, print), "default", asked) for name in asked.problems]
    except ValpError as error:
        parser.error(str(error))
    found = [_held(file, setup, contenders, seeds) for setup in setups]
    for seed in seeds:
        for place, setup in enumerate(setups):
            for contender in contenders:
                if any((one.strategy, one.seed) == (contender.code, seed) for one in found[place].searches):
                    continue
                search = searched(setup, contender, seed, baselines=False)
                found[place] = found[place].adding(search)
                if len(contender.balance) > 1:
                    _note_methods(file, setup, contender, search)
                write(file, setup, found[place])
                _write_page(asked.docs, file, setups, found, codes)
                wall = search.ended[-1].wall if search.ended else 0.0
                print(f"{setup.problem.name}, {contender.code}, seed {seed}: {wall:.0f} s", flush=True)
    _write_page(asked.docs, file, setups, found, codes)


def _held(file: Path, setup: Setup, contenders: Sequence[Contender], seeds: list[int]) -> Comparison:
    """The finished searches that the file has."""
    found = Comparison(setup.problem.name, setup.space, setup.unit, setup.problem.metrics, setup.objectives, ())
    for contender in contenders:
        try:
            held = published(file, setup, contender.code, contender.trainings, seeds)
        except SettingError:
            continue  # it has none
        found = found.adding(*(one for one in held if one.seed in seeds))
    return found


def _note_methods(file: Path, setup: Setup, contender: Contender, search: Search) -> None:
    """Writes how many of the candidates of the last quarter have each method."""
    run = open_run(setup.runs, setup.name(contender, search.seed, baselines=False))
    last = {one.number for one in search.ended[-(-len(search.ended) * 3 // 4) :]}
    methods = Counter(entry.candidate.training.balance.method for entry in run.ledger.entries() if entry.number in last)
    whole = json.loads(file.read_text()) if file.is_file() else {}
    whole.setdefault(SHARES, {})[_key(setup, search)] = dict(methods)
    write_text(file, laid_out(whole, depth=5) + "\n")


def _key(setup: Setup, search: Search) -> str:
    return f"{part_of(setup)} {search.key}"


def _write_page(
    docs: Path, file: Path, setups: Sequence[Setup], found: Sequence[Comparison], codes: Sequence[str]
) -> None:
    if not file.is_file():
        return
    noted: dict[str, Any] = json.loads(file.read_text()).get(SHARES, {})
    parts = [
        Searches(comparison, codes, [noted[key] for one in comparison.searches if (key := _key(setup, one)) in noted])
        for setup, comparison in zip(setups, found, strict=True)
        if comparison.searches
    ]
    path = docs / "balance-searches.md"
    write_text(path, page(parts, path))


if __name__ == "__main__":
    main()
