"""Commands and workers do not import libraries that they do not need; an import can take seconds."""

import gc
import subprocess
import sys

import pytest

from valp.model.bundle import save
from valp.search.engine.models import model_of
from valp.search.engine.ray.garbage_collection import uncollected

LOOKING = """
import sys
from valp.search.cli import cli

runs = ["--runs", sys.argv[1]]
commands = (["list"], ["status", "small"], ["best", "small"], ["show", "small", "0"], ["show", "small", "0", "--json"])
for words in commands:
    cli.main([*words, *runs], prog_name="valp", standalone_mode=False)
"""
HELP = """
from valp.search.cli import cli
for words in (["--help"], ["search", "--help"], ["train", "--help"]):
    cli.main(words, prog_name="valp", standalone_mode=False)
"""
WORKING = "import valp.search.engine.ray.worker"
USING = """
import sys
import numpy as np
import valp

heavy = ("ray", "optuna", "sqlalchemy", "numba", "scipy", "sklearn", "pandas", "pyarrow", "matplotlib", "pygraphviz")
before = "torch" in sys.modules
valp.load(sys.argv[1]).predict({"pixels": np.zeros((2, 8, 8))})
print(before, [name for name in heavy if name in sys.modules])
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("program", "without"),
    [
        (HELP, ("torch", "ray", "optuna", "sklearn", "matplotlib")),
        (LOOKING, ("torch", "ray", "sklearn", "numba", "matplotlib", "plotly")),
        (WORKING, ("optuna", "sqlalchemy", "sklearn", "torchvision", "matplotlib", "sympy", "scipy")),
    ],
    ids=["help", "list, status, best and show", "a worker"],
)
def test_slow_imports_are_avoided(program, without, small_runs, pytestconfig):
    told = f"{program}\nimport sys; print([name for name in {without} if name in sys.modules], file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", told, str(small_runs)],
        cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[-1] == "[]"


@pytest.mark.heavy
def test_using_a_model_imports_nothing_of_the_search(small_run, tmp_path, pytestconfig):
    bundle = tmp_path / "m.valp"
    save(model_of(small_run, small_run.front()[0]), bundle)
    run = subprocess.run(
        [sys.executable, "-c", USING, str(bundle)],
        cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == "False []\n", run.stderr


def test_garbage_collection_is_paused_and_then_as_it_was():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()
    gc.enable()
