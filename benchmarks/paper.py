"""Repeats the experiment of Garciarena et al., V: random VALPs on Fashion-MNIST, their counts, and Figures 4 to 6.

Predictions are scored as in the paper, in the mode `generate`: latent connections are cut. The search scores
candidates on the validation split; afterwards they are scored on the test split. If interrupted, the benchmark resumes.

python -m benchmarks.paper [--candidates 500] [--steps 4000] [--workers 2] [--runs runs]
"""

import argparse
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.paper_counts import Experiment
from benchmarks.paper_figures import draw, draw_conditioned
from benchmarks.paper_page import page
from benchmarks.paper_scoring import Tested, conditioned, tested
from valp.files import write_text
from valp.search.facade.launch import launch
from valp.search.run.folder import Folder
from valp.search.run.result import Result
from valp.search.run.run import StoredRun
from valp.search.show.display import LineDisplay, Status
from valp.spaces.baselines.baseline_codes import NETWORK
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

PROBLEM, NAME, BATCH, SEED = "fashion-mnist", "benchmark-paper", 50, 1
DOCS = Path(__file__).parents[1] / "docs"
SHOWN = 8
"""The number of samples of each class in the picture of the best conditioned sampler."""


@dataclass
class Clock(LineDisplay):
    """The seconds spent. They are saved in the run's folder after each finished model, and add up over sessions."""

    file: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.file.is_file():
            self.seconds = json.loads(self.file.read_text())
        self.last = time.perf_counter()

    def begin(self) -> None:
        """Discards the time since the last tick."""
        self.last = time.perf_counter()

    def tick(self, work: str) -> None:
        """Adds the time since the last tick to a kind of work."""
        now = time.perf_counter()
        self.seconds[work] = self.seconds.get(work, 0.0) + now - self.last
        self.last = now
        write_text(self.file, json.dumps(self.seconds))

    def show(self, status: Status, ended: tuple[int, Result] | None = None) -> None:
        """See `valp.search.show.display.Display`."""
        super().show(status, ended)
        if ended is not None:
            self.tick("search")

    def scored(self, done: int, total: int) -> None:
        """Called after each model is scored on the test split."""
        self.tick("test scoring")
        if done % 25 == 0 or done == total:
            self.say(f"scored on the test split: {done} of {total}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder for the page and its pictures")
    asked = parser.parse_args()
    one_thread()
    problem = load_problem(PROBLEM, print)
    clock = Clock(Folder(asked.runs / NAME).path / "clock.json")
    run = launch(
        problem,
        name=NAME,
        runs=asked.runs,
        strategy="random",
        space="paper",
        candidates=asked.candidates,
        steps=asked.steps,
        batch=BATCH,
        workers=asked.workers,
        seed=SEED,
        protocol="generate",
        keep="all",
        display=clock,
    ).stored
    clock.begin()
    found = tested(run, asked.workers, clock.scored)
    experiment = gathered(run, found, clock.seconds, asked.workers)
    draw(experiment, asked.docs / "paper.png")
    best = experiment.best_conditioned()
    if best is not None:
        scorer = Scorer(problem, judges_of(problem), "generate")
        matrix, samples = conditioned(run.folder.candidate(best["number"]), scorer, "image", SHOWN)
        experiment.document["conditioning"] = {"candidate": best["number"], "counts": matrix.tolist()}
        draw_conditioned(matrix.numpy(), samples.numpy(), experiment.classes, asked.docs / "paper-conditioned.png")
    write_text(asked.docs / "paper.json", lines(experiment.document))
    text = page(experiment, asked.docs / "paper.md")
    write_text(asked.docs / "paper.md", text)
    print(text)
    spent = ", ".join(f"{work} {seconds:.0f} s" for work, seconds in clock.seconds.items())
    print(f"wall time {sum(clock.seconds.values()):.0f} s: {spent}")


def gathered(run: StoredRun, found: Tested, seconds: dict[str, float], workers: int) -> Experiment:
    """All figures of a run."""
    entries = run.ledger.entries()
    told = {name: results[NETWORK] for name, results in run.ledger.baselines.items() if NETWORK in results}
    single = {name: result for name, result in told.items() if result.failure is None}
    rows = []
    for entry in entries:
        result = entry.result
        if entry.state != "complete" or result is None:
            continue
        graph = entry.candidate.graph
        of_training = {"parameters": result.parameters, "networks": len(graph.networks), "seconds": result.seconds}
        made = found[f"candidates/{entry.number}"]
        rows.append({"number": entry.number, **of_training, "validation": result.scores, **without_seconds(made)})
    baselines = {
        name: {"validation": result.scores, **without_seconds(found[f"baselines/{name}"])}
        for name, result in single.items()
    }
    results = [result for result in (*(entry.result for entry in entries), *single.values()) if result is not None]
    ended = [trial.datetime_complete for trial in run.ledger.trials() if trial.datetime_complete is not None]
    judged_by = run.problem.judged_by
    column = run.problem.columns.output(judged_by) if judged_by is not None else None
    return Experiment(
        {
            "settings": run.settings.model_dump(mode="json", exclude_none=True),
            "date": max(ended).date().isoformat() if ended else "",
            "cores": os.cpu_count() or 1,
            "workers": workers,
            "candidates wanted": len(entries),
            "failed": {
                entry.number: entry.result.failure for entry in entries if entry.result and entry.result.failure
            },
            "wall seconds": seconds,
            "training seconds": sum(result.seconds[0] for result in results),
            "validation scoring seconds": sum(result.seconds[1] for result in results),
            "test scoring seconds": sum(made.get("seconds", 0.0) for made in found.values()),
            "samples seen": sum(result.samples_seen for result in results),
            "classes": list(column.classes or ()) if column is not None else [],
            "single-task": baselines,
            "candidates": rows,
        }
    )


def without_seconds(made: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in made.items() if key != "seconds"}


def lines(document: dict[str, Any]) -> str:
    """JSON with one line per candidate, and six digits per figure."""
    head = {key: value for key, value in rounded(document).items() if key != "candidates"}
    rows = ",\n".join(json.dumps(row) for row in rounded(document["candidates"]))
    return f'{json.dumps(head, indent=1, ensure_ascii=False)[:-2]},\n "candidates": [\n{rows}\n ]\n}}\n'


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main()
