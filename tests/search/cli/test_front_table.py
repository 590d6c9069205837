"""The table of `valp best`: the columns that a narrow terminal keeps; its figures agree with the JSON."""

import json
import re
import sys

import pytest
from click.testing import CliRunner
from rich.console import Console

from valp.search.cli import cli, options
from valp.search.cli.front_table import WARNING_SCORES, fitting_columns, front_columns
from valp.search.cli.table_widths import narrow_widths, table_width
from valp.search.engine.models import model_of
from valp.search.facade.launch import launch
from valp.search.run.run import open_run
from valp.search.show.dashboard.run_view import attributes_of
from valp.search.show.display import SilentDisplay, number_text
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.material import gather


@pytest.fixture(scope="module")
def bred_runs(tmp_path_factory, digits_problem):
    """A folder with a run, `bred`, in which candidates inherit weights."""
    runs = tmp_path_factory.mktemp("bred") / "runs"
    launch(
        digits_problem, name="bred", runs=runs, strategy="evolution", candidates=16, steps=12, workers=0,
        display=SilentDisplay(),
    )  # fmt: skip
    return runs


@pytest.fixture
def columns(small_run):
    return front_columns(small_run, small_run.baselines, small_run.front())


def on_a_terminal(monkeypatch, width):
    """From now on, stdout is taken for a terminal of this width."""

    def console(**settings):
        return Console(file=sys.stdout, force_terminal=True, color_system=None, **({"width": width} | settings))

    monkeypatch.setattr(options, "Console", console)


def names(columns):
    return [column.name for column in columns]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_narrow_terminal_keeps_the_number_the_objectives_and_the_warnings(width, columns, small_run):
    kept = names(fitting_columns(columns, width))
    assert kept[: 1 + len(small_run.objectives)] == ["candidate", *small_run.objectives]
    assert {"coverage", "copying"} <= set(kept)
    others = [name for name in names(columns) if name not in {*small_run.objectives, "candidate", *WARNING_SCORES}]
    shown = [name for name in kept if name in others]
    assert shown == others[: len(shown)]


def test_the_objectives_stay_on_a_terminal_that_is_too_narrow_for_them(columns, small_run):
    assert names(fitting_columns(columns, 20)) == ["candidate", *small_run.objectives]


def test_a_wide_terminal_has_every_column(columns):
    assert fitting_columns(columns, 1000) == columns
    rows = [list(cells) for cells in zip(*(column.cells for column in columns), strict=True)]
    exact = table_width([column.header for column in columns], rows)
    assert fitting_columns(columns, exact) == columns
    assert len(fitting_columns(columns, 80)) < len(columns)


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_table_fits_shows_every_objective_and_names_the_columns_left_out(
    width, valp, small_runs, small_run, monkeypatch
):
    on_a_terminal(monkeypatch, width)
    text = valp("best", "small", "--runs", small_runs).out
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    best = small_run.front()[0]
    row = next(line.split() for line in text.splitlines() if line.split()[:1] == [str(best.number)])
    row = [word for word in row if word not in ("✓", "≈")]
    assert row[1 : 1 + len(small_run.objectives)] == [
        number_text(best.result.scores[name]) for name in small_run.objectives
    ]
    said = " ".join(text[text.index("left out:") :].split())
    left_out = re.match(r"left out: (.*); --json or a wider terminal shows them", said)
    assert left_out is not None
    every = names(front_columns(small_run, small_run.baselines, small_run.front()))
    assert left_out[1].split(", ") == [name for name in every if name in left_out[1].split(", ")]
    assert not {*small_run.objectives, "copying"} & set(left_out[1].split(", "))


def test_the_list_of_runs_on_a_narrow_terminal_has_its_names_in_full(valp, small_runs, monkeypatch):
    on_a_terminal(monkeypatch, 60)
    text = valp("list", "--runs", small_runs).out
    assert max(map(len, text.splitlines())) <= 60
    assert ["small", "digits", "random"] in [line.split()[:3] for line in text.splitlines()]


def test_off_a_terminal_nothing_is_left_out(valp, small_runs):
    assert "left out" not in valp("best", "small", "--runs", small_runs).out


@pytest.mark.parametrize("width", range(10, 60, 7))
def test_a_number_never_wraps(width):
    widths = narrow_widths(["a long header", "another header"], [["a name of words", "0.0001234"]], 1, width)
    assert widths[1] >= len("0.0001234")
    assert widths[0] >= 5
    assert sum(widths) + 2 <= max(width, 6 + 9 + 2)


# Figures


def test_the_samples_of_the_table_are_those_of_the_json_and_of_the_ledger(bred_runs):
    run = open_run(bred_runs, "bred")
    front = run.front()
    call = CliRunner().invoke(cli, ["best", "bred", "--runs", str(bred_runs), "--json"])
    listed = {row["number"]: row for row in json.loads(call.stdout)}
    column = next(
        column for column in front_columns(run, run.baselines, front) if column.name == "samples seen with parents"
    )
    for entry, cell in zip(front, column.cells, strict=False):
        row = listed[entry.number]
        assert cell == f"{row['samples_seen_with_parents']:,}"
        assert row["samples_seen_with_parents"] == run.ledger.samples_seen([entry.number])
        assert row["samples_seen"] == entry.result.samples_seen
    assert any(row["samples_seen_with_parents"] > row["samples_seen"] for row in listed.values())


def test_show_prints_both_counts_of_samples(bred_runs):
    run = open_run(bred_runs, "bred")
    bred = next(entry for entry in run.ledger.entries() if entry.parents and entry.state == "complete")
    text = CliRunner().invoke(cli, ["show", "bred", str(bred.number), "--runs", str(bred_runs)]).stdout
    counts = f"{bred.result.samples_seen:,} samples seen, {run.ledger.samples_seen([bred.number]):,} with its parents"
    assert counts in text


def test_report_dashboard_and_model_card_have_the_figures_of_the_json(bred_runs):
    run = open_run(bred_runs, "bred")
    rows = {row["n"]: row for row in gather(run, Evidence(None, missing="not needed")).summary["candidates"]}
    for entry in run.ledger.entries():
        listed = entry.listing()
        shown = attributes_of(entry, with_traits=False)
        assert rows[entry.number]["m"] == shown["samples seen with parents"] == listed["samples_seen_with_parents"]
        assert shown["samples seen"] == listed["samples_seen"]
        assert rows[entry.number]["w"] == shown["parameters"] == listed["parameters"]
    bred = next(entry for entry in run.front() if entry.parents)
    trained = model_of(run, bred).manifest.training
    assert trained["samples_seen"] == bred.listing()["samples_seen"]
    assert trained["samples_seen_with_parents"] == bred.listing()["samples_seen_with_parents"]
