"""How long do workers, problems and commands take to start?

python -m benchmarks.startup [--repetitions 3]

Each line is a new process: the medians of its CPU time (user and system, which other processes affect least) and of
its wall time. The last line is measured by a search itself, from the request for workers to a worker's first model.
The caches of Python, the native executor and the problems are already filled.
"""

import argparse
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from valp.search.engine.time_profile import STARTING, TITLES
from valp.search.facade.launch import launch
from valp.search.show.display import LineDisplay
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer

WORKER = """
import pickle, sys, time
from pathlib import Path
from valp.search.engine.ray.worker import CandidateTrainable

scorer, candidate, folder = pickle.loads(Path(sys.argv[1]).read_bytes())
worker = CandidateTrainable.__new__(CandidateTrainable)  # Tune's constructor needs a session
worker.config = {"candidate": candidate, "folder": folder, "rungs": ""}
worker.setup(worker.config, scorer, "auto", time.time())
"""
PROBLEM = "import sys; from valp.spaces.own.load_problem import load_problem; load_problem(sys.argv[1]).fingerprint"
COMMAND = "from valp.search.cli import main; main()"


def processes(folder: Path) -> dict[str, list[str]]:
    """The arguments of a Python process, by the title of the measurement."""
    problem = load_problem("digits")
    candidate = Candidate(graph=single_task(problem, problem.outputs[0].name), training=Training(steps=1))
    passed = folder / "worker.pickle"
    scorer = Scorer(problem, judges_of(problem, print))
    passed.write_bytes(pickle.dumps((scorer, candidate.model_dump_json(), str(folder / "candidate"))))
    launch(problem, name="small", runs=folder / "runs", strategy="random", candidates=8, steps=20)
    runs = ["--runs", str(folder / "runs")]
    return {
        "python": ["-c", "pass"],
        "import torch": ["-c", "import torch"],
        "import ray.tune": ["-c", "import ray.tune"],
        "import torch, ray.tune": ["-c", "import torch, ray.tune"],
        "a worker's libraries": ["-c", "import valp.search.engine.ray.worker"],
        "a worker, ready to train": ["-c", WORKER, str(passed)],
        "a worker, its first model of one step": ["-c", f"{WORKER}\nworker.step()", str(passed)],
        "digits": ["-c", PROBLEM, "digits"],
        "fashion-mnist": ["-c", PROBLEM, "fashion-mnist"],
        "valp --help": ["-c", COMMAND, "--help"],
        "valp list": ["-c", COMMAND, "list", *runs],
        "valp best": ["-c", COMMAND, "best", "small", *runs],
        "valp show": ["-c", COMMAND, "show", "small", "0", *runs],
        "valp problems": ["-c", COMMAND, "problems"],
    }


def seconds(arguments: list[str]) -> tuple[float, float]:
    """The CPU and wall time of a process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


class MessageKeeper(LineDisplay):
    """A display that keeps the messages of a search."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def starting(folder: Path) -> float:
    """The wall time of a worker's start, as the search reports it."""
    display = MessageKeeper()
    launch(load_problem("digits"), name="one", runs=folder, candidates=1, steps=1, workers=1, profile=True,
           display=display)  # fmt: skip
    title = TITLES[STARTING]
    line = next(line for line in display.lines if line.startswith(title))
    return float(line.removeprefix(title).split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    repetitions = parser.parse_args().repetitions
    with tempfile.TemporaryDirectory() as folder:
        shown = processes(Path(folder))
        for arguments in shown.values():
            seconds(arguments)
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in shown}
        for _ in range(repetitions):
            for name, arguments in shown.items():
                measured[name].append(seconds(arguments))
        print(f"{'':40} {'CPU s':>6} {'wall s':>7}")
        for name, figures in measured.items():
            cpu, wall = (statistics.median(column) for column in zip(*figures, strict=True))
            print(f"{name:40} {cpu:6.2f} {wall:7.2f}")
        walls = [starting(Path(folder, f"search-{i}")) for i in range(repetitions)]
        print(f"{'a worker in a search':40} {'':6} {statistics.median(walls):7.2f}")


if __name__ == "__main__":
    main()
