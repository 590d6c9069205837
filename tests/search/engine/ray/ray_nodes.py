"""Nodes of a Ray cluster on one machine that share no folder, and as far as possible cannot read what is not theirs."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE = 120
"""Seconds that a node may take to start on a busy machine."""

WATCHING = """
import os, sys
forbidden, record = os.environ["FORBIDDEN"], os.environ["OPENED"]
def watch(event, args):
    for one in args:
        if isinstance(one, (str, bytes)) and os.fsdecode(one).startswith(forbidden):
            file = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(file, f"{event} {args}\\n".encode())
            os.close(file)
            raise PermissionError(f"a worker must not touch {one}")
sys.addaudithook(watch)
"""
"""Begins every Python of a node: what opens, lists, makes or renames something in a folder fails and is recorded."""

NOBODY = 65534
"""The user who owns the folder that nodes must not read, if this process may choose."""


def as_other_user():
    """Words that start a command without root's right to read files of other users; none if it has no such right."""
    if os.geteuid() == 0 and shutil.which("setpriv"):
        return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    return []


@dataclass
class RayNode:
    """A node and all its processes."""

    process: subprocess.Popen

    @property
    def family(self):
        """The process and its descendants."""
        try:
            found = psutil.Process(self.process.pid)
            return [found, *found.children(recursive=True)]
        except psutil.Error:
            return []

    def kill(self):
        """Ends all processes at once, without a chance to say so, as a machine whose power fails."""
        for process in self.family:
            try:
                process.kill()
            except psutil.Error:
                continue
        self.process.wait()


class RayNodes:
    """Starts nodes that have working, home and temporary folders of their own below `path`.

    Args:
        path: where their folders are.
        forbidden: a folder that they must not open.
    """

    def __init__(self, path: Path, forbidden: Path):
        self.path, self.forbidden = path, forbidden
        self.opened = path / "opened"
        self.nodes: list[RayNode] = []
        self.address = ""
        forbidden.mkdir()
        if as_other_user():
            os.chown(forbidden, NOBODY, NOBODY)
        forbidden.chmod(0o700)

    def start(self, cpus, program=""):
        """Starts a node and waits until it runs. The first one is the head of the cluster.

        Args:
            cpus: the CPUs that it has for workers.
            program: begins every Python of the node.
        """
        here = self.path / f"node{len(self.nodes)}"
        site = here / "site"
        site.mkdir(parents=True)
        (site / "sitecustomize.py").write_text(WATCHING + program)
        temporary = here / "t"  # Ray makes sockets below it, whose paths may have 107 bytes
        head = ["--head", "--port=0", "--include-dashboard=false"] if not self.nodes else [f"--address={self.address}"]
        settings = [f"--num-cpus={cpus}", "--object-store-memory=80000000", "--disable-usage-stats", "--block"]
        settings.append(f"--temp-dir={temporary}")
        log = here / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*as_other_user(), sys.executable, "-m", "ray.scripts.scripts", "start", *head, *settings],
                stdout=file,
                stderr=file,
                cwd=here,
                env=self.environment(here, site),
                start_new_session=True,
            )
        node = RayNode(process)
        self.nodes.append(node)
        end = time.monotonic() + PATIENCE
        while "--block" not in log.read_text():
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the node does not start: {log.read_text()}")
            time.sleep(0.1)
        if len(self.nodes) == 1:
            self.address = (temporary / "ray_current_cluster").read_text().strip()
        return node

    def environment(self, here, site):
        """The environment of a node."""
        removed = {"RAY_ADDRESS", "VALP_DRIVER", "VALP_RUNS", "XDG_CACHE_HOME"}
        kept = {name: value for name, value in os.environ.items() if name not in removed}
        folders = {"HOME": here, "TMPDIR": here, "RAY_TMPDIR": here, "FORBIDDEN": self.forbidden, "OPENED": self.opened}
        own = {name: str(value) for name, value in folders.items()}
        own |= {"PYTHONPATH": str(site), "RAY_AUTH_MODE": "disabled"}
        return kept | own

    def end(self):
        """Ends all nodes."""
        for node in reversed(self.nodes):
            node.kill()
