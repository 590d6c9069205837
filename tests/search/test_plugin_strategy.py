"""A strategy and a problem of another package at the command line: the package of docs/extending.md."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.valp.test_plugins import install, run
from valp.errors import SettingError
from valp.search.strategies import STRATEGIES
from valp.spaces.builtin.logic import logic
from valp.spaces.builtin.problems import PROBLEMS, NamedProblem
from valp.spaces.own.load_problem import load_problem

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text()
MODULES = dict(re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', PAGE, re.DOTALL | re.MULTILINE))
(PROJECT,) = re.findall(r"^```toml.*?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
ENTRY_POINTS = tomllib.loads(PROJECT)["project"]["entry-points"]

MAIN = "from valp.search.cli import main; main()"
KILLED = """
import os
import signal
import sys
import climb

propose, number = climb.Climb.propose, int(sys.argv.pop())

def killed(self, question, ledger, trial):
    if trial.number == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return propose(self, question, ledger, trial)

climb.Climb.propose = killed
"""
COMMAND = "search springs --name s --strategy climb --steps 40 --workers 0 --executor torch"
SEARCH = COMMAND.split()
pytestmark = pytest.mark.heavy  # searches in separate processes

WHOLE = [*SEARCH, "--candidates", "4"]


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    return install(tmp_path_factory.mktemp("waves") / "site", MODULES, ENTRY_POINTS)


def called(waves, runs, *words, program=MAIN, then=()):
    return run(program, waves, *words, "--runs", runs, *then)


def candidates(runs):
    """The documents of a run's candidates, by number."""
    files = (runs / "s" / "candidates").glob("*/candidate.json")
    return {int(file.parent.name): file.read_text() for file in files}


@pytest.fixture(scope="module")
def whole(waves, tmp_path_factory):
    """The runs folder of a search that was not interrupted."""
    runs = tmp_path_factory.mktemp("whole")
    done = called(waves, runs, *WHOLE)
    assert done.returncode == 0, done.stderr
    return runs


def test_the_strategy_proposes_four_different_candidates(whole):
    found = candidates(whole)
    assert found.keys() == set(range(4))
    assert len(set(found.values())) == 4


def test_a_search_killed_in_a_proposal_resumes_with_the_same_proposals(waves, whole, tmp_path):
    done = called(waves, tmp_path, *WHOLE, program=KILLED + MAIN, then=["2"])
    assert done.returncode == -9, done.stderr
    assert candidates(tmp_path).keys() == {0, 1}
    done = called(waves, tmp_path, *WHOLE)
    assert done.returncode == 0, done.stderr
    assert candidates(tmp_path) == candidates(whole)


def test_a_stopped_search_resumes_without_naming_the_strategy_again(waves, whole, tmp_path):
    done = called(waves, tmp_path, *SEARCH, "--candidates", "2")
    assert done.returncode == 0, done.stderr
    words = [word for word in WHOLE if word not in ("--strategy", "climb")]
    done = called(waves, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert candidates(tmp_path) == candidates(whole)


def test_without_its_package_a_run_is_listed_and_not_resumed(whole, tmp_path):
    done = run(MAIN, tmp_path, "list", "--runs", whole, "--json")
    assert [(row["problem"], row["strategy"]) for row in json.loads(done.stdout)] == [("springs", "climb")]
    done = run(MAIN, tmp_path, *WHOLE, "--runs", whole)
    assert done.returncode == 1
    assert done.stderr.startswith("valp: problem must be one of digits, "), done.stderr
    assert done.stderr.count("\n") == 1


def test_a_problem_of_another_package_is_listed_by_name_and_title(waves):
    done = run(MAIN, waves, "problems", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert rows[-1] == {"name": "springs", "title": "a weight on a spring: position and direction"}
    assert rows[0]["name"] == "digits"


WRONG = {
    "another name": ("lambda title, progress: logic(title)", "the problem 'logic'"),
    "no problem": ("lambda title, progress: 1", "a int"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_loader_that_does_not_return_the_named_problem_is_refused(wrong):
    load, found = WRONG[wrong]
    row = NamedProblem("other", "another", eval(load, {"logic": logic}))
    said = f"the loader of problem 'other' must return the problem 'other', but returns {found}"
    with PROBLEMS.adding(row), pytest.raises(SettingError, match=f"^{said}$"):
        load_problem("other")


def test_a_row_can_be_added_for_the_length_of_a_block():
    random, before = STRATEGIES["random"], list(STRATEGIES)
    other = type("Other", (type(random),), {"code": "other", "title": "another"})()
    with STRATEGIES.adding(other):
        assert list(STRATEGIES) == [*before, "other"]
        assert STRATEGIES["other"] is other
        same = type("Other", (type(random),), {"code": "random", "title": "another"})()
        with STRATEGIES.adding(same):
            assert STRATEGIES["random"] is same
    assert list(STRATEGIES) == before
    assert STRATEGIES["random"] is random
