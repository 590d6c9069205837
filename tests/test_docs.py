"""The README's commands run, and the tables and links of docs/ are correct."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from valp.check.rules import NOTES, RULES
from valp.parts.combiners import COMBINERS
from valp.parts.kinds import KINDS
from valp.parts.losses import KL, LOSSES
from valp.search.engine.search_events import EVENTS

ROOT = Path(__file__).parent.parent
PATIENCE = 900
"""Seconds for a dozen programs, one after the other, some of which compile or search."""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def run(arguments: list[str], folder: Path) -> str:
    """Runs a program in a folder as a shell of the virtual environment does."""
    elsewhere = {name: value for name, value in os.environ.items() if name != "VALP_RUNS"}
    environment = elsewhere | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """An empty folder in which the README's sessions have run, literally, one shell for each block."""
    folder = tmp_path_factory.mktemp("session")
    sessions = [block for block in blocks("README.md", "console") if "$ make" not in block]
    lines = [line for block in sessions for line in block.splitlines()]
    assert len(lines) == 12
    assert all(line.startswith(("$ valp ", "$ python ")) for line in lines)
    for block in sessions:
        commands = "\n".join(line.removeprefix("$ ") for line in block.splitlines())
        run(["bash", "-euo", "pipefail", "-c", commands], folder)
    return folder


@pytest.mark.heavy
@pytest.mark.timeout(PATIENCE)
def test_the_session_of_the_readme_runs_in_an_empty_folder(session):
    assert (session / "digits.valp").is_file()
    assert (session / "runs" / "first" / "study.db").is_file()
    assert (session / "runs" / "first" / "report.html").is_file()
    assert len((session / "predicted.csv").read_text().splitlines()) == 1 + len(load_wine().data)


@pytest.mark.heavy
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("place", range(2))
def test_the_python_of_the_readme_runs(session, place):
    assert run([sys.executable, "-c", blocks("README.md", "python")[place]], session)


def test_the_page_of_the_log_lists_every_event_with_its_fields():
    page = (ROOT / "docs" / "events.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \| (`.*`) \|$", page, re.MULTILINE)
    told = [(name, sentence, re.findall("`(.*?)`", fields)) for name, sentence, fields in rows]
    assert told == [(name, kind.sentence, [*kind.fields]) for name, kind in EVENTS.items()]


def test_every_link_of_the_pages_has_a_target():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r'\]\(([^)#]+)|src="([^"]+)"', page.read_text()):
            link = target[0] or target[1]
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_formalism_page_names_every_rule_kind_loss_and_combiner():
    page = (ROOT / "docs" / "formalism.md").read_text()
    rows = {rule.code: rule.sentence for rule in (*RULES, *NOTES)}
    assert all(f"| `{code}` | {sentence}" in page for code, sentence in rows.items())
    assert all(f"`{code}`" in page for code in (*KINDS, *LOSSES, KL, *COMBINERS))
