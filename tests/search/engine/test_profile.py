"""Where the workers' time went."""

import pytest

from tests.search.listener import Listener
from valp.search.engine.time_profile import STARTING, TITLES, TimeProfile
from valp.search.facade.launch import launch
from valp.train.stopwatch import Stopwatch


def seconds_of(lines):
    """The seconds in each row of the table, by the row's title."""
    return {line[:-26].strip(): float(line[-26:].split()[0]) for line in lines[1:]}


def test_the_parts_and_the_waiting_add_up_to_the_workers_time():
    profile = TimeProfile()
    profile.take({STARTING: 2.0, "steps": 5.0})
    profile.take({"steps": 1.0, "scoring": 0.5})
    lines = profile.lines(2, 10.0)
    seconds = seconds_of(lines)
    assert seconds[TITLES["steps"]] == 6.0
    assert sum(seconds.values()) == pytest.approx(20.0)
    assert lines[2].split()[-3:] == ["6.0", "3.000", "30%"]


def test_a_search_can_print_where_its_time_went(digits_problem, tmp_path):
    shown = Listener()
    launch(digits_problem, name="p", runs=tmp_path, candidates=2, steps=200, workers=1, profile=True, display=shown)
    start = next(i for i, line in enumerate(shown.lines) if line.endswith("share"))
    seconds = seconds_of(shown.lines[start:])
    assert {*TITLES.values()} < seconds.keys()
    assert seconds[TITLES["steps"]] > 0
    assert seconds[TITLES["scoring"]] > 0


def test_a_stopwatch_sums_by_part_even_if_a_part_failed():
    watch = Stopwatch()
    for part in ("a", "b", "a"):
        with watch(part):
            pass
    with pytest.raises(ZeroDivisionError), watch("c"):
        1 / 0  # noqa: B018 - it must fail
    assert [*watch.parts] == ["a", "b", "c"]
    assert all(seconds >= 0 for seconds in watch.parts.values())
