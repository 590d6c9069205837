"""The installed package has every file of the rooms, and no file of a user shadows it."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import valp

ROOT = Path(__file__).parents[1]
ROOMS = {"valp": "valp", "spaces": "valp.spaces", "search": "valp.search"}


def test_every_package_is_listed_for_the_installation():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = []
    for folder, package in ROOMS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            found.append(".".join((package, *init.parent.relative_to(ROOT / folder).parts)))
    assert sorted(listed) == sorted(found)


@pytest.mark.slow
def test_files_of_the_user_with_the_names_of_the_rooms_are_not_imported(tmp_path):
    """The working folder, which is also the script's, has a search.py, a search/ and a spaces/ of the user."""
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


BUILD = "import sys; from setuptools import build_meta as b; out = sys.argv[1]; b.build_wheel(out); b.build_sdist(out)"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel and the source archive, built from a copy of what git has."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for folder in ROOMS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=copy, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.heavy
def test_the_wheel_holds_every_file_of_the_rooms_and_the_license(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        told = message_from_bytes(archive.read(metadata))
    wanted = set()
    for folder, package in ROOMS.items():
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        wanted |= {f"{package.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}" for path in files}
    assert len(wanted) > 250
    assert wanted - names == set()
    assert {name for name in names if not name.split("/")[0].endswith(".dist-info")} == wanted
    assert {"valp/py.typed", "valp/spaces/py.typed", "valp/search/py.typed"} <= names
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    assert told["License-Expression"] == "MIT"
    assert told["Version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert set(told.get_all("Provides-Extra")) == {
        "onnx", "dashboard", "data", "torchjd", "postgresql", "mlflow", "docs", "dev",
    }  # fmt: skip
    plain = [line for line in told.get_all("Requires-Dist") if "extra ==" not in line]
    assert not [
        line
        for line in plain
        if re.match("onnx|optuna-dashboard|mlxtend|torchvision|torchjd|cvxpy|mkdocs|pytest", line)
    ]


@pytest.mark.heavy
def test_the_source_archive_builds_the_same(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.split("/", 1)[1] for name in files.getnames() if "/" in name}
    assert {"LICENSE", "README.md", "pyproject.toml", "valp/py.typed", "search/cli/__init__.py"} <= names
    for folder in ROOMS:
        found = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {name for name in found if "__pycache__" not in name} <= names


def test_the_package_has_its_version():
    assert valp.__version__ == version("valp")
    assert "__version__" in dir(valp)


def test_the_changelog_and_the_citation_are_of_this_version():
    now = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    page = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[{re.escape(now)}\]|^Version {re.escape(now)} in the making", page, re.MULTILINE)
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == now
    assert (cited["cff-version"], cited["license"], cited["type"]) == ("1.2.0", "MIT", "software")
    families = [reference["authors"][0]["family-names"] for reference in cited["references"]]
    assert families == ["Garciarena", "Qian", "Nakamura", "Sener"]


def test_ci_runs_what_developers_run_and_has_no_secrets():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "secrets." not in text
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert job["strategy"]["matrix"]["python"][0] == "3.11"
