"""`search` runs or resumes a search until the run has all its candidates."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from valp.graph.graph import Graph
from valp.search.engine.candidate_limits import CandidateLimits
from valp.search.engine.display import Display, SilentDisplay
from valp.search.engine.driver import Driver
from valp.search.engine.failures import require_success
from valp.search.engine.local.train_locally import train_locally
from valp.search.engine.search_events import Event, Events
from valp.search.engine.session_recorder import SessionRecorder
from valp.search.engine.telling import TellingDisplay, telling_session
from valp.search.engine.workplace import Workplace, workplace
from valp.search.number_text import duration
from valp.search.run.folder import Folder
from valp.search.run.ledger import Ledger
from valp.search.run.opened_run import opened_to_search
from valp.search.run.postgres.address import Address
from valp.search.run.settings import Settings, other_versions
from valp.search.strategies import STRATEGIES
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import ready


def search(
    folder: Folder,
    problem: Problem,
    settings: Settings,
    *,
    start_from: Sequence[Graph] = (),
    candidates: int,
    hours: float | None = None,
    workers: int | None = 2,
    address: str | None = None,
    candidate_timeout: float | None = None,
    candidate_memory: int | None = None,
    profile: bool = False,
    display: Display | None = None,
    listeners: Sequence[Callable[[Event], None]] = (),
    database: Address | None = None,
) -> Ledger:
    """Searches until the run has all its candidates or the time is over. Called again, it resumes.

    Args:
        folder: the run's folder; created if it does not exist.
        problem: the problem to learn.
        settings: the run's settings. If the run exists, they must be the same as before. Their conditions replace those
            of the problem.
        start_from: the graphs of the first candidates; their keys are in the settings.
        candidates: the number of candidates in the finished run, including those of earlier calls.
        hours: the wall time of this session, in hours. Then no further candidate is started, and those in training
            stop; the next session trains them from their start.
        workers: the number of candidates trained at once, each on one thread; by default the cores of this machine, or
            the CPUs of the Ray cluster. 0 trains in this process, one after the other, without Ray.
        address: the Ray cluster; see `valp.search.engine.cluster_address.cluster_address`.
        candidate_timeout: the most seconds of training and scoring of a candidate; by default
            `CandidateLimits.seconds_of`.
        candidate_memory: the most bytes of a candidate; by default `Workplace.memory`.
        profile: whether to show at the end where the workers' time went.
        display: shows the progress; by default nothing is shown.
        listeners: are called with each event of the search; see `valp.search.engine.search_events`.
        database: the address of the run's database in PostgreSQL, which several drivers may use at once; None if the
            ledger is a file in the run's folder.

    Raises:
        SettingError: if the settings differ from the run's, another process keeps others off the run, or there is no
            Ray cluster at the address.
        FileError: if the folder cannot be written, its ledger was lost and cannot be rebuilt, or its database does not
            answer.
        SearchError: if every candidate of the run failed, the cluster cannot be used, or no worker can start.
    """
    display = display or SilentDisplay()
    deadline = None if hours is None else time.monotonic() + hours * 3600
    if problem.conditions != settings.conditions:
        problem = problem.model_copy(update={"conditions": settings.conditions})
    reads = STRATEGIES[settings.strategy].reads_parameters
    with (
        workplace(workers, address) as place,
        opened_to_search(folder, problem.description, settings, database, reads_parameters=reads) as opened,
    ):
        memory = place.memory if candidate_memory is None else candidate_memory
        limits = CandidateLimits(candidate_timeout, memory, deadline)
        ledger, count = opened.ledger, place.workers
        recorder = SessionRecorder(opened.session, candidates, count, datetime.now(UTC))
        events = Events(recorder.hear, *listeners)
        shown = TellingDisplay(display, events)
        driver = Driver(
            folder,
            problem,
            settings,
            ledger,
            display,
            candidates,
            count,
            tuple(start_from),
            events,
            opened.claims,
            opened.folders,
        )
        with telling_session(driver, hours, resumed=opened.resumed):
            if opened.rebuilt:
                shown.say(
                    f"the ledger lacked {opened.rebuilt} finished candidates, which were added from their folders"
                )
            driver.recover()
            driver.add_longer_baselines()
            if driver.has_more():
                recorder.start()
                _work(driver, settings, shown, place, limits, profile=profile)
                opened.folders.fetch_all()
        shown.close()
        require_success(folder.name, ledger.entries())
        return ledger


def _work(
    driver: Driver, settings: Settings, shown: Display, place: Workplace, limits: CandidateLimits, *, profile: bool
) -> None:
    """Prepares the data, and trains what a driver hands out until nothing is left or the time is over."""
    problem, workers = driver.problem, driver.workers
    changed = other_versions(driver.folder.settings)
    if changed is not None:
        shown.say(changed)
    for remark in (*place.remarks, *problem.remarks):
        shown.say(remark)
    with closing(shown):
        judges = judges_of(problem, shown.say, shown.step)
    scorer = Scorer(problem, judges, settings.protocol, objectives=settings.objectives)
    missing = ready(settings.executor, shown.say)
    if missing is not None:
        shown.say(f"the native executor is not available, so torch trains, several times slower: {missing}")
    start = time.monotonic()
    driver.begin(limits.deadline)
    left = None if limits.deadline is None else timedelta(seconds=limits.deadline - start)
    driver.events.tell("training_began", deadline=None if left is None else (datetime.now(UTC) + left).isoformat())
    try:
        driver.fit_baselines(scorer)
        while driver.has_more():
            _train(driver, scorer, settings, place, shown, limits)
        driver.add_longer_baselines()
        _train(driver, scorer, settings, place, shown, limits)
        driver.drop_weights(wait=True)
    finally:
        shown.close()
    if driver.stopped is not None:
        raise driver.stopped
    wall = time.monotonic() - start
    share = driver.busy / (max(workers, 1) * wall)
    whose = {0: "it", 1: "the worker's time"}.get(workers, f"{workers} workers' time")
    shown.say(f"{duration(wall)}; {share:.0%} of {whose} went into training and scoring")
    if driver.is_unfinished and driver.is_late():
        shown.say("the time is over; the same command continues the search")
    if profile:
        for line in driver.profile.lines(max(workers, 1), wall):
            shown.say(line)


def _train(
    driver: Driver, scorer: Scorer, settings: Settings, place: Workplace, shown: Display, limits: CandidateLimits
) -> None:
    """Trains the jobs of the driver until there are none left."""
    if not driver.has_work():
        return
    if place.workers == 0:
        train_locally(driver, scorer, settings.executor, limits)
        return
    from valp.search.engine.ray.train_with_ray import train_with_ray  # Ray takes seconds to load

    starting = f"starting {place.workers} worker{'s' * (place.workers > 1)}{place.cluster and f' on {place.cluster}'}"
    shown.say(f"{driver.folder.name}: {starting}")
    driver.events.tell("preparing", title=starting)
    train_with_ray(driver, scorer, settings.executor, place.workers, limits)
