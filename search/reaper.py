"""Ends what a killed driver leaves behind.

A driver that dies of SIGKILL cannot stop its Ray processes. So it starts this one beside it, which waits until the
driver is gone and then ends every process that carries the run's mark in its environment.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

MARK = "VALP_DRIVER"
ROUNDS = 5
"""Processes may still be starting others, so several rounds are made."""


@contextmanager
def reaping() -> Iterator[None]:
    """Marks this process and all that it starts, and has them ended if it dies within the block."""
    mark = uuid.uuid4().hex
    os.environ[MARK] = mark
    reaper = subprocess.Popen(
        [sys.executable, "-m", "search.reaper", mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is for the driver
    )
    try:
        yield
    finally:
        del os.environ[MARK]
        if reaper.stdin is not None:
            reaper.stdin.close()


def marked(mark: str) -> list[psutil.Process]:
    """The other processes that carry the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):  # gone, or another user's
            continue
    return found


def main(mark: str) -> None:
    """Waits for the driver's end, then ends the marked processes."""
    sys.stdin.buffer.read()
    for _ in range(ROUNDS):
        left = marked(mark)
        if not left:
            return
        for process in left:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(left, timeout=5)
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1])
