"""Runs with candidates that were not trained."""

from collections.abc import Mapping
from dataclasses import replace

import optuna
from optuna.trial import TrialState

from valp.search.run.folder import Folder
from valp.search.run.ledger import Ledger

STATES = {
    "complete": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "pruned": TrialState.PRUNED,
    "running": TrialState.RUNNING,
}


def untrained_run(run, candidates, score, directory, ends: Mapping[int, str] | None = None):
    """A run with the settings of another, and with these candidates.

    Args:
        run: the other.
        candidates: by number.
        score: returns the scores of a candidate's number, in the order of the objectives.
        directory: the folder in which the run's folder is made.
        ends: the states of candidates that are not complete.
    """
    study = optuna.create_study(directions=[metric.score.goal for metric in run.objectives.values()])
    for number, candidate in enumerate(candidates):
        state = (ends or {}).get(number, "complete")
        scores = dict(zip(run.objectives, map(float, score(number)), strict=True)) if state != "failed" else {}
        result = {"scores": scores, "parameters": 10, "key": "k", "samples_seen": 100, "seconds": (1.0, 0.5)}
        result |= {"failure": "it <i>diverged</i>" if state == "failed" else None, "complete": state == "complete"}
        attributes = {"candidate": candidate.model_dump_json(), "parents": candidate.parents}
        attributes |= {"result": result} if state != "running" else {}
        values = [*scores.values()] if state == "complete" else None
        study.add_trial(optuna.create_trial(state=STATES[state], values=values, user_attrs=attributes))
    folder = Folder(directory / run.folder.name)
    folder.path.mkdir()
    folder.settings.write_bytes(run.folder.settings.read_bytes())
    return replace(run, folder=folder, ledger=Ledger(study, run.objectives))
