"""Runs `valp` commands in forked processes that have everything imported already, and measures each."""

import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from valp.search.cli import main

INTERNAL = re.compile(
    r"Traceback \(most recent|\b(Key|Type|Attribute|Index|Value|Runtime|Assertion|Name|Recursion|Overflow)Error\b"
)
"""What a user must never see. A part that fails in a training is not a traceback, but named by its error."""
SENTENCE = re.compile(r"(?:.*\[y/N\]: )?valp: .|.+: .+ \[[\w-]+\]$")
POLL = 0.005
"""Seconds between two looks at a process."""


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: the exit code; -9 if it was killed for its time.
        cpu: its CPU time in seconds.
        seconds: its wall time in seconds.
        memory: the largest resident memory, in bytes, above that of a process that has only imported everything.
        err: what it wrote to stderr.
    """

    code: int
    cpu: float
    seconds: float
    memory: int
    err: str

    @property
    def traced(self) -> bool:
        """Whether it shows an error of Python, or ended with a code that no command has."""
        return INTERNAL.search(self.err) is not None or self.code not in (0, 1, 2, -9)

    @property
    def mute(self) -> bool:
        """Whether it ended with an error and without the sentence that says which, or the rule that a graph breaks."""
        return self.code == 1 and SENTENCE.match((self.err.splitlines() or [""])[-1]) is None


def call(words: Sequence[str], folder: Path, wall: float) -> Ended:
    """Runs one command with `folder` as its working folder, and ends it after `wall` seconds."""
    at_start = _memory_at_start(os.getpid())
    told, start = folder.parent / f"{folder.name}.err", time.monotonic()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        _run(words, folder, told)
    code, usage = None, None
    while code is None:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
        elif time.monotonic() - start > wall:
            os.killpg(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            code = -signal.SIGKILL
        else:
            time.sleep(POLL)
    assert usage is not None
    grown = usage.ru_maxrss * 1024 - at_start
    err = told.read_text(errors="replace")
    return Ended(code, usage.ru_utime + usage.ru_stime, time.monotonic() - start, max(0, grown), err)


def _run(words: Sequence[str], folder: Path, told: Path) -> None:
    """The forked process: it never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        os.chdir(folder)
        out = os.open(os.devnull, os.O_RDWR)
        err = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # something else under pytest
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.argv = ["valp", *words]
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


@cache
def _memory_at_start(parent: int) -> int:  # noqa: ARG001 - each process has its own
    """The resident memory, in bytes, of a fork of this process that does nothing."""
    child = os.fork()
    if not child:
        os._exit(0)
    return os.wait4(child, 0)[2].ru_maxrss * 1024
