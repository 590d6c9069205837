"""`Run`, the result of `launch`."""

import re
from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest

from tests.search.listener import Listener
from valp.errors import FileError, SettingError, ValpError
from valp.search.facade.candidate_frame import frame_of
from valp.search.facade.launch import launch
from valp.search.facade.run_handle import open_run
from valp.spaces.problem.problem import Problem, discrete, numeric

CANDIDATES = 3


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(120, 4))


@pytest.fixture(scope="module")
def problem(rows):
    return Problem.from_arrays(
        "mine",
        inputs={"x": numeric(rows)},
        outputs={
            "side": discrete((rows[:, 0] > 0).astype(int), classes=["left", "right"]),
            "sum": numeric(rows.sum(1)),
        },
    )


@pytest.fixture(scope="module")
def search(problem, tmp_path_factory):
    """Starts a search, and resumes it when it is called again."""
    runs = tmp_path_factory.mktemp("handle")
    return lambda **asked: launch(
        problem, name="mine", runs=str(runs), steps=20, workers=0, keep="all", display=Listener(),
        **{"candidates": CANDIDATES} | asked,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(search):
    return search()


def test_the_front_is_a_frame_by_number_with_the_objectives_first(run):
    front = run.front()
    assert isinstance(front, pd.DataFrame)
    assert list(front.columns[:2]) == ["accuracy", "mse"]
    assert list(front.columns[-4:]) == ["parameters", "samples_seen", "samples_seen_with_parents", "seconds"]
    entries = run.stored.front()
    assert list(front.index) == [entry.number for entry in entries]
    for entry in entries:
        row = front.loc[entry.number]
        assert row["accuracy"] == entry.result.scores["accuracy"]
        assert row["parameters"] == entry.result.parameters
        assert row["samples_seen"] == 20 * 50
    assert run.front(by="mse")["mse"].is_monotonic_increasing
    with pytest.raises(SettingError, match="a score of mine must be one of"):
        run.front(by="beauty")


def test_a_result_computed_from_the_frame_is_a_plain_frame(run):
    frame = run.candidates()
    assert type(frame[["mse"]]) is type(frame.query("mse > 0")) is pd.DataFrame
    assert "data:image" in frame._repr_html_()
    assert "data:image" not in frame[["mse"]]._repr_html_()


def test_all_candidates_have_their_state_and_a_score_that_was_not_measured_is_absent(run):
    frame = run.candidates()
    assert list(frame.index) == list(range(CANDIDATES))
    assert list(frame["state"]) == ["complete"] * CANDIDATES
    entry = run.stored.ledger.entry(0)
    lacking = replace(entry, result=replace(entry.result, scores={"mse": 1.0}))
    shown = frame_of(run.stored, [lacking])
    assert isnan(shown.loc[0, "accuracy"])
    assert re.search(r"<td[^>]*>–</td>", shown._repr_html_())
    waiting = frame_of(run.stored, [replace(entry, result=None, state="running")])
    assert waiting["parameters"].isna().all()


def test_the_best_and_a_numbered_candidate_are_models_that_predict(run, rows):
    first = run.front().index[0]
    best, same = run.best(), run.model(first)
    found = best.predict({"x": rows[:5]})
    assert set(found["side"]) <= {"left", "right"}
    assert np.array_equal(found["sum"], same.predict({"x": rows[:5]})["sum"])
    assert run.best(by="mse").manifest.training["candidate"] == run.front(by="mse").index[0]
    assert run.graph(first) == best.manifest.graph
    with pytest.raises(FileError, match="there is no candidate 99"):
        run.model(99)


def test_a_run_without_a_complete_candidate_has_no_best_and_says_why(run, monkeypatch):
    monkeypatch.setattr(type(run.stored), "front", lambda self, by=None: [])
    monkeypatch.setattr(type(run.stored.ledger), "entries", lambda self: [])
    with pytest.raises(ValpError, match="run 'mine' has no complete candidate: none has finished"):
        run.best()


def test_the_path_of_the_report_may_be_text(run, tmp_path):
    path = run.report(str(tmp_path / "page.html"))
    assert path == tmp_path / "page.html"
    assert path.read_text().startswith("<!")


def test_a_notebook_shows_the_front_with_a_picture_of_each_graph(run):
    html = run._repr_html_()
    assert html.count("data:image/svg+xml;base64,") == len(run.front())
    assert "accuracy ↑" in html
    assert "mse ↓" in html
    assert "3 complete" in html
    assert repr(run) == f"<Run 'mine' of mine: 3 complete, 0 failed, 0 unfinished, {len(run.front())} on the front>"


def test_the_same_call_resumes_and_a_run_is_found_by_its_name(run, search):
    seconds = run.candidates()["seconds"]
    again = search(candidates=CANDIDATES + 1)
    assert len(again.candidates()) == CANDIDATES + 1
    assert list(again.candidates()["seconds"][:CANDIDATES]) == list(seconds)
    found = open_run("mine", str(run.path.parent))
    assert found.candidates().equals(again.candidates())
    assert found.name == "mine"
    with pytest.raises(FileError, match="other"):
        open_run("other", run.path.parent)


def test_a_problem_made_in_python_must_be_given_for_the_test_scores(run, problem):
    with pytest.raises(SettingError, match="made in Python"):
        run.test_scores()
    scored = run.test_scores(problem)
    assert list(scored.index) == list(run.front().index)
    assert not scored[["accuracy", "mse"]].isna().any(axis=None)
    assert scored["accuracy_error"].isna().all()  # 18 rows are too few


def test_a_name_that_no_file_system_takes_is_refused(digits_problem, tmp_path):
    with pytest.raises(SettingError, match="at most 200 bytes, but has 300"):
        launch(digits_problem, name="ä" * 150, runs=tmp_path)
