"""Files that would take all memory, all time or the whole stack: each ends in one sentence."""

import json
import os

import pytest

from tests.search.cli.test_cli import wrong
from tests.valp.graphs import figure_2, with_part
from valp.graph.graph import Dense

DEEP = 100_000


@pytest.mark.parametrize("start", ["[", '{"graph":', '{"graph":{"inputs":['])
def test_json_that_is_nested_too_deeply_is_not_a_graph(valp, tmp_path, start):
    (tmp_path / "deep.json").write_text(start * DEEP)
    assert "deep.json is not a valid" in wrong(valp("check", tmp_path / "deep.json"))


@pytest.mark.parametrize("units", [2**20 + 1, 10**9, 10**4000])
def test_a_graph_of_too_many_units_is_refused_with_the_network_that_has_them(valp, tmp_path, units):
    graph = with_part(figure_2(), "networks", 1, layers=(Dense(units=units),))
    (tmp_path / "wide.json").write_text(graph.model_dump_json())
    outcome = valp("check", tmp_path / "wide.json", "--json")
    assert outcome.code == 1
    (violation,) = outcome.json["violations"]
    assert (violation["code"], violation["component"]) == ("width", "n1")


@pytest.mark.parametrize("content", ["a = " + "[" * DEEP, ".".join(["a"] * 5_000) + " = 1", "a = " + "1" * 10_000])
def test_toml_that_is_nested_too_deeply_or_has_a_huge_number_is_refused(valp, tmp_path, content):
    (tmp_path / "deep.toml").write_text(content)
    message = wrong(valp("search", tmp_path / "deep.toml"))
    assert "must be TOML, but is not" in message or "must not be nested so deeply" in message


@pytest.mark.parametrize("name", ["t.toml", "t.csv"])
def test_a_named_pipe_is_refused_and_not_waited_for(valp, tmp_path, name):
    os.mkfifo(tmp_path / name)
    command = ("search", tmp_path / name) if name == "t.toml" else ("problems", "--new", tmp_path / name)
    assert "must be a file, but is a named pipe" in wrong(valp(*command))


def test_a_device_is_refused(valp, tmp_path):
    (tmp_path / "t.csv").symlink_to("/dev/zero")
    assert "must be a file, but is a named pipe, a device or a socket" in wrong(
        valp("problems", "--new", tmp_path / "t.csv")
    )


def test_a_graph_with_a_giant_number_of_networks_is_neither_checked_for_minutes_nor_drawn(valp, tmp_path):
    document = json.loads(figure_2().model_dump_json())
    network = document["networks"][1]
    document["networks"] += [{**network, "name": f"m{i}"} for i in range(3000)]
    (tmp_path / "many.json").write_text(json.dumps(document))
    assert "a picture shows at most 1,000 components, but the graph has 3,009" in wrong(
        valp("draw", tmp_path / "many.json", "-o", tmp_path / "many.svg")
    )
    (violation,) = valp("check", tmp_path / "many.json", "--json").json["violations"]
    assert (violation["code"], violation["component"], violation["found"]) == ("count", "graph", "3,009 components")
