"""The events of candidates and baselines, with their fields."""

from collections.abc import Collection
from typing import Any

from valp.search.engine.fault import Failure, Fault
from valp.search.engine.job import Job
from valp.search.engine.search_events import Events
from valp.search.run.result import Result
from valp.spaces.candidate import Candidate


def tell_proposal(events: Events, number: int, candidate: Candidate) -> None:
    """A strategy has proposed a candidate."""
    training = candidate.training
    events.tell(
        "candidate_proposed",
        candidate=number,
        parents=candidate.parents,
        networks=len(candidate.graph.networks),
        steps=training.steps,
        batch=training.batch,
        learning_rate=training.learning_rate,
    )


def tell_start(events: Events, job: Job) -> None:
    """A job is handed out."""
    if job.output is None:
        parents = job.candidate.parents
        events.tell("candidate_started", candidate=job.number, parents=parents, attempt=job.attempt)
    else:
        events.tell("baseline_started", title=job.title, output=job.output, code=job.code, attempt=job.attempt)


def tell_rung(events: Events, number: int, steps: int, result: Result, *, goes_on: bool) -> None:
    """A candidate has reached a rung, and continues or is stopped."""
    events.tell("candidate_rung", candidate=number, steps=steps, scores=result.scores, goes_on=goes_on)


def tell_loss(events: Events, job: Job, failure: Failure) -> None:
    """A job ended without a result. If its worker was lost, this is told with the end of its log."""
    if failure.fault is Fault.WORKER:
        told = {"title": job.title, "candidate": job.number, "reason": failure.reason}
        events.tell("worker_lost", **told, attempt=job.attempt, log=failure.log)


def tell_unfinished(events: Events, job: Job, reason: str) -> None:
    """A job stays unfinished in this session, or another driver has taken it over."""
    events.tell("unfinished", title=job.title, candidate=job.number, reason=reason)


def tell_retry(events: Events, job: Job, again: Job, reason: str) -> None:
    """A job will be handed out again."""
    told = {"title": job.title, "candidate": job.number, "reason": reason, "attempt": again.attempt}
    events.tell("retry", **told, from_scratch=again.candidate != job.candidate)


def tell_end(events: Events, number: int, result: Result, front: Collection[int], *, recovered: bool = False) -> None:
    """The ledger has a candidate's final result. `front` is the front, of which it may be a member."""
    told: dict[str, Any] = {"candidate": number, "recovered": recovered} | _seconds(result)
    if result.failure is not None:
        told |= {"samples_seen": result.samples_seen, "reason": result.failure, "log": result.log}
        events.tell("candidate_failed", **told)
    else:
        told |= {"state": "complete" if result.complete else "pruned", "front": number in front} | _scored(result)
        events.tell("candidate_ended", **told)


def tell_baseline(events: Events, title: str, output: str, code: str, result: Result, *, recorded: bool = True) -> None:
    """A baseline has ended. It is `recorded` if the ledger has it."""
    told: dict[str, Any] = {"title": title, "output": output, "code": code} | _scored(result) | _seconds(result)
    events.tell("baseline_ended", **told, failure=result.failure, recorded=recorded)


def tell_waiting(events: Events, count: int) -> None:
    """`count` more single-task networks wait to be trained."""
    if count:
        events.tell("baselines_queued", count=count)


def _scored(result: Result) -> dict[str, Any]:
    fields = {"scores": result.scores, "errors": result.errors}
    return fields | {"parameters": result.parameters, "samples_seen": result.samples_seen}


def _seconds(result: Result) -> dict[str, float]:
    return {"training_seconds": round(result.seconds[0], 3), "scoring_seconds": round(result.seconds[1], 3)}
