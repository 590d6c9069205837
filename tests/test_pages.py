"""The tutorial pages of docs/: their Python runs, in the order of the page, and their commands exist."""

import contextlib
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.valp.test_plugins import install, run
from valp.search.cli import cli

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def fences(page):
    """The blocks of a page in order: language, title, text."""
    return FENCE.findall((ROOT / "docs" / page).read_text())


def commands(text):
    """The words after `valp` of each command of a page's consoles."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    found = [line.split("#")[0] for block in blocks for line in block.splitlines()]
    return [line.split()[2:] for line in found if line.startswith("$ valp ")]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_command_of_a_page_exists_and_has_the_options_it_is_given(page):
    for name, *words in commands(page.read_text()):
        command = cli.commands.get(name)
        assert command is not None or name.startswith("-"), name
        known = {option for part in command.params for option in part.opts} if command is not None else {"--help"}
        given = {word for word in (name, *words) if word.startswith("-")}
        assert given <= known, (name, given - known)


def test_the_python_of_the_concepts_page_runs_and_makes_the_graph_of_its_picture(tmp_path, capsys):
    from valp.draw.draw import draw_svg

    ((_, _, text),) = [fence for fence in fences("concepts.md") if fence[0] == "python"]
    names = {}
    with contextlib.chdir(tmp_path):
        exec(text, names)
    assert (tmp_path / "wine.svg").is_file()
    assert "profile" in capsys.readouterr().out
    drawn, shown = draw_svg(names["graph"]), (ROOT / "docs" / "concepts-valp.svg").read_text()
    assert re.findall(r"<text.*?>(.*?)</text>", drawn) == re.findall(r"<text.*?>(.*?)</text>", shown)


def test_the_graph_of_the_balancing_page_is_trained_with_its_weights(tmp_path):
    with contextlib.chdir(tmp_path):
        for language, _, text in fences("balancing.md"):
            if language == "python":
                exec(text, {})
        search, balanced, tense, *traced, train, _ = commands((ROOT / "docs" / "balancing.md").read_text())
        locally = ("--workers", "0")
        for command in ([*search, *locally], balanced, [*tense, *locally], *traced, train):
            done = CliRunner().invoke(cli, command)
            assert done.exit_code == 0, done.output
    assert (tmp_path / "digits-balanced.valp").is_file()
    assert '"beta":3.0' in (tmp_path / "digits.json").read_text()
    assert (tmp_path / "digits.valp").is_file()
    assert all((tmp_path / name).is_file() for name in ("tension-0.npz", "digits.npz", "conflicts.png", "steps.png"))
    assert "Which networks the losses fight over" in (tmp_path / "runs/tension/report.html").read_text()


def test_the_parts_of_the_extending_page_are_found_and_searched(tmp_path):
    blocks = fences("extending.md")
    modules = {title: text for language, title, text in blocks if language == "python" and title}
    assert list(modules) == [
        "log_cosh.py",
        "median_error.py",
        "periodic.py",
        "peaks.py",
        "maximum.py",
        "mean_gradient.py",
        "springs.py",
        "climb.py",
        "test_waves.py",
    ]
    (project,) = [text for language, _, text in blocks if language == "toml"]
    folder = install(tmp_path / "site", modules, tomllib.loads(project)["project"]["entry-points"])
    program = "\n".join(text for language, title, text in blocks if language == "python" and not title)
    done = run(program, folder)
    assert done.returncode == 0, done.stderr
    *listed, climbed, words, titles = done.stdout.splitlines()
    assert words == "log cosh Periodic network ∨"
    assert titles == "a weight on a spring: position and direction, the best candidate so far, changed by one move"
    assert listed
    assert climbed.startswith("[")
    tried = run("import test_waves; test_waves.test_our_rows_keep_the_contracts()", folder)
    assert tried.returncode == 0, tried.stderr
    kinds = {path.name for path in (folder / "runs").iterdir()}
    assert kinds == {"springs", "tried"}
    drawn = "".join(path.read_text() for path in (folder / "runs" / "springs").glob("candidates/*/candidate.json"))
    assert '"periodic"' in drawn
    results = [*(folder / "runs" / "springs").glob("candidates/*/scores.json")]
    assert all('"median_error"' in path.read_text() for path in results)
    assert results
    assert '"waves"' in drawn
    assert '"method":"mean"' in drawn.replace(" ", "")
    assert '"log_cosh"' in drawn
