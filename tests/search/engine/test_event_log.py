"""The log of a search: it agrees with the ledger, and a log that cannot be written does not end the search."""

import errno
import json
import os
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.search.listener import Listener
from valp.errors import FileError
from valp.search.engine import evaluate
from valp.search.engine.driver import Driver
from valp.search.engine.event_log import LOG_VERSION, EventLog, event_log
from valp.search.engine.fault import LostWorkerError, failure_of
from valp.search.engine.rungs import FEWEST_STEPS, KEPT
from valp.search.engine.search_events import EVENTS, Event, Events
from valp.search.facade.launch import launch
from valp.spaces.problem.problem import Problem, numeric

pytestmark = pytest.mark.usefixtures("narrow")

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
CANDIDATES = 9
FAILING, INTERRUPTED, LOST = 2, 4, 5
"""The candidates that fail, after which the search is interrupted, and whose worker is lost once."""


@pytest.fixture(scope="module")
def line():
    x = np.linspace(-1, 1, 100)[:, None]
    return Problem.from_arrays("line", inputs={"x": numeric(x)}, outputs={"y": numeric(2 * x)})


def searched(problem, runs, listeners, **settings):
    asked = {"name": "r", "candidates": 1, "steps": 20, "workers": 0, "strategy": "random", "baselines": "none"}
    return launch(problem, runs=runs, listeners=listeners, **{"display": Listener(), **asked, **settings}).stored


def lines_of(path):
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


class Interrupting(Listener):
    """Interrupts the search once, and looks into the log whenever a candidate has ended."""

    def __init__(self, log):
        super().__init__()
        self.log, self.last = log, []

    def show(self, status, ended=None):
        super().show(status, ended)
        if ended is not None:
            self.last.append((ended[0], lines_of(self.log)[-1]))
            if ended[0] == INTERRUPTED:
                raise KeyboardInterrupt("SIGTERM")


@pytest.fixture(scope="module")
def logged(narrow, line, tmp_path_factory):
    """The lines of a search that was interrupted and resumed, its run, and what its display found in the log."""
    folder = tmp_path_factory.mktemp("logged")
    log, display = folder / "log.jsonl", Interrupting(folder / "log.jsonl")
    fitting, ended, calls = evaluate.fitting, Driver.end, []

    def failing(module, candidate, *others):
        calls.append(candidate)
        if len(calls) == 1 + FAILING + 1:  # the single-task network is the first
            raise ZeroDivisionError("why")
        return fitting(module, candidate, *others)

    def losing(self, job, failure=None):
        if job.number == LOST and job.attempt == 1:
            (job.path / "scores.json").unlink()
            failure = failure_of(LostWorkerError("the worker process ended"), "Segmentation fault")
        ended(self, job, failure)

    steps = FEWEST_STEPS * KEPT  # of which a rung is a third
    asked = {"candidates": CANDIDATES, "steps": steps, "halving": True, "baselines": "quick", "display": display}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "fitting", failing)
        patch.setattr(Driver, "end", losing)
        with pytest.raises(KeyboardInterrupt), event_log(log, print) as events:
            searched(line, folder, (events.hear,), **asked)
        with event_log(log, print) as events:
            run = searched(line, folder, (events.hear,), **asked)
    return lines_of(log), run, display.last


def test_a_program_that_ends_interrupts_its_search(line, tmp_path):
    class Ending(Listener):
        def show(self, status, ended=None):
            if ended is not None:
                raise SystemExit(1)

    events = []
    with pytest.raises(SystemExit):
        searched(line, tmp_path, (events.append,), candidates=2, display=Ending())
    assert (events[-1].name, events[-1].fields["reason"], events[-1].fields["message"]) == (
        "search_ended",
        "interrupted",
        "the program",
    )


def named(lines, *names):
    return [line for line in lines if line["event"] in names]


