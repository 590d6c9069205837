"""A candidate in the ledger, and the order in which candidates ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from optuna.trial import TrialState

from valp.check.keys import structure_key
from valp.files import parse_model
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate

State = Literal["complete", "pruned", "failed", "running"]
STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True)
class Entry:
    """A candidate in the ledger.

    Attributes:
        number, state: of its trial.
        ended: when it ended; None while it runs.
        result: None while it runs.
        parents: the candidates whose weights it inherits.
        order: how many candidates had ended before it; None if the times tell.
    """

    number: int
    state: State
    ended: datetime | None
    result: Result | None
    parents: tuple[int, ...]
    _document: str
    order: int | None = None

    @cached_property
    def candidate(self) -> Candidate:
        """The candidate, parsed from its document."""
        return parse_model(Candidate, str(self._document).encode(), f"candidate {self.number} in the ledger")

    @cached_property
    def structure(self) -> str:
        """The structure key of its graph, which ignores β."""
        return structure_key(self.candidate.graph)

    @property
    def samples_seen_with_parents(self) -> int:
        """The samples that it and all its ancestors have seen. Each ancestor counts once."""
        return self.candidate.lineage_samples + (self.result.samples_seen if self.result is not None else 0)

    def listing(self) -> dict[str, Any]:
        """The candidate as a JSON object, as in `valp best --json`.

        A score that was not measured, and a standard error that is not known, have no key.
        """
        result = self.result
        row: dict[str, Any] = {"number": self.number, "state": self.state}
        if result is not None:
            row |= {"scores": result.scores, "errors": result.errors, "parameters": result.parameters}
            row |= {"key": result.key, "samples_seen": result.samples_seen}
            row |= {"samples_seen_with_parents": self.samples_seen_with_parents}
            row |= {"seconds": round(sum(result.seconds), 3)}
            row |= {"failure": result.failure} if result.failure else {}
            row |= {"log": result.log} if result.log else {}
        row |= {"parents": self.parents} if self.parents else {}
        return row


def by_end(entries: Iterable[Entry]) -> list[Entry]:
    """The finished candidates in the order in which they finished."""
    ended = [(-1 if one.order is None else one.order, one.ended, one.number, one) for one in entries if one.ended]
    return [entry for *_, entry in sorted(ended, key=lambda row: row[:3])]
