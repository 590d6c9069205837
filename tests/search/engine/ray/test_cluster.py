"""A search on a Ray cluster whose nodes share no folder with the driver, one of which is lost on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.search.engine.ray.ray_nodes import RayNodes
from valp.search.run.folder import read_result
from valp.search.run.run import open_run

pytestmark = pytest.mark.slow

PATIENCE = 600
"""Seconds that the search may take on a busy machine."""

NOTICED = 60
"""Seconds after which the loss of a node must be noticed. Ray takes some; see `valp.search.engine.ray`."""

PROBLEM = """
title = "product"
[data]
table = "product.csv"
[inputs.numbers]
type = "numeric"
columns = ["a", "b"]
[outputs.y]
type = "numeric"
column = "y"
"""


OTHER_VERSION = """
import importlib.metadata
true = importlib.metadata.version
importlib.metadata.version = lambda name: "0.0.1" if name == "valp" else true(name)
"""
"""Begins every Python of a node that has another version of this package."""


def driven(nodes, *pids):
    """The process of a driver that has ended."""
    root, kept = Path(__file__).parents[4], {n: v for n, v in os.environ.items() if not n.startswith("RAY_")}
    return subprocess.run(
        [sys.executable, "-m", "tests.search.engine.ray.cluster_driver", nodes.forbidden / "product.toml",
         nodes.forbidden / "runs", nodes.address, *map(str, pids)],
        cwd=root, env=kept | {"RAY_AUTH_MODE": "disabled"}, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """A head without CPUs for workers, a small node and a larger one; and the driver's folder, with a problem."""
    nodes = RayNodes(tmp_path_factory.mktemp("c"), tmp_path_factory.mktemp("driver") / "private")
    rows = np.random.default_rng(0).normal(size=(200, 2))
    table = "\n".join(["a,b,y", *(f"{a},{b},{a * b}" for a, b in rows)])
    (nodes.forbidden / "product.csv").write_text(table)
    (nodes.forbidden / "product.toml").write_text(PROBLEM)
    try:
        for cpus in (0, 1, 2):
            nodes.start(cpus)
        yield nodes
    finally:
        nodes.end()


@pytest.fixture(scope="module")
def searched(nodes):
    """What the driver saw. It killed the larger node on the way."""
    ended = driven(nodes, nodes.nodes[2].process.pid)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def counts(seen, name):
    """How often each candidate had an event."""
    return Counter(candidate for event, candidate, *_ in seen["events"] if event == name)


def test_the_search_is_complete_and_no_candidate_is_lost_or_twice(searched, nodes):
    assert counts(searched["joined"], "candidate_ended") == Counter(range(12))
    assert counts(searched["connected"], "candidate_ended") == Counter((12, 13))
    entries = open_run(nodes.forbidden / "runs", "c").ledger.entries()
    assert [(entry.number, entry.state) for entry in entries] == [(number, "complete") for number in range(14)]
    assert any(entry.parents for entry in entries)
    for entry in entries:
        files = {file.name for file in (nodes.forbidden / "runs" / "c" / "candidates" / str(entry.number)).iterdir()}
        assert files >= {"candidate.json", "scores.json", "curves.csv", "weights.safetensors", "trial.json"}


def test_what_the_lost_node_was_training_is_trained_again(searched):
    lost = counts(searched["joined"], "worker_lost")
    assert lost
    assert counts(searched["joined"], "retry") == lost


def test_the_time_lost_is_that_of_the_trainings_on_the_lost_node_and_some_seconds(searched, record_property):
    (killed,), begun, noticed, wasted = searched["joined"]["killed"], {}, [], []
    for name, candidate, _, at in searched["joined"]["events"]:
        if name == "candidate_started":
            begun[candidate] = at
        elif name == "worker_lost":
            noticed.append(at - killed)
            wasted.append(max(0.0, killed - begun[candidate]))
    assert noticed
    assert max(noticed) < NOTICED
    told = f"noticed after {max(noticed):.1f} s; {len(wasted)} trainings begun anew, {sum(wasted):.1f} s old together"
    record_property("time lost", told)
    print(told)


