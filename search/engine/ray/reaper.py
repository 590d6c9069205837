"""Ends what a killed driver leaves behind.

A driver that dies of SIGKILL cannot stop its Ray processes. So it starts this one beside it, which remembers what
the driver starts, waits until the driver is gone, and then ends what is left: the processes it remembers, and those
that carry the run's mark in their environment. Neither suffices: some of Ray's processes overwrite their
environment with their title, and others may be started just before the driver dies.
"""

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

MARK = "VALP_DRIVER"
LOOK_EVERY = 1.0
"""Seconds between two looks at what the driver has started."""

DYING = 2.0
"""Seconds within which a driver that has died is gone."""

ROUNDS = 5
"""Processes may still be starting others, so several rounds are made."""


@contextmanager
def reaping() -> Iterator[None]:
    """Marks this process and all that it starts, and has them ended if it dies within the block."""
    mark = uuid.uuid4().hex
    os.environ[MARK] = mark
    reaper = subprocess.Popen(
        [sys.executable, "-m", "valp.search.engine.ray.reaper", str(os.getpid()), mark],
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


def marked(mark: str) -> set[psutil.Process]:
    """The processes that carry the mark; the driver itself was started without it."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # gone, or another user's
            if process.environ().get(MARK) == mark:
                found.add(process)
    return found


def living(processes: set[psutil.Process]) -> set[psutil.Process]:
    """Those of these processes, and of all they have started, that are alive; never this process."""
    found = set(processes)
    for process in processes:
        with suppress(psutil.Error):
            found |= set(process.children(recursive=True))
    return {process for process in found if process.pid != os.getpid() and is_alive(process)}


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def main(pid: int, mark: str) -> None:
    """Waits until the driver leaves its block or dies, and in the second case ends what it has started."""
    driver = psutil.Process(pid)
    ended = threading.Event()
    threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    known: set[psutil.Process] = set()
    while not ended.wait(LOOK_EVERY):
        known = living(known | marked(mark))
    if not _dies(driver):
        return
    for _ in range(ROUNDS):
        known = living(known | marked(mark))
        if not known:
            return
        for process in known:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(known, timeout=5)
        time.sleep(0.2)


def _dies(driver: psutil.Process) -> bool:
    """Whether a driver that has let go of the pipe is dead, or about to be: its files close before it is gone."""
    end = time.monotonic() + DYING
    while is_alive(driver):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _wait_for_end_of_input(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
