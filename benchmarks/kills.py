"""A search is killed again and again: is anything lost, done twice, or blamed on a candidate?

    python -m benchmarks.kills [--kills 40] [--candidates 120] [--steps 1500] [--workers 2] [--seed 0] [--runs runs]

`valp search digits` runs with two workers. At random moments, also while it starts, SIGKILL ends one of its processes:
the driver, a worker, Ray's node process or the reaper, each in turn in random order. When the search has ended, the
same command continues it. After the kill of a driver or a node process the ledger is checked by SQLite, and each
finished candidate is compared with what it was before.

Then the same search by one worker is killed as often as --kills-alone says, and its front is compared with that of the
same search undisturbed. With one worker the candidates are proposed one after the other, so the fronts must be equal.

The run's folder must not exist. The command ends with 1 if anything was lost.
"""

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil

from valp.search.run.folder import CANDIDATE, CURVES, SCORES
from valp.search.run.run import open_run

ENDED = ("candidate_ended", "candidate_failed")
PROGRAM = (sys.executable, "-c", "from valp.search.cli import main; main()")
"""The command `valp` of this environment."""
VICTIMS = ("driver", "worker", "node", "reaper")
IS: dict[str, Callable[[str], bool]] = {
    "worker": lambda line: line.startswith("ray::") and "Agent" not in line,
    "node": lambda line: line.split()[0].endswith("/raylet"),
    "reaper": lambda line: "valp.search.engine.ray.reaper" in line,
}
"""How the processes are known by their command lines. Ray's agents belong to its node."""
SPREAD = 20.0
"""Seconds: a driver is killed within as many from its start or the last kill, other processes within half of them, and
not before there are such processes. A search needs about ten seconds until its workers train."""
GONE = 30.0
"""Seconds that Ray may take to notice that its node process is gone, and processes to end."""


