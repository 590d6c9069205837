"""Damaged inputs: a few of the campaign of `benchmarks.fuzz`, and that it finds what it looks for."""

import sys
import time

import numpy as np
import pytest

from benchmarks import fuzz, fuzz_process
from benchmarks.fuzz import Input, table
from benchmarks.fuzz_inputs import KINDS
from benchmarks.fuzz_process import Ended, call
from valp.errors import DataError


def fine(**changed):
    return Ended(**{"code": 1, "cpu": 0.1, "seconds": 0.2, "memory": 10**6, "err": "valp: no such run\n"} | changed)


@pytest.mark.heavy
def test_every_kind_of_damaged_input_ends_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("VALP_RUNS", str(tmp_path / "runs"))  # the campaign unsets it
    rows = fuzz.fuzz(range(80), 1, list(KINDS), workers=2, keep=tmp_path)
    assert sum(row.codes.total() for row in rows.values()) == 80
    assert not any(row.faults for row in rows.values()), table(rows)
    assert all(row.codes[1] for kind, row in rows.items() if row.codes.total() > 5), table(rows)


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({}, []),
        ({"code": 0, "err": ""}, []),
        ({"code": 2}, []),
        ({"err": "Traceback (most recent call last):\n  x\nKeyError: 'x'\n"}, ["traceback", "mute"]),
        ({"code": -11}, ["traceback"]),
        ({"code": 134}, ["traceback"]),
        ({"cpu": 5.1}, ["hang"]),
        ({"code": -9, "seconds": 60.0}, ["hang"]),
        ({"memory": 2 * 10**9}, ["memory"]),
        ({"err": ""}, ["mute"]),
        ({"err": "graph.json: n1: each network is trained by a loss with β > 0; found none [reached]\n"}, []),
        ({"err": "valp: no such run\nsomething else\n"}, ["mute"]),
        ({"err": "valp: the only candidate of run 'n' failed: KeyError: 'x'\n"}, ["traceback"]),
    ],
)
def test_what_must_not_happen_is_told(changed, faults):
    assert Input(0, "bundles", ["score", "m.valp"], fine(**changed)).faults == faults


def big():
    np.ones(3 * 10**7)
    raise DataError("the table is too big")


def stuck():
    time.sleep(60)


def broken():
    raise KeyError("x")


@pytest.mark.parametrize(("does", "faults"), [(big, []), (broken, ["traceback", "mute"]), (stuck, ["hang"])])
def test_a_process_is_measured(does, faults, monkeypatch, tmp_path):
    def main():
        try:
            does()
        except DataError as error:
            print(f"valp: {error}", file=sys.stderr)
            sys.exit(1)

    monkeypatch.setattr(fuzz_process, "main", main)
    (tmp_path / "folder").mkdir()
    ended = call(["score"], tmp_path / "folder", 2 if does is stuck else 60)
    assert Input(0, "bundles", [], ended).faults == faults
    if does is big:
        assert 2.0e8 < ended.memory < 4e8
        assert (ended.code, ended.err) == (1, "valp: the table is too big\n")


def test_an_input_is_the_same_for_its_seed_and_number(monkeypatch, tmp_path):
    right = tmp_path / "right"
    right.mkdir()
    for name in ("flowers.toml", "pictures.toml"):
        (right / name).write_text('title = "Flowers"\n[data]\ntable = "flowers.csv"\n')
    kinds = ["problems (TOML)"]

    def made(number):
        fuzz.prepared(number, 0, kinds, right, tmp_path / "made")
        return [path.read_bytes() for path in sorted((tmp_path / "made").iterdir())]

    drawn = [made(number) for number in range(30)]
    assert drawn == [made(number) for number in range(30)]
    assert len({tuple(files) for files in drawn}) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_share(kind):
    prepare, share = KINDS[kind]
    assert share > 0
    assert prepare.__doc__
