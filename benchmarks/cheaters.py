"""Scores of samplers that copy, memorise or otherwise avoid the task, beside honest ones.

Every sampler is made with several seeds and scored on the test split. The table of docs/scores.md is written anew. If
interrupted, the benchmark resumes.

python -m benchmarks.cheaters [--problems digits fashion-mnist] [--seeds 3] [--steps 2000]
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, stdev

from benchmarks.cheaters_graphs import SAMPLERS, Sampler
from benchmarks.paper_page import table
from valp.files import write_text
from valp.search.run.sampler_remarks import COPIES, MEMORISES
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

PROBLEMS = ("digits", "fashion-mnist")
SCORES = ("entropy_coverage", "entropy", "coverage", "spread", "conditioning", "copying", "memorising")
PAPER = "one condition each"
"""The column with entropy × coverage if every sample has a condition of its own, as in Garciarena et al."""

PAGE = Path(__file__).parents[1] / "docs" / "scores.md"
BEGIN, END = "<!-- cheaters: begin -->", "<!-- cheaters: end -->"

Scores = dict[str, float]
Found = dict[str, dict[str, list[Scores]]]
"""By problem and sampler, the scores with each seed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path("runs/cheaters"))
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args()
    one_thread()
    found: Found = {}
    for name in asked.problems:
        file = asked.out / f"{name}-{asked.steps}.json"
        found[name] = measured(name, asked.steps, asked.seeds, file)
    text = tables(found, asked.steps, asked.seeds, datetime.now(UTC).date().isoformat())
    print(text)
    if asked.page.is_file():
        before, _, rest = asked.page.read_text().partition(BEGIN)
        write_text(asked.page, f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")


def measured(name: str, steps: int, seeds: int, file: Path) -> dict[str, list[Scores]]:
    """The scores of all samplers on a problem. What the file already has is not measured again."""
    stored: dict[str, list[Scores]] = json.loads(file.read_text()) if file.is_file() else {}
    left = [(sampler, seed) for sampler in SAMPLERS for seed in range(len(stored.get(sampler.code, ())), seeds)]
    if left:
        problem = load_problem(name, print)
        scorer = Scorer(problem, judges_of(problem, print))
        for sampler, seed in left:
            start = time.perf_counter()
            stored.setdefault(sampler.code, []).append(scored(sampler, scorer, steps, seed))
            file.parent.mkdir(parents=True, exist_ok=True)
            write_text(file, json.dumps(stored))
            print(f"{name}, {sampler.title}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)
    return {code: rows[:seeds] for code, rows in stored.items()}


def scored(sampler: Sampler, scorer: Scorer, steps: int, seed: int) -> Scores:
    """The test scores of a sampler that is made with a seed."""
    problem = scorer.problem
    module = sampler.make(problem, steps, seed)
    scores = scorer.score(module, problem.test)
    each = Scorer(problem, scorer.judges, few=False).score(module, problem.test)
    return {name: scores[name] for name in SCORES if name in scores} | {PAPER: each["entropy_coverage"]}


def flags(scores: Mapping[str, float]) -> str:
    """What the scores say of a sampler: `copies`, `memorises`, both, or nothing."""
    found = [("copies", scores.get("copying", 0.0) > COPIES), ("memorises", scores.get("memorising", 0.0) > MEMORISES)]
    return ", ".join(word for word, true in found if true)


def tables(found: Found, steps: int, seeds: int, date: str) -> str:
    """The tables of the page, one for each problem."""
    parts = [
        f"Test split, {seeds} seeds, mean ± standard deviation. Those that learn have {steps:,} steps of 50. "
        f"{date}, `python -m benchmarks.cheaters`."
    ]
    for name, rows in found.items():
        head = ["", "entropy × coverage", *SCORES[1:], f"entropy × coverage, {PAPER}", "flagged"]
        lines = [head, ["---"] * len(head)]
        for sampler in SAMPLERS:
            if sampler.code in rows:
                means = {score: mean(values) for score, values in by_score(rows[sampler.code]).items()}
                cells = [text(by_score(rows[sampler.code]).get(score)) for score in (*SCORES, PAPER)]
                title = f"**{sampler.title}**" if sampler.honest else sampler.title
                lines.append([title, *cells, flags(means) or "–"])
        parts.append(f"**{name}** (bold: honest)\n\n{table(lines)}")
    return "\n\n".join(parts)


def by_score(rows: Sequence[Scores]) -> dict[str, list[float]]:
    """The values of each score with all seeds. Scores that are absent with one seed are left out."""
    return {score: [row[score] for row in rows] for score in rows[0] if all(score in row for row in rows)}


def text(values: Sequence[float] | None) -> str:
    if not values:
        return "–"
    deviation = f"{stdev(values) if len(values) > 1 else 0:.3f}"
    return f"{mean(values):.3f}" + ("" if deviation == "0.000" else f" ± {deviation}")


if __name__ == "__main__":
    main()
