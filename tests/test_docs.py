"""The README's session and the tables of docs/ hold."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_wine

from valp.check.rules import NOTES, RULES
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES
from valp.search.cli import cli

ROOT = Path(__file__).parent.parent
VALP = Path(sys.executable).parent / "valp"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def run(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    return done.stdout


def invoke(words: list[str]) -> str:
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The README's console sessions, with the knee of the front in place of candidate 3.

    Searches are processes of their own; the others run in this one, which has loaded what they need.
    """
    folder = tmp_path_factory.mktemp("session")
    wine = load_wine()
    rows = np.column_stack([wine.data, wine.target])
    header = ",".join([*(name.replace("/", "_") for name in wine.feature_names), "grower"])
    np.savetxt(folder / "wine.csv", rows, fmt="%g", delimiter=",", header=header, comments="")
    commands = [line[2:] for block in blocks("README.md", "console") for line in block.splitlines()]
    commands = [command for command in commands if command.startswith("valp ")]
    assert len(commands) == 11
    best = "3"
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("VALP_RUNS", raising=False)
        for command in commands:
            words = [best if word == "3" else word for word in command.split()[1:]]
            if words[0] == "search":
                run([str(VALP), *words], folder)
                continue
            invoke(words)
            if words[0] == "best":
                best = str(json.loads(invoke([*words, "--json"]))[0]["number"])
    return folder


def test_the_session_of_the_readme_runs(session):
    assert (session / "digits.valp").is_file()
    assert (session / "runs" / "first" / "study.db").is_file()
    assert (session / "runs" / "first" / "report.html").is_file()
    assert len((session / "predicted.csv").read_text().splitlines()) == 1 + len(load_wine().data)


@pytest.mark.parametrize("place", range(2))
def test_the_python_of_the_readme_runs(session, place):
    assert run([sys.executable, "-c", blocks("README.md", "python")[place]], session)


def test_every_link_of_the_pages_leads_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r'\]\(([^)#]+)|src="([^"]+)"', page.read_text()):
            link = target[0] or target[1]
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_formalism_page_names_every_rule_kind_loss_and_combiner():
    page = (ROOT / "docs" / "formalism.md").read_text()
    rows = {rule.code: rule.sentence for rule in (*RULES, *NOTES)}
    assert all(f"| `{code}` | {sentence}" in page for code, sentence in rows.items())
    assert all(f"`{code}`" in page for code in (*KINDS, *LOSSES, KL, *COMBINERS))
