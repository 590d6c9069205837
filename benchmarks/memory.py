"""An hour of short candidates: does the memory of the driver, the workers and Ray grow?

    python -m benchmarks.memory [--minutes 60] [--steps 20] [--workers 2] [--every 10] [-o docs/memory]

`valp search digits` trains each candidate for a few steps, so that as many as possible begin and end. What a process
has for itself (USS) is measured again and again: the driver, its workers, and all others together (Ray, the reaper).
The figures go to a JSON file and a picture. Growth is the slope of a line through the second half, in MB for 1,000
candidates.
"""

import argparse
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from matplotlib.figure import Figure

from benchmarks.kills import IS, PROGRAM
from benchmarks.paper_figures import save
from valp.files import write_text

DOCS = Path(__file__).parents[1] / "docs"
NAME = "memory"
OTHERS = "others: Ray, reaper"
KINDS = {"driver": "#0072B2", "workers": "#D55E00", OTHERS: "#009E73"}
"""The kinds of processes, and their colours."""


@dataclass
class Measured:
    """What was seen.

    Attributes:
        minutes: the minutes since the search began, of each measurement.
        candidates: how many candidates had begun by then.
        megabytes: the memory of each kind of process, all processes of the kind together.
    """

    minutes: list[float] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    megabytes: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def growth(self, kind: str) -> float:
        """MB for 1,000 candidates in the second half."""
        half = len(self.minutes) // 2
        return float(np.polyfit(self.candidates[half:], self.megabytes[kind][half:], 1)[0] * 1000)

    def near(self, kind: str, minute: float) -> float:
        """MB around a minute: the median of what was measured within 2 minutes of it."""
        times = np.asarray(self.minutes)
        return float(np.median(np.asarray(self.megabytes[kind])[abs(times - minute) <= 2]))


def kind_of(process: psutil.Process, driver: int) -> str:
    """Which of the kinds a process of the search is."""
    if process.pid == driver:
        return "driver"
    return "workers" if IS["worker"](" ".join(process.cmdline())) else OTHERS


def memory(driver: int) -> dict[str, float]:
    """MB of each kind of process. A process that ends meanwhile is left out."""
    found = dict.fromkeys(KINDS, 0.0)
    for process in [psutil.Process(driver), *psutil.Process(driver).children(recursive=True)]:
        try:
            found[kind_of(process, driver)] += process.memory_full_info().uss / 1e6
        except psutil.Error:
            continue
    return found


def watch(session: "subprocess.Popen[bytes]", candidates: Path, minutes: float, every: float) -> Measured:
    """Measures until the time is over.

    Raises:
        SystemExit: if the search ends before.
    """
    seen, start = Measured(), time.monotonic()
    while (passed := (time.monotonic() - start) / 60) < minutes:
        time.sleep(every)
        if session.poll() is not None:
            raise SystemExit(f"the search ended with exit code {session.returncode} after {passed:.0f} minutes")
        count = sum(1 for _ in candidates.iterdir()) if candidates.is_dir() else 0
        if not count:
            continue  # it is still starting
        seen.minutes.append(passed)
        seen.candidates.append(count)
        for kind, megabytes in memory(session.pid).items():
            seen.megabytes[kind].append(megabytes)
    return seen


def draw(seen: Measured, path: Path) -> None:
    """The memory over the candidates."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    panel = figure.subplots()
    for kind, colour in KINDS.items():
        panel.plot(seen.candidates, seen.megabytes[kind], color=colour, label=kind)
    panel.set(xlabel="candidates", ylabel="MB", ylim=(0, None))
    panel.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside lower center", ncols=len(KINDS))
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, default=20, help="steps of a training")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=10, help="seconds between two measurements")
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "memory", help="path of the files without ending")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs:
        words = ["search", "digits", "--name", NAME, "--runs", runs, "--baselines", "none", "--candidates", "1000000"]
        words += ["--steps", str(asked.steps), "--workers", str(asked.workers), "--seed", "0"]
        session = subprocess.Popen([*PROGRAM, *words], stdout=subprocess.DEVNULL)
        try:
            seen = watch(session, Path(runs) / NAME / "candidates", asked.minutes, asked.every)
        finally:
            if session.poll() is None:
                session.send_signal(signal.SIGTERM)
                session.wait()
    figures: dict[str, Sequence[float]] = {"minutes": seen.minutes, "candidates": seen.candidates, **seen.megabytes}
    rounded = {name: [round(value, 2) for value in values] for name, values in figures.items()}
    write_text(asked.base.with_suffix(".json"), json.dumps(rounded) + "\n")
    draw(seen, asked.base.with_suffix(".png"))
    print(f"{seen.candidates[-1]:,} candidates in {seen.minutes[-1]:.0f} minutes")
    early, late = asked.minutes / 6, seen.minutes[-1] - 2
    for kind in KINDS:
        print(
            f"{kind}: {seen.near(kind, early):.0f} MB after {early:.0f} minutes, {seen.near(kind, late):.0f} MB at the "
            f"end, {seen.growth(kind):+.2f} MB for 1,000 candidates in the second half"
        )


if __name__ == "__main__":
    main()
