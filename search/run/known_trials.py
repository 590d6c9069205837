"""The trials of a ledger as a driver knows them: each is read and looked at again only until it has ended."""

import threading
from collections.abc import Mapping
from itertools import islice

import optuna
from optuna.storages import _CachedStorage
from optuna.trial import FrozenTrial

Scores = dict[str, float]
CANDIDATE_DOCUMENT, PARENTS, RUNGS = "candidate", "parents", "rungs"
"""Names of user attributes of a trial: its candidate, the parents of that, and its scores at each rung reached."""


class KnownTrials:
    """The trials of a study. What a call costs depends on how many have changed since the last, not on how many exist.

    `optuna.Study.get_trials` sorts and copies them all at each call.

    Attributes:
        trials: all trials by number, as of the last `read`. They must not be changed.
        ended: the numbers of the candidates that have ended, in the order in which they were read.
        unfinished: the numbers of the trials that have not ended.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self.trials: Mapping[int, FrozenTrial] = {}
        self.ended: list[int] = []
        self.unfinished: set[int] = set()
        self._count = 0
        self._lock = threading.Lock()  # several threads of a dashboard may read
        self._arrivals: dict[tuple[str, bool], dict[int, Scores]] = {}

    def read(self) -> Mapping[int, FrozenTrial]:
        """Brings all up to date, and returns `trials`."""
        with self._lock:
            trials = self._read()
            count = len(trials)
            for number in islice(reversed(trials), count - self._count):
                self.unfinished.add(number)
            self._count, self.trials = count, trials
            for number in sorted(self.unfinished):
                self._take(trials[number])
        return trials

    def arrivals(self, rung: int, *, inherit: bool) -> dict[int, Scores]:
        """The scores at a rung by candidate, in the order in which they were read.

        The same object as before unless a candidate has left the rung, because it is trained from scratch after all.

        Args:
            rung: the rung.
            inherit: whether of candidates with inherited weights, or of those trained from scratch.
        """
        return self._arrivals.get((str(rung), inherit), {})

    def _read(self) -> dict[int, FrozenTrial]:
        storage, study_id = self._study._storage, self._study._study_id
        if isinstance(storage, _CachedStorage):
            storage._read_trials_from_remote_storage(study_id)
            return storage._studies[study_id].trials
        return {trial.number: trial for trial in storage.get_all_trials(study_id, deepcopy=False)}

    def _take(self, trial: FrozenTrial) -> None:
        number, attributes = trial.number, trial.user_attrs
        reached, inherits = attributes.get(RUNGS, {}), bool(attributes.get(PARENTS))
        for (rung, of_inherited), there in self._arrivals.items():
            if number in there and (of_inherited != inherits or rung not in reached):
                kept = {other: scores for other, scores in there.items() if other != number}
                self._arrivals[rung, of_inherited] = kept  # another object, so that `Rungs` sees the change
        for rung, scores in reached.items():
            self._arrivals.setdefault((rung, inherits), {})[number] = scores
        if trial.state.is_finished():
            self.unfinished.discard(number)
            if CANDIDATE_DOCUMENT in attributes:
                self.ended.append(number)
