"""What a running search shows."""

import io

import pytest
from rich.console import Console

from search import display as module
from search.display import LineDisplay, LiveDisplay, Status, display_for_stderr, duration, line, number_text, table
from search.ledger import Result
from spaces.metrics import METRICS


def result(accuracy=0.5, mse=0.01, failure=None):
    scores = {} if failure else {"accuracy": accuracy, "mse": mse, "coverage": 0.5}
    return Result(scores, 12, "a key", 350, (1.5, 0.25), failure)


@pytest.fixture
def status():
    return Status("a-run", {name: METRICS[name] for name in ("accuracy", "mse")}, total=10, workers=2)


@pytest.fixture
def clock(monkeypatch):
    """The time, as the test sets it."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def text_of(renderable):
    console = Console(file=io.StringIO(), width=120)
    console.print(renderable)
    return console.file.getvalue()


def test_complete_and_failed_candidates_are_counted_apart_and_ended_together(status):
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


def test_the_estimate_is_the_pace_of_this_session_times_what_is_left(status, clock):
    for number in range(4):
        status.take(number, result())
    status.started = (clock[0], status.ended)
    clock[0] += 30
    status.take(4, result())
    status.take(5, result(failure="no"))
    assert status.seconds_left() == pytest.approx(15 * 4)


def test_the_table_has_objectives_with_arrows_the_best_and_the_single_task_models(status):
    status.take(3, result(0.875, 0.0125))
    status.baselines = {"accuracy": 0.75}
    text = text_of(table(status))
    rows = {row.split()[1]: row for row in text.splitlines() if "↑" in row or "↓" in row}
    assert rows.keys() == {"accuracy", "mse"}
    assert [word for word in rows["accuracy"].split() if word != "│"] == ["accuracy", "↑", "0.875", "3", "0.750"]
    assert [word for word in rows["mse"].split() if word != "│"] == ["mse", "↓", "0.0125", "3", "–"]


def test_the_table_says_how_far_the_search_is(status):
    status.take(0, result())
    status.take(1, result(failure="no"))
    status.running, status.front = 2, 1
    text = text_of(table(status))
    assert "a-run: 2 of 10 done, 2 running, 1 failed, 1 on the front" in text


def test_the_table_of_nothing_has_dashes(status):
    assert text_of(table(status)).count("–") >= 6


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


def test_a_line_has_the_objectives_only():
    assert "coverage" not in line(0, result(), ("accuracy", "mse"))


def test_off_a_terminal_lines_are_shown_and_on_one_the_table(monkeypatch):
    assert isinstance(display_for_stderr(), LineDisplay)
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(display_for_stderr(), LiveDisplay)


def test_the_live_table_may_be_closed_twice_or_before_it_is_shown(status, capsys):
    shown = LiveDisplay()
    shown.close()
    shown.show(status, None)
    shown.close()
    shown.close()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.98765, "0.988"), (0.0123456, "0.01235"), (0.0, "0"), (1.5e-7, "1.5e-07"), (12.5, "12.500")]
)
def test_a_score_is_shown_with_a_few_digits(value, text):
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (5400, "1.5 h"), (90000, "25.0 h")],
)
def test_a_duration_is_shown_as_a_person_says_it(seconds, text):
    assert duration(seconds) == text
