"""Where the workers' time went."""

import pytest

from valp.search.engine.time_profile import STARTING, TITLES, TimeProfile
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


def test_a_stopwatch_sums_by_part_even_if_a_part_failed():
    watch = Stopwatch()
    for part in ("a", "b", "a"):
        with watch(part):
            pass
    with pytest.raises(ZeroDivisionError), watch("c"):
        1 / 0  # noqa: B018 - it must fail
    assert [*watch.parts] == ["a", "b", "c"]
    assert all(seconds >= 0 for seconds in watch.parts.values())
