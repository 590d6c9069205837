"""The status of a search as lines for people."""

from collections.abc import Iterator
from datetime import datetime

from valp.search.number_text import duration
from valp.search.run.run_status import RunStatus
from valp.search.run.session_record import SessionRecord

WIDTH = 12
"""The width of the first words of the lines, such as "candidates"."""

MOST_REASONS = 5
"""The most reasons of failures that are listed."""


def status_lines(status: RunStatus) -> list[str]:
    """The lines of `valp status`. A line is left out if there is nothing to say."""
    rows = [*_session(status), *_candidates(status), *_now(status), *_scores(status), *_failures(status)]
    return [f"{status.run.folder.name}: {_state(status)}", *(f"  {what:<{WIDTH}}{text}" for what, text in rows)]


def _state(status: RunStatus) -> str:
    """The state of the search, as the end of a sentence."""
    session, unfinished = status.session, status.count("running")
    last = f"; {unfinished} candidate{' is' if unfinished == 1 else 's are'} unfinished"
    if status.state == "locked":
        return "locked by a command: a search that starts or ends, a search by an earlier version, or valp clean"
    if session is None:
        return (
            f"{status.state}: no driver is running{last}" if status.state == "interrupted" else "no driver is running"
        )
    if status.state == "running":
        gone = duration((status.now - session.began).total_seconds())
        return f"running for {gone}, since {_clock(session.began, status.now)}"
    ended = _clock(session.ended or session.updated, status.now)
    if status.state == "finished":
        return f"finished at {ended}"
    why = {
        "deadline": f"its time was over at {ended}",
        "interrupted": f"{session.message} ended it at {ended}",
        "error": f"an error ended it at {ended}: {session.message}",
        "killed": f"the last one was killed at {ended} or later",
        "complete": f"the last one finished at {ended}, but the ledger lacks candidates",
    }[status.reason or "killed"]
    return f"interrupted: no driver is running; {why}"


def _session(status: RunStatus) -> Iterator[tuple[str, str]]:
    session = status.session
    if session is None or status.state != "running":
        return
    for place, driver in enumerate(status.drivers or (session,)):
        workers = f"{driver.workers} worker{'s' * (driver.workers > 1)}" if driver.workers else "trains without workers"
        what = "driver" if len(status.drivers) < 2 else "drivers"
        text = f"process {driver.process} on {driver.host}, {workers}{_deadline(driver, status.now)}"
        yield "" if place else what, text


def _deadline(session: SessionRecord, now: datetime) -> str:
    return "" if session.deadline is None else f", until {_clock(session.deadline, now)}"


def _candidates(status: RunStatus) -> Iterator[tuple[str, str]]:
    whole = f" of {status.total}" if status.total is not None else ""
    counts = [f"{status.count('complete')} complete", f"{status.count('pruned')} stopped early"]
    counts += [f"{status.count('failed')} failed"]
    unfinished = status.count("running")
    more = f"; {unfinished} unfinished" if unfinished and status.state != "running" else ""
    yield "candidates", f"{status.ended}{whole} have ended: {', '.join(counts)}{more}"
    if status.rates is not None:
        candidates, samples = status.rates
        left = "" if status.seconds_left is None else f"; about {duration(status.seconds_left)} left"
        yield "rate", f"{candidates:.2g} candidates and {samples:,.0f} samples a minute{left}"


def _now(status: RunStatus) -> Iterator[tuple[str, str]]:
    if status.state != "running" or status.session is None:
        return
    if status.session.preparing is not None:
        yield "now", status.session.preparing
    for place, job in enumerate(status.jobs):
        parents = f" from {' and '.join(map(str, job.parents))}" if job.parents else ""
        attempt = f", attempt {job.attempt}" if job.attempt > 1 else ""
        gone = duration(max(0.0, (status.now - job.since).total_seconds()))
        yield "" if place else "now", f"{job.title}{parents}{attempt}, for {gone}"
    if not status.jobs and status.session.preparing is None:
        yield "now", "nothing is being trained"


def _scores(status: RunStatus) -> Iterator[tuple[str, str]]:
    best, objectives = status.best, status.run.objectives
    baselines = status.run.baselines.best
    for place, (name, metric) in enumerate(objectives.items()):
        value = f"{metric.score.text(best[name][0])} (candidate {best[name][1]})" if name in best else "–"
        reached = baselines.get(name)
        than = "" if reached is None else f", best baseline {metric.score.text(reached.value)} ({reached.title})"
        yield "" if place else "best", f"{name} {value}{than}"
    results = [result for codes in status.run.ledger.baselines.values() for result in codes.values()]
    failed = sum(result.failure is not None for result in results)
    counts = [f"{len(results) - failed} finished"] + ([f"{failed} failed"] if failed else [])
    counts += [f"{status.baselines_waiting} waiting"] if status.baselines_waiting else []
    level = status.run.settings.baselines
    yield "baselines", level if level == "none" else f"{level}: {', '.join(counts)}"


def _failures(status: RunStatus) -> Iterator[tuple[str, str]]:
    for place, (reason, count) in enumerate(status.failures[:MOST_REASONS]):
        yield "" if place else "failures", f"{count} × {reason}"
    if len(status.failures) > MOST_REASONS:
        yield "", f"and {len(status.failures) - MOST_REASONS} other reasons"
    if status.last_error is not None:
        yield "last error", f"{_clock(status.last_error.at, status.now)}  {status.last_error.text}"


def _clock(at: datetime, now: datetime) -> str:
    """A time on this machine's clock; with the date if it is another day."""
    local = at.astimezone()
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone().date() else f"{local:%Y-%m-%d %H:%M:%S}"
