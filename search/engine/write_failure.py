"""Writes the folder of a candidate that has failed without a worker to write it."""

from pathlib import Path

from valp.check.keys import content_key
from valp.search.run.folder import filling, write_candidate, write_result
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate


def failed_result(candidate: Candidate, reason: str, log: str = "") -> Result:
    """The result of a candidate that has failed: the reason, in one sentence, and the end of a log."""
    return Result({}, 0, content_key(candidate.graph), 0, (0.0, 0.0), reason, log=log)


def write_failure(path: Path, candidate: Candidate, result: Result) -> None:
    """Writes the folder, whole or not at all.

    Raises:
        FileError: if it cannot be written.
    """
    with filling(path) as folder:
        write_candidate(folder, candidate)
        write_result(folder, result)
