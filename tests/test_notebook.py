"""docs/notebook.ipynb runs, and shows a problem, a run, a graph and a model."""

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"


def shown(cell, kind):
    """The outputs of a cell with one MIME type."""
    return "".join(output.get("data", {}).get(kind, "") for output in cell.outputs)


@pytest.mark.slow
def test_the_notebook_runs_and_its_objects_show_themselves(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = {cell.source.splitlines()[-1]: cell for cell in notebook.cells if cell.cell_type == "code"}
    assert "rows to validate" in shown(cells["problem"], "text/html")
    assert "data:image/svg+xml" in shown(cells["run"], "text/html")
    assert "<svg" in shown(cells["run.graph(run.front().index[0])"], "image/svg+xml")
    assert "data:image/svg+xml" in shown(cells["model"], "text/html")
    assert (tmp_path / "wines.valp").is_file()
    assert str(tmp_path) not in nbformat.writes(notebook)
