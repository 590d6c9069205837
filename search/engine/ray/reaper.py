"""Ends the processes that a killed driver leaves behind.

A driver that dies of SIGKILL cannot stop its Ray processes. So every driver starts a reaper process. The reaper keeps a
list of the processes that the driver starts, and waits until the driver is gone. Then it ends the listed processes that
are still alive, and those with the run's mark in their environment. It needs both the list and the mark: some of Ray's
processes overwrite their environment with their title, and others may start just before the driver dies.
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
"""Seconds between two updates of the list of processes."""

DYING = 2.0
"""Seconds to wait for the process of a dead driver to disappear."""

ROUNDS = 5
"""How often the remaining processes are killed; several times, because they may be starting others."""


@contextmanager
def reaping() -> Iterator[None]:
    """Marks this process and its descendants. If this process dies within the block, the descendants are ended."""
    mark = uuid.uuid4().hex
    os.environ[MARK] = mark
    reaper = subprocess.Popen(
        [sys.executable, "-m", "valp.search.engine.ray.reaper", str(os.getpid()), mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that Ctrl-C at the terminal only reaches the driver
    )
    try:
        yield
    finally:
        del os.environ[MARK]
        if reaper.stdin is not None:
            reaper.stdin.close()


def marked(mark: str) -> set[psutil.Process]:
    """The processes with the mark in their environment. The driver is not among them: it was started without it."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # the process is gone, or belongs to another user
            if process.environ().get(MARK) == mark:
                found.add(process)
    return found


def living(processes: set[psutil.Process]) -> set[psutil.Process]:
    """These processes and all their descendants, without the dead ones and without this process."""
    found = set(processes)
    for process in processes:
        with suppress(psutil.Error):
            found |= set(process.children(recursive=True))
    return {process for process in found if process.pid != os.getpid() and is_alive(process)}


def is_alive(process: psutil.Process) -> bool:
    """Whether a process is still running."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def main(pid: int, mark: str) -> None:
    """Waits until the driver leaves its block or dies. If it dies, ends the processes that it has started."""
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
    """Whether a driver that has closed its pipe is dying: when a process dies, its files close before it is gone."""
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
