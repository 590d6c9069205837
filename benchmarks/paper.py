"""Repeats the experiment of Garciarena et al., V: random VALPs on Fashion-MNIST, their counts, and Figures 4 to 6.

A VALP is trained twice: with ψ as Algorithm 1 draws it, and with all variables of a network in each connection to
another network, as the original's code does. Both are scored on the test split, early and at the end. As the paper's
500 would take more than half a day of two cores in both ways, 100 are trained to the end, and the others early only,
with ψ as drawn. Predictions are scored as in the paper, in the mode `generate`: latent connections are cut. Every
finished training is saved at once in docs/paper-models.json; called again, the benchmark resumes.

python -m benchmarks.paper [--candidates 100] [--steps 40000] [--early-candidates 500] [--early 4000] [--workers 2]
    [--docs docs]
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.paper_counts import Column
from benchmarks.paper_figures import draw, draw_conditioned
from benchmarks.paper_page import Experiment, page
from benchmarks.paper_trainings import DRAWN, PROBLEM, SINGLE, WHOLE, Job, Row, conditioning, prepare, trained
from benchmarks.saved_rows import SavedRows
from benchmarks.worker_pool import work_off
from valp.errors import ValpError
from valp.files import write_text
from valp.search.show.report.prediction_counts import class_names
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem
from valp.train.fit import ready

DOCS = Path(__file__).parents[1] / "docs"
SHOWN = 8
"""The number of samples of each class in the picture of the best conditioned sampler."""


@dataclass(frozen=True)
class Plan:
    """All trainings that are wanted.

    Attributes:
        problem: the problem.
        candidates: the number of random VALPs that are trained to the end.
        early_candidates: the number of those that are trained at least to the first score, with ψ as drawn.
        steps: the steps after which models are scored, ascending.
        store: the finished trainings.
    """

    problem: Problem
    candidates: int
    early_candidates: int
    steps: tuple[int, ...]
    store: SavedRows

    def left(self) -> Iterator[Job]:
        """The trainings that are not finished: the single-task models, each VALP in both ways, then the early ones."""
        jobs = [Job(SINGLE, output.name, self.steps) for output in self.problem.outputs]
        jobs += [Job(kind, str(n), self.steps) for n in range(self.candidates) for kind in (DRAWN, WHOLE)]
        jobs += [Job(DRAWN, str(n), self.steps[:1]) for n in range(self.candidates, self.early_candidates)]
        return (job for job in jobs if job.key not in self.store.rows)

    def columns(self) -> list[Column]:
        """The columns of the page: both kinds after all steps, then after fewer."""
        return [self._column(kind, steps) for steps in reversed(self.steps) for kind in (DRAWN, WHOLE)]

    def _column(self, kind: str, steps: int) -> Column:
        done = {n: self._row(kind, str(n)) for n in range(max(self.candidates, self.early_candidates))}
        tried = {
            n: row for n, row in done.items() if row is not None and (row["failure"] or str(steps) in row["after"])
        }
        rows = [
            {"number": n, "parameters": row["parameters"], "reached": row["reached"], **row["after"][str(steps)]}
            for n, row in tried.items()
            if "test" in row["after"].get(str(steps), {})
        ]
        found = [self._row(SINGLE, output.name) for output in self.problem.outputs]
        models = [row["after"].get(str(steps), {}) for row in found if row is not None]
        splits = ("test", "validation", "predict")
        single = {split: {k: v for one in models for k, v in one.get(split, {}).items()} for split in splits}
        return Column(kind, steps, rows, len(tried) - len(rows), single)

    def _row(self, kind: str, model: str) -> Row | None:
        """The training of a model, to the end or early only; None if there is none."""
        keys = (Job(kind, model, steps).key for steps in (self.steps, self.steps[:1]))
        return next((self.store.rows[key] for key in keys if key in self.store.rows), None)


def write(plan: Plan, docs: Path) -> str:
    """Writes the page and its pictures."""
    columns, output = plan.columns(), "image"
    first = columns[0]
    draw(first, docs / "paper.png")
    best, counts = first.best_conditioned(), None
    classes = class_names(plan.problem.columns.output(plan.problem.judged_by or ""))
    if best is not None:
        matrix, samples = conditioning(Job(first.kind, str(best["number"]), plan.steps), output, SHOWN)
        counts = matrix.numpy()
        draw_conditioned(counts, samples.numpy(), classes, docs / "paper-conditioned.png")
    date = datetime.now(UTC).date().isoformat()
    text = page(Experiment(columns, plan.candidates, classes, counts, date), docs / "paper.md")
    write_text(docs / "paper.md", text)
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=100, help="the VALPs that are trained to the end")
    parser.add_argument("--steps", type=int, default=40_000, help="the steps of each training")
    parser.add_argument(
        "--early-candidates", type=int, default=500, help="the VALPs that are trained at least as long as --early"
    )
    parser.add_argument("--early", type=int, default=4_000, help="models are scored after these steps, too")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each; 0 trains in this one")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder for the page, its pictures and its figures")
    asked = parser.parse_args(arguments)
    if not 0 < asked.early < asked.steps or asked.candidates < 1 or asked.workers < 0:
        parser.error("--early must be positive and below --steps, --candidates positive and --workers not negative")
    try:
        problem = load_problem(PROBLEM, print)
        store = SavedRows(asked.docs / "paper-models.json", {PROBLEM: problem.fingerprint})
        plan = Plan(problem, asked.candidates, asked.early_candidates, (asked.early, asked.steps), store)

        def finish(job: Job, row: Row) -> None:
            store.add(job, row)
            print(f"{job.key}: {row['failure'] or 'done'} ({row['seconds']:.0f} s)", flush=True)

        ready("auto", print)
        work_off(plan.left, lambda job: (job,), trained, finish, asked.workers, prepare, ())
        print(write(plan, asked.docs))
    except ValpError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
