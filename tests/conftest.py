"""Fixtures that several test modules share: a real problem, and the run of a real search on it."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from PIL import EpsImagePlugin, Image

from valp.search.facade.launch import launch
from valp.search.run.run import StoredRun, open_run
from valp.spaces.builtin.digits import digits
from valp.spaces.generate.space import DEFAULT, SPACES
from valp.spaces.problem.problem import Problem

settings.register_profile("valp", deadline=None)  # a busy machine must not fail a test
settings.load_profile("valp")

SMALL_STEPS = 60
SMALL_SEED = 3
"""The training of the session's run: enough for its scores to differ."""


def pytest_collection_modifyitems(items):
    """The file that takes longest is first, so that no process is left with it at the end."""
    items.sort(key=lambda item: item.path.name != "test_docs.py")


@pytest.fixture(autouse=True)
def one_torch_thread():
    """One thread, and denormals are kept: commands flush them to zero, and Hypothesis needs them."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(False)


@pytest.fixture(autouse=True)
def runs_elsewhere(monkeypatch, tmp_path):
    """A command without --runs writes into the test's own folder, not into the user's."""
    monkeypatch.setenv("VALP_RUNS", str(tmp_path / "runs"))


@pytest.fixture(scope="session")
def digits_problem() -> Problem:
    return digits()


@pytest.fixture(scope="module")
def narrow():
    """Searches in the default space have narrow networks: faster, where the width does not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SPACES, "default", replace(DEFAULT, units=(8, 32)))
        yield


@pytest.fixture(scope="session")
def small_runs(tmp_path_factory, digits_problem) -> Path:
    """A folder with one run, `small`: four candidates, without Ray. Tests that change it take `runs_copy`."""
    runs = tmp_path_factory.mktemp("session") / "runs"
    launch(
        digits_problem, name="small", runs=runs, strategy="random", candidates=4, steps=SMALL_STEPS, workers=0,
        seed=SMALL_SEED,
    )  # fmt: skip
    return runs


@pytest.fixture
def small_run(small_runs) -> StoredRun:
    return open_run(small_runs, "small")


@pytest.fixture
def runs_copy(small_runs, tmp_path) -> Path:
    """A folder with a copy of the run `small`, which a test may change."""
    return Path(shutil.copytree(small_runs, tmp_path / "copied"))


@pytest.fixture
def postscript_runs(monkeypatch) -> list[str]:
    """What Pillow opens as PostScript, or gives to Ghostscript, from now on."""
    Image.init()  # loads Pillow's plugins, as a file that nothing else recognises does
    runs: list[str] = []
    monkeypatch.setattr(EpsImagePlugin.EpsImageFile, "_open", lambda *_: runs.append("opened"))
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: runs.append("run"))
    return runs


def files_of(path: Path) -> dict[str, tuple[bytes, int]]:
    """Each file in a folder and its subfolders, with its content and the time of its last change."""
    return {
        os.path.relpath(file, path): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }
