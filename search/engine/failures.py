"""Failures: the result of one failed candidate, and the error of a search in which every candidate failed."""

from collections.abc import Iterable

from valp.check.keys import content_key
from valp.errors import SearchError
from valp.search.engine.fault import Failure, Fault
from valp.search.engine.job import Job
from valp.search.run.failure_counts import failure_counts
from valp.search.run.ledger_entry import Entry
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate


def failed_result(candidate: Candidate, reason: str, log: str = "") -> Result:
    """The result of a candidate that has failed: the reason, in one sentence, and the end of a log."""
    return Result({}, 0, content_key(candidate.graph), 0, (0.0, 0.0), reason, log=log)


def failed_job(job: Job, failure: Failure) -> Result:
    """The result of a job that is not tried again."""
    last = "" if failure.fault is Fault.CANDIDATE else f"; this was attempt {job.attempt}, the last one"
    return failed_result(job.candidate, f"{failure.reason}{last}", failure.log)


def require_success(run: str, entries: Iterable[Entry]) -> None:
    """Checks that not all finished candidates of a run failed. A run without finished candidates passes.

    Args:
        run: the run's name.
        entries: the run's candidates.

    Raises:
        SearchError: if all failed. The message has the most common failure and its count.
    """
    ended = [entry for entry in entries if entry.state != "running"]
    failures = [entry.result.failure for entry in ended if entry.result is not None and entry.result.failure]
    if not failures or len(failures) < len(ended):
        return
    reason, count = failure_counts(failures)[0]
    if len(failures) == 1:
        raise SearchError(f"the only candidate of run {run!r} failed: {reason}")
    most = "" if count == len(failures) else f", {count} of them for this reason"
    raise SearchError(f"all {len(failures)} candidates of run {run!r} failed{most}: {reason}")
