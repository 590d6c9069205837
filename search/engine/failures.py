"""The error of a search in which every candidate failed."""

import re
from collections import Counter
from collections.abc import Iterable

from valp.errors import SearchError
from valp.search.run.ledger import Entry


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
    alike = Counter(map(_without_numbers, failures))
    common, count = alike.most_common(1)[0]
    reason = next(failure for failure in failures if _without_numbers(failure) == common)
    if len(failures) == 1:
        raise SearchError(f"the only candidate of run {run!r} failed: {reason}")
    most = "" if count == len(failures) else f", {count} of them for this reason"
    raise SearchError(f"all {len(failures)} candidates of run {run!r} failed{most}: {reason}")


def _without_numbers(failure: str) -> str:
    """A failure without its numbers, so that the same failure at step 10 and at step 20 counts as one."""
    return re.sub(r"\d+", "#", failure)
