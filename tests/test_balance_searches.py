"""The comparison of balancing methods in searches, on a table with a few steps."""

import json
from functools import partial

import pytest

from benchmarks import balance_searches
from benchmarks.balance_searches import SHARES
from benchmarks.balance_searches_page import HEADING

SMALL = ("--problems=breast-cancer", "--methods", "fixed", "min-norm", "--trainings=2", "--steps=10", "--workers=0")


@pytest.mark.heavy
def test_finished_searches_are_not_run_again_and_the_discussion_is_kept(tmp_path, monkeypatch):
    docs, run = tmp_path / "docs", []
    searched = balance_searches.searched

    def counted(setup, contender, seed, **words):
        run.append((contender.balance, seed))
        return searched(setup, contender, seed, **words)

    monkeypatch.setattr(balance_searches, "searched", counted)
    ask = partial(balance_searches.main, [*SMALL, "--seeds=1", "--runs", str(tmp_path / "runs"), "--docs", str(docs)])
    ask()
    assert run == [(("fixed",), 300), (("min-norm",), 300), (("fixed", "min-norm"), 300)]
    figures = json.loads((docs / "balance-searches.json").read_text())
    searches = figures["breast-cancer-default-10x50"]["searches"]
    assert len(searches) == 3
    assert all(one["ended"][-1]["seen"] <= one["budget"] == 1000 for one in searches.values())
    (methods,) = figures[SHARES].values()
    assert methods.keys() <= {"fixed", "min-norm"}
    assert sum(methods.values()) >= 1
    path = docs / "balance-searches.md"
    lines = path.read_text().splitlines()
    assert sum(line.startswith("| `min-norm` | 1 |") for line in lines) == 1
    assert sum(line.startswith("| the method is searched |") for line in lines) == 2
    path.write_text(path.read_text() + f"\n{HEADING}\n\nNothing.\n")
    ask()
    assert len(run) == 3
    assert path.read_text().endswith(f"{HEADING}\n\nNothing.\n")
    assert path.read_text().splitlines()[: len(lines)] == lines
