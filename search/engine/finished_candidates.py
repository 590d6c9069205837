"""Counts the finished candidates of a search for its status, and deletes the weights that are no longer needed."""

from collections.abc import Iterable

from valp.search.engine.status import Status
from valp.search.pareto.front import Front, losses, ranked
from valp.search.run.candidate_folders import CandidateFolders
from valp.search.run.claims import Claims
from valp.search.run.ledger import Ledger
from valp.search.run.result import Result
from valp.search.strategies import Strategy


class FinishedCandidates:
    """The finished candidates of a run, also those that other drivers have trained.

    Args:
        folders: the candidates' folders.
        ledger: its ledger.
        claims: the claims of this driver.
        status: the status of the search, which is kept up to date.
        keep_all: whether the weights of all candidates are kept.
    """

    def __init__(
        self, folders: CandidateFolders, ledger: Ledger, claims: Claims, status: Status, *, keep_all: bool
    ) -> None:
        self._folders, self._ledger, self._claims, self._status = folders, ledger, claims, status
        self._keep_all = keep_all
        self._front = Front()
        self._counted: set[int] = set()
        self._read = 0  # so many of the ledger's candidates that have ended
        self._weighted: set[int] = set()  # their weights are on disk

    def count(self, number: int, result: Result) -> None:
        """Adds a candidate that has just been recorded, and those that other drivers have recorded meanwhile."""
        if self._claims.shared:
            self.count_all()
        else:
            self._count(number, result)

    def count_all(self) -> None:
        """Adds all finished candidates of the ledger."""
        new = self._ledger.ended(after=self._read)
        self._read += len(new)
        for entry in new:
            if entry.result is not None and entry.number not in self._counted:
                self._count(entry.number, entry.result)

    def _count(self, number: int, result: Result) -> None:
        """Adds a finished candidate to the status and the front."""
        self._counted.add(number)
        self._status.take(number, result)
        if result.failure is not None:
            return
        self._weighted.add(number)
        if not result.complete:
            return
        values = ranked(result.scores, self._ledger.objectives)
        if values is None:
            raise AssertionError("the ledger records a candidate that cannot be ranked as failed")
        self._front.add(number, losses([values], list(self._ledger.objectives.values()))[0])
        self._status.front = tuple(self._front.members)

    def drop_weights(self, strategy: Strategy, parents: Iterable[Iterable[int]], *, wait: bool = False) -> None:
        """Deletes the weights that are no longer needed, unless the run keeps all.

        The needed weights are those of the front, those that a proposal may inherit, and those of the parents of
        candidates in training.

        Args:
            strategy: the strategy of the search.
            parents: the parents of the candidates that this driver trains.
            wait: whether to wait for other drivers that are proposing a candidate. If not, nothing is deleted while one
                is; the next candidate that ends brings another occasion.
        """
        if self._keep_all:
            return
        with self._claims.dropping(wait=wait) as may:
            if not may:
                return
            wanted = strategy.keeps(self._ledger).union(self._front.members, *parents)
            if self._claims.shared:
                wanted = wanted.union(*(entry.parents for entry in self._ledger.running()))
            for number in self._weighted - wanted:
                self._folders.drop_weights(number)
            self._weighted &= wanted