@dataclass
class Seen:
    """What was observed.

    Attributes:
        kills: how many processes of each sort were killed.
        starts: how often the command was started.
        unclean: what SQLite said about a ledger, where it was not "ok".
        changed: candidates that were finished and of which a file was changed or lost later.
        left: processes of a driver that were still there after a while, although its reaper was alive.
        hung: drivers that did not end after their node process was killed.
        alone: sessions that ended with an error by themselves, and what they said last.
    """

    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    unclean: list[str] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    left: int = 0
    hung: int = 0
    alone: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Search:
    """A search that can be started again and again."""

    runs: Path
    name: str
    candidates: int
    steps: int
    workers: int
    seed: int

    @property
    def log(self) -> Path:
        """Its events, over all sessions."""
        return self.runs / f"{self.name}.jsonl"

    def start(self) -> subprocess.Popen[bytes]:
        """A new session of it, whose stderr is appended to a file."""
        words = ["search", "digits", "--name", self.name, "--runs", str(self.runs), "--log-json", str(self.log)]
        words += ["--baselines", "quick"]
        numbers = {"candidates": self.candidates, "steps": self.steps, "workers": self.workers, "seed": self.seed}
        words += [word for name, number in numbers.items() for word in (f"--{name}", str(number))]
        with self.log.with_suffix(".err").open("ab") as err:
            return subprocess.Popen([*PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=err, start_new_session=True)

    def told(self) -> list[dict[str, Any]]:
        """The events of all sessions. A line that a kill has cut is left out."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def finished(self) -> dict[int, str]:
        """The candidates that the ledger has, with a digest of what has been measured of each.

        Nothing is written, so what a kill has left half written stays so. Weights are not in the digest: those that no
        longer can be needed are deleted. Neither is the time of the record, which is made again after some kills.
        """
        found = {}
        for entry in open_run(self.runs, self.name, read_only=True).ledger.entries():
            if entry.result is not None:
                folder = self.runs / self.name / "candidates" / str(entry.number)
                content = b"".join(
                    file.read_bytes() for name in (SCORES, CANDIDATE, CURVES) if (file := folder / name).is_file()
                )
                found[entry.number] = sha256(content + f"{entry.state} {entry.result}".encode()).hexdigest()
        return found

    def integrity(self) -> str:
        """What SQLite says about a copy of the ledger, as it was left; "ok" before there is one."""
        ledger = self.runs / self.name / "study.db"
        with tempfile.TemporaryDirectory() as folder:
            for file in ledger.parent.glob("study.db*"):
                shutil.copy(file, folder)
            copy = Path(folder) / "study.db"
            if not copy.exists() or not copy.stat().st_size:
                return "ok"
            with sqlite3.connect(copy) as connection:
                return "; ".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check"))


def victim(pid: int, sort: str) -> psutil.Process | None:
    """A process of the search with this driver, or None if there is none at the moment."""
    try:
        driver = psutil.Process(pid)
        children = driver.children(recursive=True)
    except psutil.Error:
        return None
    if sort == "driver":
        return driver
    found = []
    for process in children:
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if line and IS[sort](" ".join(line)):
            found.append(process)
    return random.choice(found) if found else None


def disturb(search: Search, kills: int, rng: random.Random) -> Seen:
    """Runs a search to its end, with this many kills at random moments."""
    seen, before = Seen(), dict[int, str]()
    order = [sort for _ in range(kills) for sort in rng.sample(VICTIMS, len(VICTIMS))][:kills]
    session, guarded = search.start(), True
    while order:
        sort = order.pop(0)
        moment, hit = time.monotonic() + rng.uniform(0, SPREAD if sort == "driver" else SPREAD / 2), None
        while hit is None and time.monotonic() < moment + SPREAD:
            if session.poll() is not None:
                session = _again(search, seen, session)
            time.sleep(0.05)
            hit = victim(session.pid, sort) if time.monotonic() >= moment else None
        if hit is None:  # a session has one reaper
            order = [*order, sort] if set(order) - {sort} else ["driver", *order]
            continue
        family = psutil.Process(session.pid).children(recursive=True)
        hit.kill()
        seen.kills[sort] += 1
        if sort in ("driver", "node"):  # the node process ends the driver
            _outlive(session, family, seen, guarded=guarded)
            _look(search, seen, before)
            session, guarded = search.start(), True
        guarded = guarded and sort != "reaper"
        print(f"{sum(seen.kills.values())}: {sort}, {len(before)} finished", flush=True)
    while session.wait() != 0:
        session = _again(search, seen, session)
    _look(search, seen, before)
    seen.starts = len({one["session"] for one in search.told()})
    return seen


def _again(search: Search, seen: Seen, session: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Starts a search again that has ended by itself, which it must not."""
    if session.returncode == 0:
        raise SystemExit("the search was over before its last kill: give it more --candidates")
    said = search.log.with_suffix(".err").read_text(errors="replace").splitlines()
    seen.alone.append(f"exit code {session.returncode}: {said[-1] if said else ''}")
    print(seen.alone[-1], flush=True)
    if len(seen.alone) > 5:
        raise SystemExit("the search ends by itself again and again")
    return search.start()


def _outlive(session: subprocess.Popen[bytes], family: list[psutil.Process], seen: Seen, *, guarded: bool) -> None:
    """Waits until a session has ended, and counts what is left of it if its reaper was alive; then ends that too."""
    try:
        session.wait(GONE)
    except subprocess.TimeoutExpired:
        seen.hung += 1
        session.kill()
        session.wait()
    _, alive = psutil.wait_procs(family, timeout=GONE)
    if guarded:
        seen.left += len(alive)
    for process in alive:
        process.kill()


def _look(search: Search, seen: Seen, before: dict[int, str]) -> None:
    """Checks the ledger and the finished candidates of a search that does not run. `before` is brought up to date."""
    if (told := search.integrity()) != "ok":
        seen.unclean.append(told)
    if not (search.runs / search.name / "study.db").exists():
        return
    now = search.finished()
    logged = {one["candidate"] for one in search.told() if one["event"] in ENDED}
    seen.changed |= {number for number, digest in before.items() if now.get(number) != digest} | (logged - now.keys())
    before.update(now)


def faults(search: Search, seen: Seen) -> dict[str, int]:
    """What must not have happened, and how often it has."""
    entries = open_run(search.runs, search.name).ledger.entries()
    ended = Counter(one["candidate"] for one in search.told() if one["event"] in ENDED)
    return {
        "finished candidates changed or lost": len(seen.changed),
        "recorded twice": sum(count > 1 for count in ended.values()),
        "left running": sum(entry.state == "running" for entry in entries),
        "failed": sum(entry.state == "failed" for entry in entries),
        "missing or too many": abs(len(entries) - search.candidates),
        "damaged ledgers": len(seen.unclean),
        "processes left": seen.left,
        "drivers that hung": seen.hung,
        "sessions that ended by themselves": len(seen.alone),
    }


def front(search: Search) -> list[tuple[int, str]]:
    """The front: numbers and what was measured."""
    run = open_run(search.runs, search.name)
    return sorted((one.number, json.dumps(one.result.scores, sort_keys=True)) for one in run.front() if one.result)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--kills-alone", type=int, default=8, help="of the search by one worker")
    parser.add_argument("--candidates", type=int, default=120)
    parser.add_argument("--candidates-alone", type=int, default=12, help="of the search by one worker")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the search and of the kills")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    random.seed(options.seed)
    rng, began, bad = random.Random(options.seed), time.monotonic(), 0
    for path in (options.runs / name for name in ("killed", "killed-alone", "undisturbed")):
        if path.exists() or path.with_suffix(".jsonl").exists():
            parser.error(f"{path} exists already")
    options.runs.mkdir(parents=True, exist_ok=True)
    alone = {"candidates": options.candidates_alone, "steps": options.steps, "workers": 1, "seed": options.seed}
    for name, kills, settings in (
        ("killed", options.kills, alone | {"candidates": options.candidates, "workers": options.workers}),
        ("killed-alone", options.kills_alone, alone),
    ):
        search = Search(options.runs, name, **settings)
        seen = disturb(search, kills, rng)
        found = faults(search, seen)
        bad += sum(found.values())
        told = ", ".join(f"{count} {sort}" for sort, count in seen.kills.items())
        print(f"\n{name}: {sum(seen.kills.values())} kills ({told}), {seen.starts} starts")
        print("\n".join(f"  {what}: {count}" for what, count in found.items()), flush=True)
    if options.kills_alone:
        quiet = Search(options.runs, "undisturbed", **alone)
        if quiet.start().wait():
            raise SystemExit(f"the undisturbed search failed: see {quiet.log.with_suffix('.err')}")
        equal = front(quiet) == front(search)
        bad += not equal
        print(f"  front of {len(front(quiet))}: {'equal to' if equal else 'DIFFERENT from'} the undisturbed search's")
    print(f"\n{time.monotonic() - began:.0f} s")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
