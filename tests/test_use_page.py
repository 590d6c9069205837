"""docs/use.md: its table, its commands and its Python, in their order."""

import contextlib
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from valp.search.cli import cli

pytestmark = pytest.mark.heavy

PAGE = (Path(__file__).parent.parent / "docs" / "use.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where every block of the page has run."""
    folder = tmp_path_factory.mktemp("use")
    pattern = r"```(python|toml|console)\n(.*?)```"
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("VALP_RUNS", raising=False)
        for language, block in re.findall(pattern, PAGE, re.DOTALL):
            if language == "toml":
                Path("wine.toml").write_text(block)
            elif language == "python":
                exec(block, {})
            else:
                for command in re.findall(r"^\$ valp (.*)$", block, re.MULTILINE):
                    done = CliRunner().invoke(cli, command.split())
                    assert done.exit_code == 0, done.output
    return folder


def test_every_block_of_the_page_runs(folder):
    assert (folder / "wine.valp").is_file()


def test_the_columns_of_the_page_are_there(folder):
    predicted, drawn = pd.read_csv(folder / "predicted.csv"), pd.read_parquet(folder / "predicted.parquet")
    named = re.findall(r"^\| `(grower|proline|profile|bottle)([a-z.A-Z]*)` \|", PAGE, re.MULTILINE)
    names = {"".join(parts) for parts in named}
    assert len(names) == 5
    assert names - {"bottle"} <= set(predicted)
    assert names <= set(drawn)
    assert list(predicted)[:4] == ["grower", *(f"grower.probabilities.{name}" for name in ("Ada", "Bo", "Cy"))]
    assert len(predicted) == len(drawn) == 20
    assert predicted["proline"].between(0, 3000).all()


def test_what_is_generated_is_like_the_table(folder):
    more, table = pd.read_csv(folder / "more.csv"), pd.read_csv(folder / "wine.csv")
    assert list(more) == ["alcohol", "hue", "flavanoids"]
    assert len(more) == 100
    for name in more:
        assert table[name].min() < more[name].mean() < table[name].max()  # a row is a draw and may lie outside
