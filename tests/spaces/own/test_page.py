"""The page about own data holds: its table is made, its commands run, and its files load."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.spaces.own.files import columns, pictures, table_file
from valp.search.cli import cli
from valp.spaces.own import load_own

pytestmark = pytest.mark.heavy

PAGE = (Path(__file__).parents[3] / "docs" / "own-data.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with all data that the page mentions."""
    monkeypatch.chdir(tmp_path)
    exec(blocks("python")[0], {})
    values = columns()
    for name, rows in (("a", slice(20)), ("b", slice(20, 30)), ("c", slice(30, 40))):
        table_file(tmp_path / f"{name}.csv", {key: value[rows] for key, value in values.items()})
    x = np.random.default_rng(0).integers(0, 256, (30, 6, 5)).astype(np.uint8)
    depth = np.stack([x / 255, 1 - x / 255], axis=1)
    np.savez(tmp_path / "scans.npz", x=x, digit=np.arange(30) % 4, depth=depth)
    pictures(tmp_path / "pictures", mode="RGB")
    return tmp_path


@pytest.mark.parametrize("toml", blocks("toml"))
def test_every_file_of_the_page_loads(toml, folder):
    (folder / "own.toml").write_text(toml)
    problem = load_own(folder / "own.toml")
    assert len(problem.train) > len(problem.validation) > 0


def test_the_python_of_the_page_makes_a_problem_of_the_same_table(folder, capsys):
    _, program = blocks("python")
    exec(program, {})
    assert capsys.readouterr().out == "('Ada', 'Bo', 'Cy') 124\n"


def test_every_command_of_the_page_runs_one_after_the_other(folder, monkeypatch):
    """The searches and trainings are shorter than on the page, and the candidate is the knee of the shorter search."""
    monkeypatch.delenv("VALP_RUNS")
    shorter = {"24": "4", "500": "60", "4000": "60", "--seeds 3": "--seeds 2"}
    commands = [line.removeprefix("$ valp ") for block in blocks("console") for line in block.splitlines()]
    assert [command.split()[0] for command in commands] == ["problems", "search", "export", "score", "train"]
    best = "3"
    for command in commands:
        words = re.sub("|".join(shorter), lambda found: shorter[found[0]], command).split()
        if words[0] == "search":
            words += ["--workers", "0", "--json"]
        elif words[0] == "train":
            words[words.index("3")] = best
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, done.output
        if words[0] == "search":
            best = str(json.loads(done.stdout)[0]["number"])
    assert "grower" in {column.name for column in load_own(folder / "draft.toml").columns.outputs}
    assert (folder / "wine.valp").is_file()
