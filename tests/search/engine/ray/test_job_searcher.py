"""What the searcher of Tune tells the search if the run cannot be written while it decides at a rung."""

from types import SimpleNamespace

import pytest

from valp.errors import FileError
from valp.search.engine.fault import Fault
from valp.search.engine.ray.parcel import Parcel
from valp.search.engine.ray.tuner import JobSearcher, Sent


@pytest.mark.parametrize("error", [FileError("the database does not answer"), OSError("no space")])
def test_a_candidate_is_not_recorded_as_stopped_because_a_decision_failed(error):
    told = []

    class Jobs:
        def goes_on(self, job, steps):
            raise error

        def keep(self, job, outcome):
            told.append("kept")

        def end(self, job, failure=None):
            told.append(failure.fault)

        def spent(self, seconds, *, ended):
            pass

        def stop(self, error):
            told.append("stopped")

    searcher = JobSearcher(Jobs(), SimpleNamespace(forget=lambda job: None))
    searcher._running["a"] = Sent(SimpleNamespace(), Parcel([]))
    assert not searcher.goes_on("a", {"steps": 50})
    searcher.on_trial_complete("a", {"steps": 50})
    assert told == [Fault.FILES]
