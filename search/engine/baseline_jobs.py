"""The single-task networks that a search trains: before its candidates, and the best of them longer at the end."""

from collections.abc import Iterator

from valp.files import read_model
from valp.search.engine.job import Job
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.folder import CANDIDATE, Folder
from valp.search.run.ledger_entry import Entry
from valp.search.strategies import Question
from valp.spaces.baselines.baseline_codes import LONGER, NETWORK, TUNED, Level
from valp.spaces.baselines.baselines import MOST_TRAININGS, networks, trained_longer
from valp.spaces.candidate import Candidate

LEAST = 1.5
"""Trainings. If no candidate of the front has seen more, the single-task networks need not be trained longer."""


def network_jobs(folder: Folder, question: Question, level: Level, told: BaselineScores) -> Iterator[Job]:
    """The single-task networks that are not trained yet."""
    for one in networks(question.problem, question.space, question.training, question.seed, question.candidates, level):
        if one.code not in told.told.get(one.output, {}):
            yield Job(one.candidate, folder.baseline(one.output, one.code), output=one.output, code=one.code)


def longer_jobs(folder: Folder, question: Question, front: list[Entry], told: BaselineScores) -> Iterator[Job]:
    """The best tuned network of each output, with as many samples as a candidate of the front and its ancestors.

    It is trained from scratch. The number of samples is the largest of the front, at most `MOST_TRAININGS` trainings.
    """
    full = question.training.steps * question.training.batch
    samples = max((entry.samples_seen_with_parents for entry in front), default=0)
    if samples < LEAST * full:
        return
    for output in question.problem.outputs:
        code = told.leading(output.name, (NETWORK, TUNED))
        if code is not None and LONGER not in told.told[output.name]:
            best = read_model(Candidate, folder.baseline(output.name, code) / CANDIDATE)
            candidate = trained_longer(best, round(min(samples, MOST_TRAININGS * full)))
            yield Job(candidate, folder.baseline(output.name, LONGER), output=output.name, code=LONGER)
