"""Describing and checking a graph needs no torch, which takes seconds to import."""

import subprocess
import sys

PROGRAM = """
import sys
import valp.parts.kinds, valp.parts.losses, valp.parts.priors
from valp.check.check import check
from valp.compile.compile import lower
from valp.check.keys import content_key
from tests.valp.graphs import figure_2
assert check(figure_2()).passed
content_key(figure_2())
lower(figure_2())
assert "torch" not in sys.modules, sorted(name for name in sys.modules if name.startswith("torch"))[:3]
"""


def test_checking_a_graph_imports_no_torch(pytestconfig):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=pytestconfig.rootpath, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
