"""The display of a running search."""

import dataclasses
import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from tests.metrics import metric_of
from valp.search.engine import status as status_module
from valp.search.pareto.front import by_knee, chances, losses
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.result import Result
from valp.search.show import display as module
from valp.search.show.display import (
    LineDisplay,
    LiveDisplay,
    Status,
    display_for_stderr,
    duration,
    line,
    number_text,
)
from valp.search.show.display.live_table import View
from valp.search.show.display.step_bar import StepBar


def result(accuracy=0.5, mse=0.01, failure=None, complete=True):
    scores = {} if failure else {"accuracy": accuracy, "mse": mse, "coverage": 0.5}
    errors = dict.fromkeys(scores, 0.0)
    return Result(scores, 12_345, "a key", 350, (1.5, 0.25), failure, complete, errors=errors)


@pytest.fixture
def status():
    return Status("a-run", {name: metric_of(name) for name in ("accuracy", "mse")}, total=10, workers=2)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [100.0]
    monkeypatch.setattr(status_module.time, "monotonic", lambda: now[0])
    return now


def shown(status, width=120, height=40, events=(), **terminal):
    """The view of a search on a terminal."""
    console = Console(file=io.StringIO(), width=width, height=height, **terminal)
    console.print(View(status, events))
    return console.file.getvalue()


def row(text, name):
    """The words of the row that begins with this name."""
    return next(line.split() for line in text.splitlines() if line.startswith(f"{name} "))


def filled(status, count=9):
    """Candidates that are all on the front."""
    for number in range(count):
        status.take(number, result(accuracy=0.1 * (number + 1), mse=0.01 * (number + 1)))
    status.front = tuple(range(count))
    return status


def test_complete_and_failed_candidates_are_counted_and_both_have_ended(status):
    for number, outcome in enumerate((result(), result(failure="no"), result(failure="no"))):
        status.take(number, outcome)
    assert (status.complete, status.failed, status.ended) == (1, 2, 3)


def test_the_best_of_each_objective_is_kept_with_its_candidate_and_the_first_of_equals_stays(status):
    for number, outcome in enumerate((result(0.5, 0.3), result(0.9, 0.4), result(0.9, 0.2), result(0.1, 0.2))):
        status.take(number, outcome)
    assert status.best == {"accuracy": (0.9, 1), "mse": (0.2, 2)}


def test_there_is_no_estimate_before_a_candidate_of_this_session_has_ended(status, clock):
    status.take(0, result())
    status.started = (clock[0], status.ended)
    clock[0] += 60
    assert status.seconds_left() is None


def baselines(status, **scores):
    """Baselines of one output `y` with these scores."""
    metrics = {name: dataclasses.replace(metric, output="y") for name, metric in status.objectives.items()}
    return BaselineScores(
        metrics, status.objectives, ["y"], {"y": {"linear": dataclasses.replace(result(), scores=scores)}}
    )


def test_the_estimate_is_the_pace_of_this_session_times_what_is_left(status, clock):
    for number in range(4):
        status.take(number, result())
    status.started = (clock[0], status.ended)
    clock[0] += 30
    status.take(4, result())
    status.take(5, result(failure="no"))
    assert status.seconds_left() == pytest.approx(15 * 4)


def test_the_view_has_objectives_with_arrows_the_front_and_the_best_baselines(status):
    status.take(3, result(0.875, 0.0125))
    status.front = (3,)
    status.baselines = baselines(status, accuracy=0.75)
    text = shown(status)
    assert row(text, "candidate") == ["candidate", "accuracy", "↑", "mse", "↓", "parameters"]
    assert row(text, "3") == ["3", "0.875", "0.0125", "12,345"]
    assert row(text, "best") == ["best", "of", "each", "0.875", "0.0125"]
    assert row(text, "best baseline") == ["best", "baseline", "0.750", "–"]


def test_the_front_begins_with_its_knee_and_the_rest_of_it_is_counted(status):
    text = shown(filled(status))
    rows = re.findall(r"^(\d+) +\d", text, re.MULTILINE)
    metrics = list(status.objectives.values())
    scores = [[status.results[number].scores[name] for name in status.objectives] for number in range(9)]
    assert [int(number) for number in rows] == by_knee(losses(scores, metrics), chances(metrics))[:6]
    assert "and 3 more on the front" in text


def test_the_view_has_the_progress_and_the_cost_of_the_search(status, clock):
    status.started = (clock[0], 0)
    clock[0] += 30
    for number, outcome in enumerate((result(), result(failure="no"), result(complete=False))):
        status.take(number, outcome)
    status.front = (0,)
    text = shown(status)
    assert text.startswith("a-run  3 of 10 ")
    assert "30 s, 70 s left" in text
    assert "1 complete, 1 stopped early, 1 failed, 1 on the front, 1,050 samples seen" in text


def test_the_view_names_what_each_worker_trains_until_it_has_ended(status, clock):
    status.begin("single-task digit")
    status.begin("candidate 7", parents=(3, 5))
    clock[0] += 12
    assert "now   single-task digit, 12 s\n" in shown(status)
    assert "      candidate 7 from 3 and 5, 12 s\n" in shown(status)
    status.end("single-task digit")
    assert "now   candidate 7 from 3 and 5, 12 s\n" in shown(status)
    assert "single-task" not in shown(status)


