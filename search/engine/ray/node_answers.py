"""Asks each node of a Ray cluster what it has: this package and its extensions, memory, and the time."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from valp.errors import SearchError

PATIENCE = 60.0
"""Seconds within which a node must answer. It may have to start a process first."""

CLOCK_TOLERANCE = 5.0
"""Clocks that differ by fewer seconds are not worth a remark."""

PAUSE = 0.5
"""Seconds before a node that could not be asked is asked again."""

PACKAGE = "valp"


@dataclass(frozen=True)
class NodeAnswer:
    """What a node has.

    Attributes:
        machine: its name.
        cpus: the CPUs that Ray may use there.
        python: the path of its Python.
        packages: the versions of this package and of those that extend it, by name.
        memory: the bytes of its memory; None if it is not known.
        ahead: the seconds by which its clock is ahead of this machine's, at least; negative if it is behind.
        node: Ray's identifier of the node.
    """

    machine: str
    cpus: int
    python: str
    packages: dict[str, str]
    memory: int | None
    ahead: float = 0.0
    node: str = ""


def question() -> Callable[[], dict[str, Any]]:
    """The function that runs on a node. It needs nothing but Python, because the node may lack this package.

    Ray sends it by value, because it is defined inside another function.
    """

    def answer() -> dict[str, Any]:
        import importlib.metadata
        import importlib.util
        import platform
        import sys
        import time

        packages = {}
        memory = None
        if importlib.util.find_spec("valp") is not None:
            groups = [group for group in importlib.metadata.entry_points().groups if group.startswith("valp.")]
            rows = [row for group in groups for row in importlib.metadata.entry_points(group=group)]
            packages = {row.dist.name: row.dist.version for row in rows if row.dist is not None}
            packages["valp"] = importlib.metadata.version("valp")
            try:
                from valp.plan.byte_size import machine_memory

                memory = machine_memory()
            except ImportError:  # another version
                pass
        return {
            "machine": platform.node(),
            "python": sys.executable,
            "packages": packages,
            "memory": memory,
            "clock": time.time(),
        }

    return answer


def ask_nodes() -> tuple[list[NodeAnswer], list[str]]:
    """The answers of all nodes that have CPUs, and the addresses of those that do not answer in time."""
    end, left = time.monotonic() + PATIENCE, _nodes()
    answers: list[NodeAnswer] = []
    while left:
        answers += _answers(left, end)
        there = _nodes()
        left = {one: node for one, node in left.items() if one in there and all(one != told.node for told in answers)}
        if time.monotonic() > end:
            break
        if left:  # Ray may not know a node that has just joined on all machines
            time.sleep(PAUSE)
    return answers, [node["NodeManagerAddress"] for node in left.values()]


def _nodes() -> dict[str, dict[str, Any]]:
    """The living nodes that have CPUs, by identifier."""
    return {node["NodeID"]: node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1}


def _answers(nodes: dict[str, dict[str, Any]], end: float) -> list[NodeAnswer]:
    """The answers that these nodes give until `end`, a value of `time.monotonic()`."""
    task = ray.remote(num_cpus=0, max_retries=0)(question())
    sent = time.time()
    asked: dict[ray.ObjectRef, str] = {}
    answers: list[NodeAnswer] = []
    for one in nodes:
        there = NodeAffinitySchedulingStrategy(one, soft=False)
        asked[task.options(scheduling_strategy=there).remote()] = one
    waiting = list(asked)
    while waiting and time.monotonic() < end:
        ready, waiting = ray.wait(waiting, timeout=max(0.0, end - time.monotonic()))
        for each in ready:
            try:
                told = ray.get(each)
            except RayError:  # the node is gone, or not yet known everywhere
                continue
            one = asked[each]
            ahead = _ahead(told.pop("clock"), sent, time.time())
            answers.append(NodeAnswer(node=one, cpus=int(nodes[one]["Resources"]["CPU"]), ahead=ahead, **told))
    return answers


def _ahead(clock: float, sent: float, received: float) -> float:
    """The seconds by which a clock that showed `clock` between two times is ahead, at least."""
    return max(0.0, clock - received) - max(0.0, sent - clock)


def require_packages(answers: Iterable[NodeAnswer]) -> None:
    """Checks that all nodes have the same versions of this package, and of packages that extend it, as this machine.

    Raises:
        SearchError: if a node has not. The message names one node and what it lacks.
    """
    here = question()()["packages"]
    faults = [(answer, fault) for answer in answers if (fault := _difference(here, answer.packages)) is not None]
    if not faults:
        return
    answer, fault = faults[0]
    more = f" (nor do {len(faults) - 1} other nodes fit)" if len(faults) > 1 else ""
    raise SearchError(
        f"node {answer.machine} of the Ray cluster {fault}: install the same versions in its Python, "
        f"{answer.python}{more}"
    )


def _difference(here: dict[str, str], there: dict[str, str]) -> str | None:
    """What a node lacks; None if it has everything."""
    for name in sorted(here, key=lambda name: (name != PACKAGE, name)):
        if name not in there:
            return f"has no package {name}, but this machine has {name} {here[name]}"
        if there[name] != here[name]:
            return f"has {name} {there[name]}, but this machine has {here[name]}"
    return None


def different_clocks(answers: Iterable[NodeAnswer]) -> list[str]:
    """A line for each node whose clock is wrong, or that of this machine."""
    return [
        f"the clock of node {answer.machine} is {abs(answer.ahead):.0f} s {'ahead' if answer.ahead > 0 else 'behind'}, "
        "so --hours ends earlier or later there"
        for answer in answers
        if abs(answer.ahead) > CLOCK_TOLERANCE
    ]
