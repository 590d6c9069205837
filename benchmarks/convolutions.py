"""Do convolutions help? The same random search on Fashion-MNIST, in a space of MLPs and in one with every kind.

Both spaces get the same number of candidates, steps and seeds. The candidate with the best validation accuracy is
scored on the test split. If interrupted, the benchmark resumes. A run with more candidates is reused for fewer.
"""

import argparse
import json
from pathlib import Path
from statistics import mean, stdev

from valp.search.engine.models import model_of
from valp.search.facade.launch import launch
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

BATCH = 50
SPACES = {"MLPs only": "default", "every kind": "full"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", default="fashion-mnist")
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmark-convolutions"))
    asked = parser.parse_args()
    problem = load_problem(asked.problem)
    one_thread()
    scorer = Scorer(problem, judges_of(problem))
    accuracies: dict[str, list[float]] = {name: [] for name in SPACES}
    seconds: dict[str, list[float]] = {name: [] for name in SPACES}
    for seed in range(asked.seeds):
        for name, space in SPACES.items():
            run = launch(
                problem,
                name=f"{space}-{asked.steps}-{seed}",
                runs=asked.runs,
                strategy="random",
                space=space,
                objectives=("accuracy", "entropy", "mse"),
                candidates=asked.candidates,
                steps=asked.steps,
                batch=BATCH,
                workers=asked.workers,
                seed=seed,
                keep="all",
            ).stored
            ended = [(entry, entry.result) for entry in run.ledger.entries()[: asked.candidates] if entry.result]
            done = [(entry, result) for entry, result in ended if not result.failure]
            best, scored = max(done, key=lambda one: one[1].scores["accuracy"])
            test = scorer.score(model_of(run, best).module, problem.test)["accuracy"]
            accuracies[name].append(test)
            seconds[name].append(mean(sum(result.seconds) for _, result in done))
            kinds = "".join(sorted(network.kind for network in best.candidate.graph.networks))
            shown = f"validation {scored.scores['accuracy']:.4f}, test {test:.4f}, kinds {kinds}"
            print(f"seed {seed}, {name}: best of {len(done)}: {shown}", flush=True)
    seen = asked.steps * BATCH
    print(f"{asked.problem}: {asked.candidates} candidates with {seen:,} samples seen each, {asked.seeds} seeds")
    for name in SPACES:
        spread = f" ± {stdev(accuracies[name]):.4f}" if asked.seeds > 1 else ""
        figures = f"{mean(accuracies[name]):.4f}{spread}, {mean(seconds[name]):.1f} s per candidate"
        print(f"{name:12} test accuracy of the best {figures}")
    print(json.dumps({"accuracy": accuracies, "seconds": seconds}))


if __name__ == "__main__":
    main()