def test_a_few_of_many_workers_are_named_and_the_others_counted(status):
    for number in range(12):
        status.begin(f"candidate {number}")
    text = shown(status)
    assert "candidate 3, 0 s, and 8 more" in text
    assert "candidate 4" not in text


def test_the_last_events_are_shown_the_last_one_first(status):
    text = shown(status, events=[Text("candidate 1: first"), Text("candidate 2: then")])
    assert "last  candidate 2: then\n      candidate 1: first\n" in text


@pytest.mark.parametrize(("width", "height"), [(160, 50), (80, 24), (60, 20), (40, 16), (30, 12), (20, 10)])
def test_no_line_of_the_view_is_wider_than_the_terminal_and_all_of_it_fits_in(width, height, status):
    filled(status).baselines = baselines(status, accuracy=0.95, mse=0.001)
    for number in range(9, 9 + 2):
        status.begin(f"candidate {number}", parents=(1, 2))
    events = [Text(line(number, result(), status.objectives)) for number in range(3)]
    lines = shown(status, width, height, events).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= height
    assert lines[0].startswith("a-run  9 of 10"[:width])


def test_scores_better_than_the_best_baseline_are_marked_without_colour_too(status, monkeypatch):
    status.take(0, result(0.9, 0.5))
    status.front, status.baselines = (0,), baselines(status, accuracy=0.8, mse=0.1)
    coloured = shown(status, force_terminal=True, color_system="standard")
    assert "\x1b[1;32m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(status, force_terminal=True, color_system="standard")
    assert "\x1b[1m" in plain
    assert not any(f"\x1b[{code}m" in plain or f";{code}m" in plain for code in range(30, 38))


def test_a_search_that_has_just_begun_has_no_front_yet(status):
    text = shown(status)
    assert text.splitlines()[1] == "0 complete, 0 failed, 0 on the front, 0 samples seen"
    assert len(text.splitlines()) == 2


def test_lines_go_to_stderr_one_for_each_candidate_that_ends(status, capsys):
    shown = LineDisplay()
    shown.show(status)
    status.take(0, result(0.875, 0.0125))
    shown.show(status, (0, result(0.875, 0.0125)))
    status.take(1, result(failure="loss is not finite"))
    shown.show(status, (1, result(failure="loss is not finite")))
    shown.say("a word")
    shown.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("[1/10] candidate 0: accuracy 0.875  mse 0.0125  (1.8 s)")
    assert lines[1].startswith("[2/10] candidate 1 failed: loss is not finite")
    assert lines[2] == "a word"


def test_the_line_of_the_last_candidate_has_no_time_left(status, capsys, clock):
    status.started = (clock[0], 0)
    clock[0] += 200
    for number in range(status.total):
        status.take(number, result())
        LineDisplay().show(status, (number, result()))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("1800 s left") or lines[0].endswith("30 min left")
    assert "left" not in lines[-1]


def test_the_line_of_a_candidate_has_the_objectives_only():
    assert "coverage" not in line(0, result(), {name: metric_of(name) for name in ("accuracy", "mse")})


def test_a_terminal_with_a_movable_cursor_shows_the_live_view_and_anything_else_lines(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(display_for_stderr(), LineDisplay)
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(display_for_stderr(), LiveDisplay)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(display_for_stderr(), LineDisplay)


def test_the_live_view_may_be_closed_twice_or_before_it_is_shown(status, capsys):
    display = LiveDisplay()
    display.close()
    display.show(status, None)
    display.close()
    display.close()
    assert capsys.readouterr().out == ""


def test_the_live_view_is_not_redrawn_for_each_candidate_and_leaves_one_line_behind(status, clock):
    status.started = (clock[0], 0)
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True)
    display, said = LiveDisplay(console), console.file
    display.show(status)
    drawn = said.getvalue().count("a-run  ")
    for number in range(8):
        status.take(number, result())
        display.show(status, (number, result()))
    assert said.getvalue().count("a-run  ") - drawn <= 1
    display.close()
    left = said.getvalue().rsplit("\x1b[2K", 1)[1]
    assert left == "a-run: 8 of 10 done in 0 s, 0 s left: 8 complete, 0 failed, 0 on the front, 2,800 samples seen\n"


@pytest.mark.parametrize(
    ("value", "text"), [(0.98765, "0.988"), (0.0123456, "0.01235"), (0.0, "0"), (1.5e-7, "1.5e-07"), (12.5, "12.500")]
)
def test_a_score_is_shown_with_a_few_digits(value, text):
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (5400, "1.5 h"), (90000, "25.0 h")],
)
def test_a_duration_is_rounded_to_a_suitable_unit(seconds, text):
    assert duration(seconds) == text


def test_a_long_preparation_is_a_bar_on_a_terminal_and_leaves_nothing():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, legacy_windows=False)
    bar = StepBar(console)
    for done in range(4):
        bar.step("training the judge", done, 3)
    text = console.file.getvalue()
    assert "training the judge" in text
    assert "3/3" in text
    assert "\x1b[?25h" in text  # the cursor is there again
    assert text.rstrip("\r\n").endswith("\x1b[2K")  # the line of the bar is empty again


def test_a_long_preparation_is_one_line_elsewhere(capsys):
    for display in (LineDisplay(), StepBar(Console(file=io.StringIO()))):
        for done in range(4):
            display.step("training the judge", done, 3)
        assert capsys.readouterr().err == "training the judge\n"
