"""What is installed is what is there, and nothing of a user's can stand in its way."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {"valp": "valp", "spaces": "valp.spaces", "search": "valp.search"}


def test_every_package_is_listed_for_the_installation():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = []
    for folder, package in ROOMS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            found.append(".".join((package, *init.parent.relative_to(ROOT / folder).parts)))
    assert sorted(listed) == sorted(found)


def test_a_folder_full_of_our_names_changes_nothing(tmp_path):
    """A user's own search.py, search/ and spaces/ stand in the working folder and beside the script."""
    for name in ("search", "spaces", "strategies"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    (tmp_path / "search.py").write_text("raise RuntimeError('the wrong one')")
    words = ["search", "digits", "--candidates", "2", "--steps", "50", "--workers", "1", "--name", "few"]
    command = [sys.executable, "-c", "from valp.search.cli import main; main()", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "runs" / "few" / "candidates").glob("*/weights.safetensors")]) >= 1
    assert "failed" not in done.stderr
