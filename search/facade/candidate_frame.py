"""Candidates as a pandas data frame that shows pictures of their graphs in a notebook."""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import pandas as pd

from valp.draw.draw import draw_svg
from valp.graph.graph import Graph
from valp.model.notebook_html import Html, bold_html, paragraph_html, picture_html, table_html
from valp.search.number_text import number_text
from valp.search.run.ledger_entry import Entry
from valp.search.run.result import PARAMETERS, Measured
from valp.search.run.run import StoredRun

MOST_PICTURES = 20
"""The most graphs drawn in one table. Drawing one takes some hundredths of a second."""

HEIGHT = 130
"""The height of a picture in a table, in pixels."""

EFFORT = ("samples_seen", "samples_seen_with_parents")
"""The columns with the samples seen, which are whole numbers."""


class CandidateFrame(pd.DataFrame):  # type: ignore[misc] # pandas' types are not read
    """A pandas data frame of candidates. Operations on it return plain data frames.

    Attributes:
        graphs: the graphs of the candidates, by number.
        titles: the header in a notebook of each column whose header is not its name.
    """

    _metadata = ("graphs", "titles")

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        rows = []
        for place, (number, values) in enumerate(self.iterrows()):
            drawn = place < MOST_PICTURES
            rows.append([number, _picture(number, self.graphs[number]) if drawn else "", *map(_text, values)])
        left = [self.titles.get(name, name) for name in self.columns]
        return table_html(["candidate", "graph", *left], rows, left=2)


def frame_of(run: StoredRun, entries: Sequence[Entry]) -> CandidateFrame:
    """Candidates of a run as a data frame with the columns of `Run.front`."""
    scores = run.shown_scores
    rows = [[*(_score(entry, name) for name in scores), *_effort(entry)] for entry in entries]
    numbers = pd.Index([entry.number for entry in entries], name="candidate", dtype="int64")
    frame = CandidateFrame(rows, index=numbers, columns=[*scores, *EFFORT, "seconds"])
    whole = [*EFFORT, *(name for name, metric in scores.items() if metric.score.whole)]
    types = {name: "Int64" if name in whole else "float64" for name in frame.columns}  # Int64 can have missing values
    frame = CandidateFrame(frame.astype(types))
    frame.graphs = {entry.number: entry.candidate.graph for entry in entries}
    frame.titles = {
        **{name: metric.heading for name, metric in scores.items()},
        **{name: f"{metric.heading} {metric.score.arrow}" for name, metric in run.objectives.items()},
        **{name: name.replace("_", " ") for name in EFFORT},
    }
    return frame


def with_states(frame: CandidateFrame, entries: Sequence[Entry]) -> CandidateFrame:
    """Adds the columns `state`, `failure` and `parents` to the frame, and returns it."""
    frame["state"] = [entry.state for entry in entries]
    frame["failure"] = [entry.result.failure if entry.result is not None else None for entry in entries]
    frame["parents"] = [entry.parents for entry in entries]
    return frame


def frame_of_baselines(run: StoredRun) -> pd.DataFrame:
    """The baselines of a run as a data frame; see `valp.search.facade.run_handle.Run.baselines`."""
    rows, names = run.baselines.rows(), [*run.shown_scores]
    columns: dict[str, list[Any]] = {name: [row.scores.get(name, nan) for row in rows] for name in names}
    columns["samples_seen"] = [row.samples_seen for row in rows]
    columns["seconds"] = [row.seconds for row in rows]
    return pd.DataFrame(columns, index=pd.Index([row.title for row in rows], name="baseline"))


def frame_of_tests(run: StoredRun, found: Mapping[int, Measured]) -> pd.DataFrame:
    """Scores on the test split as a data frame with the columns of `Run.test_scores`."""
    rows = [
        [value for name in run.shown_scores for value in (one.scores.get(name), one.errors.get(name))]
        for one in found.values()
    ]
    columns = [column for name in run.shown_scores for column in (name, f"{name}_error")]
    numbers = pd.Index(list(found), name="candidate", dtype="int64")
    return pd.DataFrame(rows, index=numbers, columns=columns, dtype="float64")


def run_html(run: StoredRun) -> str:
    """A run as HTML for a notebook: a heading, the front, and the baselines."""
    told = run.summary()
    counts = [f"{told[state]} {state}" for state in ("complete", "pruned", "failed", "unfinished") if told[state]]
    head = paragraph_html(
        bold_html(run.folder.name), f"{run.settings.strategy} search of {run.settings.problem}",
        *counts, f"{told['front']} on the front",
    )  # fmt: skip
    frame = frame_of(run, run.front())
    shown = run.shown_scores
    rows = [
        [row.title, *(m.score.text(row.scores.get(name)) for name, m in shown.items())] for row in run.baselines.rows()
    ]
    headings = ["baseline", *(metric.heading for metric in shown.values())]
    others = paragraph_html("the baselines:") + table_html(headings, rows) if rows else ""
    return f"<div>{head}{frame._repr_html_()}{others}</div>"


def _score(entry: Entry, name: str) -> float | None:
    if entry.result is not None and name == PARAMETERS:
        return entry.result.parameters  # failed candidates have it too, but no scores
    return None if entry.result is None else entry.result.scores.get(name)


def _effort(entry: Entry) -> list[Any]:
    if entry.result is None:
        return [None, None, nan]
    result = entry.result
    return [result.samples_seen, entry.samples_seen_with_parents, sum(result.seconds)]


def _picture(number: Any, graph: Graph) -> Html:
    return picture_html(draw_svg(graph, legend=False), alt=f"the graph of candidate {number}", height=HEIGHT)


def _text(value: Any) -> str:
    """A value as the text of a cell."""
    if value is None or value is pd.NA or (isinstance(value, float) and isnan(value)):
        return "–"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "–"
    return f"{value:,}" if isinstance(value, int) else str(value)
