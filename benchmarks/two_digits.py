"""Two overlaid digits: classify one and reconstruct the other, by several methods (Nakamura 2023, 5.3, Table 5).

Do the tensioned directions beat the plain ones on both tasks? Each method chooses its learning rate on the validation
split with the first seed; the test split is shown. Every finished training is saved at once; called again, the
benchmark resumes. The page is written from what is saved. It takes about an hour on two cores.

python -m benchmarks.two_digits [--seeds 5] [--epochs 20] [--patience 10] [--batch 100] [--rates 0.01 0.03 0.1 0.3]
    [--workers 2] [--minutes 0] [-o docs/two-digits]
"""

import argparse
import math
from pathlib import Path

from benchmarks.balance_subjects import SUBJECTS, errors_without_learning
from benchmarks.balance_trainings import Method, Plan, Setup, train_all
from benchmarks.saved_rows import SavedRows
from benchmarks.two_digits_page import page
from valp.errors import ValpError
from valp.files import write_text

DOCS = Path(__file__).parents[1] / "docs"
PROBLEM, TASKS = "two-digits", ("digit", "other")

METHODS = (
    Method("single-task", single=True),
    Method("uniform", "uniform"),
    Method("min-norm", "min-norm"),
    Method("central", "central"),
    Method("min-norm + tensioner", "tensioner:direction=min-norm"),
    Method("central + tensioner", "tensioner:direction=central"),
    Method("mean + tensioner", "tensioner:direction=mean", last=True),
)
"""The rows of Table 5, and the tensioner on the mean of the gradients, which is half of uniform weighting."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="four or more for intervals")
    parser.add_argument("--epochs", type=int, default=20, help="the most epochs")
    parser.add_argument("--patience", type=int, default=10, help="epochs without improvement that end a training")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.01, 0.03, 0.1, 0.3], help="learning rates to try")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each; 0 trains in this one")
    parser.add_argument("--minutes", type=float, default=0, help="start no training after so long; 0 for no limit")
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "two-digits", help="path and prefix of the page")
    asked = parser.parse_args(arguments)
    if min(asked.seeds, asked.epochs, asked.patience, asked.batch, *asked.rates) <= 0:
        parser.error("--seeds, --epochs, --patience, --batch and --rates must be positive")
    if min(asked.workers, asked.minutes) < 0:
        parser.error("--workers and --minutes must not be negative")
    setup = Setup(asked.epochs, asked.patience, asked.batch)
    try:
        problem = SUBJECTS[PROBLEM].load(print)
        without = errors_without_learning(problem, problem.test)
        store = SavedRows(
            asked.base.with_name(f"{asked.base.name}.json"), {PROBLEM: setup.identified(PROBLEM, problem)}
        )
        plan = Plan(PROBLEM, TASKS, METHODS, sorted(set(asked.rates)), asked.seeds, store)
        rows = [len(split) for split in (problem.train, problem.validation, problem.test)]

        def written() -> None:
            path = asked.base.with_name(f"{asked.base.name}.md")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, page(plan, setup, without, rows, path))

        train_all([plan], setup, asked.workers, written, 60 * asked.minutes or math.inf)
        written()
    except ValpError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