def test_the_log_has_the_same_candidates_in_the_same_states_as_the_ledger(logged):
    lines, run, _ = logged
    entries = run.ledger.entries()
    states = [entry.state for entry in entries]
    assert {*states} == {"complete", "pruned", "failed"}, "each state must occur"
    ends = named(lines, "candidate_ended", "candidate_failed")
    assert sorted(end["candidate"] for end in ends) == [entry.number for entry in entries]
    for end in ends:
        entry = entries[end["candidate"]]
        assert end.get("state", "failed") == entry.state
        assert end["samples_seen"] == entry.result.samples_seen
        assert end.get("scores", {}) == entry.result.scores
        assert end.get("reason") == entry.result.failure
    counts = {state: states.count(state) for state in ("complete", "pruned", "failed")}
    assert {state: lines[-1][state] for state in counts} == counts
    assert sorted(line["candidate"] for line in named(lines, "candidate_proposed")) == [*range(CANDIDATES)]
    stopped = [line["candidate"] for line in named(lines, "candidate_rung") if not line["goes_on"]]
    assert sorted({*stopped}) == [entry.number for entry in entries if entry.state == "pruned"]
    on_front = {line["candidate"] for line in named(lines, "candidate_ended") if line["front"]}
    assert on_front >= {entry.number for entry in run.front()}


def test_the_log_has_the_baselines_of_the_ledger(logged):
    lines, run, _ = logged
    told = {(line["output"], line["code"]): line for line in named(lines, "baseline_ended")}
    held = [(output, code) for output, codes in run.ledger.baselines.items() for code in codes]
    assert sorted(told) == sorted(held)
    for (output, code), line in told.items():
        result = run.ledger.baselines[output][code]
        assert line["scores"] | {"parameters": line["parameters"]} == result.scores
        assert line["recorded"]
    assert len(named(lines, "baseline_started")) == 1


def test_the_log_says_when_and_why_sessions_began_and_ended(logged):
    lines, _, _ = logged
    began, ended = named(lines, "search_began"), named(lines, "search_ended")
    assert [line["resumed"] for line in began] == [False, True]
    assert [(line["reason"], line["message"]) for line in ended] == [("interrupted", "SIGTERM"), ("complete", None)]
    assert (began[0]["complete"], began[0]["candidates"]) == (0, CANDIDATES)
    counts = ("complete", "pruned", "failed")
    assert [began[1][count] for count in counts] == [ended[0][count] for count in counts]
    assert len({line["session"] for line in lines}) == 2
    assert {line["run"] for line in lines} == {"r"}
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    assert times == sorted(times)


def test_a_lost_worker_and_its_retry_are_logged(logged):
    lines, _, _ = logged
    (lost,), (retry,) = named(lines, "worker_lost"), named(lines, "retry")
    assert (lost["candidate"], lost["attempt"], lost["log"]) == (LOST, 1, "Segmentation fault")
    assert (retry["candidate"], retry["attempt"], retry["from_scratch"]) == (LOST, 2, False)
    starts = [line["attempt"] for line in named(lines, "candidate_started") if line["candidate"] == LOST]
    assert starts == [1, 2]


def test_a_failure_is_logged_with_the_end_of_its_traceback(logged):
    (failed,) = named(logged[0], "candidate_failed")
    assert failed["candidate"] == FAILING
    assert failed["reason"] == "ZeroDivisionError: why"
    assert "raise ZeroDivisionError" in failed["log"]


def test_each_line_is_written_before_the_search_goes_on(logged):
    _, _, last = logged
    assert len(last) == CANDIDATES
    for number, line in last:
        assert line["event"] in ("candidate_ended", "candidate_failed")
        assert line["candidate"] == number


def test_each_line_has_the_fields_and_types_of_its_row(logged):
    for line in logged[0]:
        fields = EVENTS[line["event"]].fields
        common = {"event", "time", "version", "run", "session"}
        assert line.keys() == fields.keys() | common
        assert line["version"] == LOG_VERSION
        for name, kind in fields.items():
            kinds = tuple(TYPES[word] for word in kind.split(" or "))
            assert any(isinstance(line[name], one) for one in kinds), (line["event"], name, line[name])
            if "boolean" not in kind:
                assert not isinstance(line[name], bool)


