"""Reads what a worker of Ray that has ended wrote to stderr."""

import re
from pathlib import Path

from ray._private import worker as ray_worker

PID = re.compile(r"^\s*pid: (\d+)$", re.MULTILINE)
"""The number of the process in Ray's message about an actor that has died."""


def worker_log(message: str) -> str:
    """What a worker wrote to stderr before it ended; empty if its log is not on this machine.

    Args:
        message: Ray's message, which has the number of the process.
    """
    node, found = ray_worker._global_node, PID.search(message)
    if node is None or found is None:
        return ""
    try:
        logs = sorted(Path(node.get_logs_dir_path()).glob(f"worker-*-{found[1]}.err"))
        return "".join(path.read_text(errors="replace") for path in logs)
    except OSError:
        return ""
