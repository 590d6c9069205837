"""`import valp`: its names exist, are documented, and are imported on first use."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import valp
from tests.valp.graphs import figure_2
from tests.valp.model.test_bundle import graph_of, model_of

PROMISED = {
    "Problem", "numeric", "discrete", "labels", "samples", "features", "launch", "load", "save", "open_run", "Run",
    "Model", "check", "compile", "draw", "VALPSearch", "Graph", "ValpError", "load_problem", "__version__",
}  # fmt: skip

HEAVY = (
    "ray", "optuna", "numba", "matplotlib", "sklearn", "pandas", "pyarrow", "scipy", "sqlalchemy", "torchvision",
    "jinja2", "pygraphviz", "PIL", "click", "onnx", "mlxtend",
)  # fmt: skip
"""Packages that using a model must not import."""


def python(program, *arguments):
    """The output of a program in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_public_name_is_listed_and_found():
    assert set(dir(valp)) >= PROMISED
    assert dir(valp) == sorted(valp.__all__)
    for name in valp.__all__:
        assert getattr(valp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'lunch'"):
        _ = valp.lunch
    assert valp.__version__.count(".") == 2


def test_the_type_checker_sees_the_names_that_exist():
    tree = ast.parse(Path(valp.__file__).read_text())
    imported: dict[str, str] = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("valp")
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_")
    }
    assert imported.keys() | {"__version__"} == set(valp.__all__)
    later = {name: imported[name] for name in valp._LATER}
    assert later == valp._LATER


@pytest.mark.parametrize("name", sorted(set(valp.__all__) - {"__version__"}))
def test_each_public_name_documents_its_arguments_and_errors(name):
    found = getattr(valp, name)
    said = inspect.getdoc(found)
    assert said
    if inspect.isfunction(found):
        taken = inspect.signature(found).parameters
        assert len(taken) < 2 or "Args:" in said
        assert all(f"{parameter}: " in said for parameter in taken if len(taken) > 1), taken.keys()


@pytest.mark.heavy
@pytest.mark.parametrize(
    "first",
    ["import valp.check.check", "import valp.check", "import valp.compile.module", "import valp.draw.draw",
     "from valp import draw", "import valp.search.facade.launch", "import valp.spaces.problem.problem",
     "from valp.check import check", "import valp; valp.launch; valp.Model; import valp.draw, valp.compile"],
)  # fmt: skip
def test_functions_named_like_packages_stay_functions(first):
    program = f"""
{first}
import valp
from tests.valp.graphs import figure_2
import valp.check.keys, valp.compile.compile, valp.draw.draw
assert valp.check(figure_2()).passed
assert callable(valp.compile) and callable(valp.draw)
"""
    python(program)


def test_a_graph_shows_its_picture_in_a_notebook():
    assert figure_2()._repr_svg_().startswith("<?xml")


@pytest.mark.heavy
def test_using_a_model_imports_nothing_of_searching(tmp_path):
    model_of(graph_of()).save(str(tmp_path / "digits.valp"))
    program = f"""
import sys
import valp
assert "torch" not in sys.modules and "numpy" not in sys.modules
model = valp.load(sys.argv[1])
model.predict({{"pixels": [[0.0] * 64] * 2}})
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert python(program, tmp_path / "digits.valp") == "[]"
