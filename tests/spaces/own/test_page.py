"""The page about own data holds: its table is made, its draft is written, and its files load."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from search.cli import cli
from spaces.own import load_own
from tests.spaces.own.files import columns, pictures, table_file

PAGE = (Path(__file__).parents[3] / "docs" / "own-data.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with all data that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    (python,) = blocks("python")
    exec(python, {})
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


def test_every_command_of_the_page_is_one_and_its_draft_loads(folder):
    commands = [line.removeprefix("$ valp ").split() for block in blocks("console") for line in block.splitlines()]
    for name, *words in commands:
        options = {option for parameter in cli.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options
    done = CliRunner().invoke(cli, commands[0])
    assert done.exit_code == 0, done.output
    assert "grower" in {column.name for column in load_own(folder / "draft.toml").columns.outputs}
