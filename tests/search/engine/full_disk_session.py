"""A search that meets a full disk of 50 MB, and is continued when there is room. Run in a namespace of its own.

    python -m tests.search.engine.full_disk_session FOLDER runs|temp

Mounts a disk on FOLDER/disk, starts `valp search` with its runs or temporary files there, fills the disk when
two candidates are finished, waits for the end of the command, makes room, and starts the same command again. Prints
JSON.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import files_of

SIZE = 50 * 2**20
CANDIDATES = 14
SEARCH = ["search", "digits", "--name", "s", "--candidates", str(CANDIDATES), "--steps", "300", "--workers", "2",
          "--baselines", "none", "--keep", "all"]  # fmt: skip
PROGRAM = [sys.executable, "-c", "from valp.search.cli import main; main()"]
BEFORE_IT_IS_FULL = 2
"""Finished candidates."""


def fill(disk: Path) -> Path:
    """Takes all room that is left on a disk, by one file."""
    taken = disk / "taken"
    with taken.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return taken


def finished(runs: Path) -> list[str]:
    """The numbers of the candidates with complete folders."""
    return sorted(file.parent.name for file in (runs / "s" / "candidates").glob("[0-9]*/trial.json"))


def main(folder: Path, what: str) -> None:
    """See the module."""
    disk, elsewhere = folder / "disk", folder / "elsewhere"
    for path in (disk, elsewhere):
        path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(disk)], check=True)
    runs = (disk if what == "runs" else elsewhere) / "runs"
    environment = dict(os.environ)
    if what == "temp":
        environment["TMPDIR"] = str(disk)
    words = [*PROGRAM, *SEARCH, "--runs", str(runs)]
    errors = [folder / "first.txt", folder / "second.txt"]
    with errors[0].open("w") as err:
        first = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=err)
        while len(finished(runs)) < BEFORE_IT_IS_FULL and first.poll() is None:
            time.sleep(0.05)
        taken = fill(disk)
        while first.poll() is None:  # what the search deletes, such as weights, makes no room
            time.sleep(0.2)
            with taken.open("ab", buffering=0) as more:
                try:
                    more.write(bytes(4096))
                except OSError:
                    continue
    before = {number: files_of(runs / "s" / "candidates" / number) for number in finished(runs)}
    taken.unlink()
    with errors[1].open("w") as err:
        second = subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=err, check=False)
    changed = [number for number, files in before.items() if files_of(runs / "s" / "candidates" / number) != files]
    told = {
        "codes": [first.returncode, second.returncode],
        "errors": [path.read_text() for path in errors],
        "before": sorted(before),
        "changed": changed,
        "after": finished(runs),
        "left": sorted(path.name for path in runs.rglob("*") if path.name.startswith(".") and "tmp" in path.name),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
