"""What a search costs beside training: instantaneous candidates through the real driver, ledger, folders and scheduler.

    python -m benchmarks.overhead [--candidates 1000 10000 100000] [--strategy evolution] [--halving] [--runs runs]

A candidate is compiled and not trained. Its scores are made from its graph, at once, and everything else is real: the
proposal, its record in the ledger, its folder with initial weights, the scheduler's rungs with --halving, the front.
One run grows to the largest number. After each number come the time per candidate of the last tenth before it, the
memory of this process, and the times of `valp best`, `valp status`, `valp list` and `valp report`.
"""

import argparse
import hashlib
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.kills import PROGRAM
from valp.check.keys import content_key
from valp.compile.compile import compile
from valp.search.engine.display import SilentDisplay
from valp.search.engine.local import train_locally
from valp.search.engine.search_events import Event
from valp.search.facade.launch import launch
from valp.search.run.folder import weights_file
from valp.search.run.outcome import Outcome
from valp.search.run.result import Result
from valp.spaces.builtin.digits import digits
from valp.spaces.candidate import Candidate
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.train.stopwatch import Stopwatch

UNITS = (4, 16)
"""The widths of the networks: with those of the default space, the weights of the candidates would fill the disk."""
COMMANDS = ("best", "status", "list", "report")


class Instantaneous:
    """In place of `valp.search.engine.evaluate.Evaluation`: scores that depend on the graph, and no training."""

    def __init__(self, candidate: Candidate, *_: Any) -> None:
        self._candidate = candidate
        seed = int.from_bytes(hashlib.sha256(candidate.graph.model_dump_json().encode()).digest()[:8])
        self._drawn = np.random.default_rng(seed).random(3)

    def advance(self, to: int, watch: Stopwatch) -> Outcome:  # noqa: ARG002
        """Scores at once."""
        training = self._candidate.training
        accuracy, mse, image = self._drawn
        scores = {"accuracy": accuracy, "mse": mse, "entropy_coverage": image, "parameters": 1000.0}
        result = Result(
            scores={name: float(value) for name, value in scores.items()},
            parameters=1000,
            key=content_key(self._candidate.graph),
            samples_seen=to * training.batch,
            seconds=(0.0, 0.0),
            complete=to == training.steps,
        )
        return Outcome(result, None, weights_file(compile(self._candidate.graph, seed=0).state_dict()))


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--strategy", default="evolution")
    parser.add_argument("--halving", action="store_true")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    asked = parser.parse_args(arguments)
    SPACES["default"] = replace(DEFAULT, units=UNITS)
    setattr(train_locally, "Evaluation", Instantaneous)  # noqa: B010 - for the type checker
    name = f"overhead-{asked.strategy}{'-halving' if asked.halving else ''}"
    print("| candidates | ms each, last tenth | MB | " + " | ".join(f"{word}, s" for word in COMMANDS) + " |")
    print("|---|---|---|" + "---|" * len(COMMANDS))
    for count in sorted(asked.candidates):
        ends: list[float] = []

        def hear(event: Event, ends: list[float] = ends) -> None:
            if event.name == "candidate_ended":
                ends.append(time.perf_counter())

        launch(
            digits(), name=name, runs=asked.runs, candidates=count, steps=100, workers=0, strategy=asked.strategy,
            halving=asked.halving, baselines="none", display=SilentDisplay(), listeners=[hear],
        )  # fmt: skip
        last = ends[-max(2, count // 10) :]
        if len(last) < 2:
            raise SystemExit(f"{asked.runs / name} has {count} candidates already")
        each = (last[-1] - last[0]) / (len(last) - 1) * 1e3
        memory = psutil.Process().memory_info().rss / 1e6
        told = " | ".join(f"{seconds(word, name, asked.runs):.1f}" for word in COMMANDS)
        print(f"| {count:,} | {each:.1f} | {memory:.0f} | {told} |", flush=True)


def seconds(word: str, name: str, runs: Path) -> float:
    """The wall time of a command that reads the run, in a process of its own."""
    words = [*PROGRAM, word, *([] if word == "list" else [name]), "--runs", str(runs)]
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