def test_there_is_a_worker_for_each_cpu_of_the_nodes(searched, nodes):
    for which, cpus in (("joined", 3), ("connected", 1)):
        assert [workers for name, _, workers, _ in searched[which]["events"] if name == "search_began"] == [cpus]
    where = f"c: starting 3 workers on the Ray cluster at {nodes.address} (2 nodes)"
    assert where in searched["joined"]["lines"]
    assert "c: starting 1 worker on the Ray cluster of this program (1 node)" in searched["connected"]["lines"]


def test_no_worker_opens_anything_in_the_folder_of_the_driver(searched, nodes):
    assert searched["refused"] == "PermissionError"  # of the driver's own task, so the nodes do watch
    (opened,) = nodes.opened.read_text().splitlines()
    assert opened.startswith(f"open ('{nodes.forbidden / 'product.toml'}'")


def test_the_driver_leaves_the_cluster_and_the_cluster_goes_on(searched, nodes):
    assert searched["left"]
    assert searched["stayed"]
    assert all(node.process.poll() is None for node in (nodes.nodes[0], nodes.nodes[1]))


def ended_in(log):
    """The candidates that a driver has trained, from its log of events."""
    events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [event["candidate"] for event in events if event["event"] == "candidate_ended" and not event["recovered"]]


def test_a_second_driver_joins_with_a_folder_of_its_own_and_leaves(searched, nodes, database):
    """They share a database and a store, which no worker can open."""
    nodes.start(2)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    drivers, logs, count = [], [nodes.forbidden / f"log-{place}" for place in (0, 1)], 16

    def start(place):
        words = ["--runs", nodes.forbidden / f"runs-{place}", "--log-json", logs[place], "--address", nodes.address]
        words += ["--storage", database, "--files", f"file://{nodes.forbidden}/store", "--name", "two", "--workers", 1]
        words += ["--candidates", count, "--steps", 600, "--strategy", "evolution", "--executor", "torch"]
        command = [Path(sys.executable).with_name("valp"), "search", nodes.forbidden / "product.toml", *words]
        with (nodes.forbidden / f"said-{place}").open("w") as said:
            drivers.append(
                subprocess.Popen(
                    [*map(str, command)], stdout=said, stderr=said, env=kept | {"RAY_AUTH_MODE": "disabled"}
                )
            )

    def wait_for(condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            assert all(one.poll() is None for one in drivers), (nodes.forbidden / "said-1").read_text()
            time.sleep(0.1)

    try:
        start(0)
        wait_for(lambda: len(ended_in(logs[0])) >= 1)
        start(1)
        wait_for(lambda: len(ended_in(logs[1])) >= 2)
        drivers[1].send_signal(signal.SIGTERM)
        drivers[1].wait(PATIENCE)
        assert drivers[0].wait(PATIENCE) == 0, (nodes.forbidden / "said-0").read_text()
    finally:
        for one in drivers:
            one.kill()
    first, second = map(ended_in, logs)
    assert len(second) >= 2
    assert sorted(first + second) == list(range(count))
    run = open_run(nodes.forbidden / "runs-0", "two")
    entries = run.ledger.entries()
    assert [(entry.number, entry.state) for entry in entries] == [(number, "complete") for number in range(count)]
    assert all(read_result(run.folder.candidate(entry.number)) is not None for entry in entries)
    assert {entry.number for entry in entries if entry.parents}
    assert len(nodes.opened.read_text().splitlines()) == 1  # by no worker of this search


def test_a_node_with_another_version_of_the_package_is_named(searched, nodes):
    nodes.start(1, OTHER_VERSION)
    ended = driven(nodes)
    assert ended.returncode == 1
    assert "has valp 0.0.1, but this machine has" in ended.stderr.splitlines()[-1]
    assert "install the same versions in its Python, " in ended.stderr.splitlines()[-1]
