"""What is compared: the graph of a search's winner and the tuned networks of the search, as one JSON document."""

from pathlib import Path

from valp.errors import DataError, SettingError
from valp.files import read_model
from valp.graph.frozen import Frozen
from valp.plan.plan import Protocol
from valp.search.run.folder import CANDIDATE
from valp.search.run.run import StoredRun
from valp.spaces.baselines.baseline_codes import NETWORK, TUNED, family
from valp.spaces.candidate import Candidate
from valp.spaces.problem.problem import Problem


class Subject(Frozen):
    """The winner of a search, and its rivals. With this document the comparison needs no run.

    Attributes:
        run: the name of the run.
        number: the number of the winner.
        candidates: the number of candidates of the search.
        steps, batch: its settings.
        problem: the name of its problem, or the path of the TOML file that describes it.
        fingerprint: that of the problem's data.
        protocol: how predictions are scored.
        winner: the graph and the training of the winner, without inherited weights.
        tuned: the best tuned single-task network of each output.
    """

    run: str
    number: int
    candidates: int
    steps: int
    batch: int
    problem: str
    fingerprint: str
    protocol: Protocol
    winner: Candidate
    tuned: dict[str, Candidate]


def subject_of(run: StoredRun, number: int | None) -> Subject:
    """What a run has to compare.

    Args:
        run: a finished search with tuned baselines.
        number: the candidate; None for the best compromise of the front.

    Raises:
        SettingError: if the run has no complete candidate, or no tuned networks.
    """
    front = run.front()
    if number is None and not front:
        raise SettingError(f"run {run.folder.name!r} has no complete candidate")
    entry = front[0] if number is None else run.ledger.entry(number)
    return Subject(
        run=run.folder.name,
        number=entry.number,
        candidates=len(run.ledger.entries()),
        steps=run.settings.steps,
        batch=run.settings.batch,
        problem=run.settings.source or run.settings.problem,
        fingerprint=run.settings.fingerprint,
        protocol=run.settings.protocol,
        winner=Candidate(graph=entry.candidate.graph, training=entry.candidate.training),
        tuned={output.name: tuned_network(run, output.name) for output in run.problem.outputs},
    )


def checked(problem: Problem, fingerprint: str, run: str) -> Problem:
    """The problem.

    Raises:
        DataError: if its data is not that of the run.
    """
    if problem.fingerprint != fingerprint:
        raise DataError(f"the data of {problem.name!r} is not the data of run {run!r}: it has changed")
    return problem


def tuned_network(run: StoredRun, output: str) -> Candidate:
    """The best of the tuned networks of an output by its validation score, the usual network among them.

    Raises:
        SettingError: if none was trained.
    """
    code = run.baselines.leading(output, (NETWORK, TUNED))
    drawn = any(family(known) == TUNED for known in run.ledger.baselines.get(output, ()))
    if code is None or not drawn:
        raise SettingError(
            f"run {run.folder.name!r} must have tuned single-task networks of {output!r}, but has none; "
            "resume it with `valp search ... --baselines tuned`"
        )
    found = read_model(Candidate, Path(run.folder.baseline(output, code)) / CANDIDATE)
    return Candidate(graph=found.graph, training=found.training)
