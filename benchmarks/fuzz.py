"""Damaged inputs: does every command end in one sentence, soon, and without much memory?

    python -m benchmarks.fuzz [--inputs 5000] [--seed 0] [--kinds bundles …] [--workers 2] [--keep FOLDER]

Each input damages one thing in a folder in which everything is right: a command line, a graph, a problem, a table, a
picture, a bundle, a trace, or a file of a run, the ledger included. Then a command reads it, in a process of its own
that has everything imported already. An input has failed if the command shows an error of Python or ends by a signal,
has exit code 1 and no last line `valp: …`, takes more than 5 seconds of CPU time, or needs more than 1 GB of memory in
addition to that of the libraries. Input N of a seed and of the same --kinds is drawn in the same way, but files of runs
contain times, so they differ from campaign to campaign. --keep copies the folder of each input that has failed, with
its command.
"""

import argparse
import os
import random
import shlex
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from benchmarks.ends_with_command import end_with_command
from benchmarks.fuzz_inputs import KINDS, write_right
from benchmarks.fuzz_process import Ended, call

CPU = 5.0
"""Seconds of CPU time that a command may take."""
WALL = 60.0
"""Seconds after which a command is ended: it waits for something."""
MEMORY = 10**9
"""Bytes that a command may need."""


@dataclass(frozen=True)
class Input:
    """One damaged input and what followed."""

    number: int
    kind: str
    words: list[str]
    ended: Ended

    @property
    def faults(self) -> list[str]:
        """What must not happen, and did."""
        ended = self.ended
        told = {
            "traceback": ended.traced,
            "mute": ended.mute,
            "hang": ended.cpu > CPU or ended.code == -signal.SIGKILL,
            "memory": ended.memory > MEMORY,
        }
        return [name for name, happened in told.items() if happened]


@dataclass
class Row:
    """A line of the table: inputs of one kind."""

    codes: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    largest: int = 0

    def add(self, one: Input) -> None:
        """Counts an input."""
        self.codes[one.ended.code] += 1
        self.faults.update(one.faults)
        self.slowest = max(self.slowest, one.ended.cpu)
        self.largest = max(self.largest, one.ended.memory)


def prepared(number: int, seed: int, kinds: Sequence[str], right: Path, folder: Path) -> tuple[str, list[str]]:
    """Writes the folder of an input, and returns its kind and its command."""
    rng = random.Random(f"{seed} {number}")
    kind = rng.choices(kinds, [KINDS[name][1] for name in kinds])[0]
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(right, folder)
    return kind, KINDS[kind][0](folder, rng)


def one_input(number: int, seed: int, kinds: Sequence[str], right: Path, keep: Path | None) -> Input:
    """Prepares an input and runs its command, in a folder of this process."""
    place = right.parent / f"of-{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    folder = place / "nothing" / "below"  # `../../x` is still in `place`
    kind, words = prepared(number, seed, kinds, right, folder)
    told = Input(number, kind, words, call(words, folder, WALL))
    if told.faults and keep is not None:
        kept = keep / str(number)
        prepared(number, seed, kinds, right, kept)
        (kept / "command.txt").write_text(f"valp {shlex.join(words)}\n", errors="surrogateescape")
        (kept / "stderr.txt").write_text(told.ended.err)
    return told


def fuzz(
    numbers: Sequence[int], seed: int, kinds: Sequence[str], workers: int, keep: Path | None = None
) -> dict[str, Row]:
    """Runs inputs, and prints those that have failed.

    The commands look for runs in their working folder: VALP_RUNS is unset.
    """
    os.environ.pop("VALP_RUNS", None)
    rows = {kind: Row() for kind in kinds}
    with tempfile.TemporaryDirectory() as temporary:
        right, before = Path(temporary) / "right", Path.cwd()
        right.mkdir()
        os.chdir(right)
        try:
            write_right(right)
        finally:
            os.chdir(before)
        with ProcessPoolExecutor(workers, get_context("fork"), end_with_command) as pool:
            jobs = [pool.submit(one_input, number, seed, kinds, right, keep) for number in numbers]
            for done, job in enumerate(jobs, start=1):
                one = job.result()
                rows[one.kind].add(one)
                if one.faults:
                    print(f"{one.number} {'+'.join(one.faults)}: valp {shlex.join(one.words)!a:.300}", flush=True)
                    print("    " + "\n    ".join(one.ended.err.splitlines()[-3:]), flush=True)
                if done % 100 == 0:
                    print(f"{done} of {len(jobs)}", file=sys.stderr, flush=True)
    return rows


def table(rows: dict[str, Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| damaged | inputs | accepted | refused | usage | traceback | no sentence | over 5 s | over 1 GB | s | MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, row in rows.items():
        counts = [row.codes.total(), row.codes[0], row.codes[1], row.codes[2]]
        counts += [row.faults[name] for name in ("traceback", "mute", "hang", "memory")]
        figures = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| {kind} | {figures} | {row.slowest:.1f} | {row.largest / 1e6:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="only these")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that have failed")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.inputs)
    rows = fuzz(numbers, options.seed, options.kinds, options.workers, options.keep)
    print(table(rows))
    if any(row.faults for row in rows.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
