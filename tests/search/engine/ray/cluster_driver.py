"""The driver of a search on a cluster, in a process of its own: what it saw, as a line of JSON.

python -m tests.search.engine.ray.cluster_driver PROBLEM RUNS ADDRESS [PID ...]

After the fifth candidate, the processes of the node whose first process is PID are killed.
"""

import json
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import ray

from tests.search.engine.ray.ray_nodes import RayNode
from tests.search.listener import Listener
from valp.errors import ValpError
from valp.search.facade.launch import launch
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.spaces.own.load_problem import load_problem

KILLED_AFTER = 5


def search(problem, runs, address, pids, candidates):
    """Searches, and returns the lines and the events."""
    events, killed, display = [], [], Listener()
    nodes = [RayNode(SimpleNamespace(pid=pid, wait=lambda: None)) for pid in pids]

    def hear(event):
        events.append((event.name, event.fields.get("candidate"), event.fields.get("workers"), time.time()))
        if sum(name == "candidate_ended" for name, *_ in events) == KILLED_AFTER:
            while nodes:
                nodes.pop().kill()
                killed.append(time.time())

    launch(
        problem, name="c", runs=runs, address=address, candidates=candidates, steps=300, strategy="evolution",
        executor="torch", baselines="quick", display=display, listeners=[hear], keep="all",
    )  # fmt: skip
    return {"events": events, "killed": killed, "lines": display.lines}


@ray.remote
def opening(path):
    """The error of a worker that opens a file of the driver."""
    try:
        with open(path):
            return None
    except OSError as error:
        return type(error).__name__


def main(problem, runs, address, *pids):
    SPACES["default"] = replace(DEFAULT, units=(8, 32))  # faster
    data = load_problem(problem, lambda _: None)
    try:
        joined = search(data, runs, address, [int(pid) for pid in pids], 12)
    except ValpError as error:
        sys.exit(str(error))
    left = not ray.is_initialized()
    ray.init(address=address, log_to_driver=False)
    connected = search(data, runs, None, [], 14)
    stayed = ray.is_initialized()
    refused = ray.get(opening.remote(problem))
    seen = {"joined": joined, "connected": connected, "left": left, "stayed": stayed, "refused": refused}
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
