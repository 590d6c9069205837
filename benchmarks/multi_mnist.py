"""MGDA and MGDA-UB on two overlaid digits and on many labels (Sener & Koltun 2018, arXiv:1810.04650).

Both against uniform weights, a grid of fixed weights, and single-task networks: the accuracy of each digit, and the
mean error over 18 labels of two values. Each method chooses its learning rate on the validation split with the first
seed; the test split is shown. Every finished training is saved at once; called again, the benchmark resumes. The page
is written from what is saved. It takes some hours on two cores.

`--times` measures the time of a step instead, on an idle machine: the methods take turns in one process, and the page
gets the ratios to uniform weights.

python -m benchmarks.multi_mnist [--seeds 5] [--epochs 10] [--patience 5] [--batch 100]
    [--rates 0.003 0.01 0.03 0.1 0.3] [--workers 2] [--minutes 0] [--times] [--steps 50] [-o docs/multi-mnist]
"""

import argparse
import json
import math
from pathlib import Path

from benchmarks.balance_subjects import SUBJECTS, errors_without_learning
from benchmarks.balance_trainings import Method, Plan, Setup, train_all
from benchmarks.multi_mnist_page import Measured, page
from benchmarks.multi_mnist_times import measure
from benchmarks.saved_rows import SavedRows
from valp.errors import ValpError
from valp.files import write_text

DOCS = Path(__file__).parents[1] / "docs"

SINGLE, UNIFORM = Method("single-task", single=True), Method("uniform", "uniform")
MGDA, MGDA_UB = Method("MGDA", "min-norm"), Method("MGDA-UB", "mgda-ub")
GRID = Method("grid", grid=((0.4, 1.6), (0.7, 1.3), (1.0, 1.0), (1.3, 0.7), (1.6, 0.4)))

METHODS = {
    "multi-mnist": (SINGLE, UNIFORM, GRID, MGDA, MGDA_UB),
    "digit-labels": (UNIFORM, MGDA, MGDA_UB, SINGLE),
}
"""The methods on each problem. A grid over the weights of 18 labels would need too many trainings."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="four or more for intervals")
    parser.add_argument("--epochs", type=int, default=10, help="the most epochs")
    parser.add_argument("--patience", type=int, default=5, help="epochs without improvement that end a training")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[0.003, 0.01, 0.03, 0.1, 0.3], help="learning rates to try"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each; 0 trains in this one")
    parser.add_argument("--minutes", type=float, default=0, help="start no training after so long; 0 for no limit")
    parser.add_argument("--times", action="store_true", help="measure the time of a step, and train nothing else")
    parser.add_argument("--steps", type=int, default=50, help="the steps of a turn of --times")
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "multi-mnist", help="path and prefix of the page")
    asked = parser.parse_args(arguments)
    if min(asked.seeds, asked.epochs, asked.patience, asked.batch, asked.steps, *asked.rates) <= 0:
        parser.error("--seeds, --epochs, --patience, --batch, --steps and --rates must be positive")
    if min(asked.workers, asked.minutes) < 0:
        parser.error("--workers and --minutes must not be negative")
    setup = Setup(asked.epochs, asked.patience, asked.batch)
    times = asked.base.with_name(f"{asked.base.name}-times.json")
    asked.base.parent.mkdir(parents=True, exist_ok=True)
    try:
        problems = {name: SUBJECTS[name].load(print) for name in METHODS}
        known = {name: setup.identified(name, problem) for name, problem in problems.items()}
        store = SavedRows(asked.base.with_name(f"{asked.base.name}.json"), known)
        rates = sorted(set(asked.rates))
        measured = [
            Measured(
                Plan(name, [part.name for part in problem.outputs], METHODS[name], rates, asked.seeds, store),
                errors_without_learning(problem, problem.test),
                tuple(len(split) for split in (problem.train, problem.validation, problem.test)),
            )
            for name, problem in problems.items()
        ]

        def written() -> None:
            path = asked.base.with_name(f"{asked.base.name}.md")
            taken = json.loads(times.read_text(encoding="utf-8")) if times.is_file() else None
            write_text(path, page(measured, setup, taken, path))

        if asked.times:
            methods = {name: [one for one in METHODS[name] if one not in (SINGLE, GRID)] for name in problems}
            taken = {name: measure(name, problems[name], methods[name], asked.batch, asked.steps) for name in problems}
            write_text(times, json.dumps(taken, indent=1) + "\n")
        else:
            train_all([one.plan for one in measured], setup, asked.workers, written, 60 * asked.minutes or math.inf)
        written()
    except ValpError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