def test_the_usual_events_occur_in_the_tested_search(logged):
    rare = {"unfinished", "events_lost"}
    assert {line["event"] for line in logged[0]} == EVENTS.keys() - rare


def test_a_full_disk_of_the_log_does_not_end_the_search(line, tmp_path):
    said = []
    with event_log("/dev/full", said.append) as events:
        run = searched(line, tmp_path, (events.hear,), candidates=2)
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2
    assert said == ["the log cannot be written, so it lacks events: No space left on device"]


class Disk:
    """A file of a disk that is full from time to time."""

    def __init__(self, *room):
        self.content, self.room = b"", list(room)

    def write(self, content):
        room = self.room.pop(0) if self.room else len(content)
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.content += bytes(content[:room])
        return min(room, len(content))

    def lines(self):
        return self.content.decode().splitlines()


def note(text):
    return Event("note", datetime.now(UTC), {"text": text})


def test_lines_that_were_lost_are_counted_as_soon_as_the_log_can_be_written_again():
    said, disk = [], Disk(10_000, 0, 0)
    log = EventLog(disk.write, said.append)
    for text in ("a", "b", "c", "d", "e"):
        log.hear(note(text))
    told = [json.loads(line) for line in disk.lines()]
    assert [line.get("text", line.get("count")) for line in told] == ["a", 2, "d", "e"]
    assert told[1]["event"] == "events_lost"
    assert len(said) == 1


def test_a_line_that_was_cut_by_a_full_disk_is_ended_before_the_next():
    disk = Disk(10_000, 20, 0)
    log = EventLog(disk.write, print)
    for text in ("a", "b", "c"):
        log.hear(note(text))
    whole, cut, lost, last = disk.lines()
    assert json.loads(whole)["text"] == "a"
    assert len(cut) == 20
    assert json.loads(lost)["count"] == 1
    assert json.loads(last)["text"] == "c"


def test_a_write_in_several_parts_is_one_line():
    disk = Disk(7, 5, 1)
    EventLog(disk.write, print).hear(note("a"))
    (line,) = disk.lines()
    assert json.loads(line)["text"] == "a"


@pytest.mark.parametrize(("before", "count"), [("", 1), ('{"event": "note"}\n', 2), ('{"event": "no', 2)])
def test_an_existing_log_is_continued_on_a_line_of_its_own(before, count, tmp_path):
    log = tmp_path / "log"
    log.write_text(before)
    with event_log(log, print) as events:
        events.hear(note("a"))
    lines = log.read_text().splitlines()
    assert len(lines) == count
    assert json.loads(lines[-1])["text"] == "a"
    assert log.read_text().startswith(before)


@pytest.mark.parametrize("place", ["none/log", "folder", "x" * 300])
def test_a_log_that_cannot_be_opened_is_one_sentence(place, tmp_path):
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(FileError, match=r"^the log .* cannot be written: ") as refused,
        event_log(tmp_path / place, print),
    ):
        pass
    assert "\n" not in str(refused.value)


def test_numbers_that_json_does_not_have_are_null_and_any_text_is_kept():
    disk = Disk()
    log = EventLog(disk.write, print)
    text = "µ \u2028 \udcff"
    log.hear(Event("note", datetime.now(UTC), {"text": text, "scores": {"a": float("nan"), "b": [float("inf"), 1.5]}}))
    (line,) = disk.lines()
    assert json.loads(line)["scores"] == {"a": None, "b": [None, 1.5]}
    assert json.loads(line)["text"] == text


def test_an_event_that_is_not_in_the_table_or_has_other_fields_is_refused():
    heard = []
    events = Events(heard.append, heard.append)
    events.tell("note", text="a")
    assert [event.name for event in heard] == ["note", "note"]
    with pytest.raises(KeyError):
        events.tell("nothing")
    with pytest.raises(KeyError, match="note has fields"):
        events.tell("note", words="a")
    assert len(heard) == 2
