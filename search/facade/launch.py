"""`launch` runs a whole search. It checks the settings before anything is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Literal, get_args

from valp.check.check import require
from valp.check.keys import content_key
from valp.errors import SettingError
from valp.graph.graph import Graph
from valp.plan.byte_size import read_size
from valp.plan.plan import EXECUTORS, Executor, Protocol
from valp.search.engine.display import Display
from valp.search.engine.run_search import search
from valp.search.engine.search_events import Event
from valp.search.facade.run_handle import Run
from valp.search.run.folder import Folder
from valp.search.run.postgres.address import Address
from valp.search.run.run import open_run
from valp.search.run.settings import Settings, definitions_of, read_settings
from valp.search.run.shared_files import SharedFiles
from valp.search.show.display import LineDisplay
from valp.search.strategies import STRATEGIES
from valp.spaces.baselines.baseline_codes import Level
from valp.spaces.generate.space import space_of
from valp.spaces.problem.interface import require_conditions, require_interface
from valp.spaces.problem.problem import Problem
from valp.train.balance import read_balance, require_native

FEWEST_TO_BREED = 16
"""The fewest candidates for which evolution is the default strategy. With fewer there is little to breed from."""


LONGEST_NAME = 200
"""The most bytes of a run's name. Most file systems allow 255, and a deletion adds a suffix."""

SAMPLES_TO_TUNE = 1_000_000
"""The fewest samples, candidates × steps × batch, for which baselines are tuned by default: about a minute."""


def launch(
    problem: Problem,
    *,
    name: str,
    runs: Path | str = "runs",
    strategy: str | None = None,
    space: str = "default",
    kinds: str | Sequence[str] = (),
    balance: str | Sequence[str] = (),
    start_from: Sequence[Graph] = (),
    objectives: str | Sequence[str] = (),
    candidates: int = 40,
    hours: float | None = None,
    steps: int = 2000,
    batch: int = 50,
    workers: int | None = None,
    address: str | None = None,
    candidate_timeout: float | None = None,
    candidate_memory: str | float | None = None,
    seed: int = 0,
    protocol: Protocol = "predict",
    keep: Literal["front", "all"] = "front",
    executor: Executor = "auto",
    halving: bool = False,
    baselines: Level | None = None,
    profile: bool = False,
    source: str | None = None,
    storage: str | None = None,
    files: str | None = None,
    display: Display | None = None,
    listeners: Sequence[Callable[[Event], None]] = (),
) -> Run:
    """Searches a problem. Called again with the same settings, it resumes the search.

    Args:
        problem: the problem to learn.
        name: the name of the run, and of its folder in `runs`.
        runs: the folder of the runs.
        strategy: a code of `valp.search.strategies.STRATEGIES`. By default it is that of the existing run, else
            evolution, or random search for fewer than 16 candidates.
        space: a name of `valp.spaces.generate.space.SPACES`.
        kinds: codes of `valp.parts.kinds.KINDS`; by default those of the space.
        balance: balancing methods of `valp.train.balance.BALANCERS`, each `NAME` or `NAME:key=value,key=value`; by
            default those of the space. Settings without a value, and the choice among several methods, are searched.
        start_from: the graphs of the first candidates.
        objectives: the names of the scores to optimise, of outputs or of whole graphs (`parameters`, `latency`,
            `inferences_per_second`), also under attack (`robust_accuracy@0.1`). By default those of the existing run,
            else one for each output.
        candidates: the number of candidates in the finished run, including those of earlier calls.
        hours: the wall time of this call, in hours. Then no further candidate is started, and those in training stop;
            the next call trains them from their start.
        steps: the gradient steps of a full training.
        batch: the examples in a step.
        workers: the number of candidates trained at once, one thread each; by default the number of cores, or of CPUs
            of the Ray cluster. 0 trains in this process, one after the other, without Ray.
        address: the Ray cluster that trains the candidates: `"HOST:PORT"`; `"auto"` for the one that this machine is
            part of; `"local"` for none. By default that of RAY_ADDRESS, or the one that this machine is part of, or
            none. A program that is connected to Ray uses this connection.
        candidate_timeout: the most seconds that a candidate is trained and scored. By default 10 minutes, and one
            second for each step of up to 50 examples, in proportion for more. A candidate that takes longer has failed.
        candidate_memory: the most memory of a candidate, as `"4GB"` or in bytes. It is estimated before the training.
            By default 80% of the machine's memory are shared equally by the workers, with at least 1 GB for each. A
            candidate that needs more has failed.
        seed: the seed of everything random.
        protocol: the mode in which predictions are scored. Garciarena et al. use `generate`.
        keep: which weights are kept on disk: those of the front, or all.
        executor: the executor that trains; see `valp.train.fit.fit`.
        halving: whether a candidate is stopped at a rung if it is not among the best there; see
            `valp.search.engine.rungs`.
        baselines: what candidates are compared with. `quick`: no learning, a linear model, and a single-task network
            of each output. `tuned`: also boosted trees, and the best of several single-task networks: three fixed ones,
            and a sixth of the number of candidates, at least 4 and at most 16, drawn from the space. The best one is
            also trained as long as the candidates of the front and their ancestors. `none`: nothing. By default that of
            the existing run, else `tuned`, or `quick` for searches of less than about a minute.
        profile: whether to show at the end where the workers' time went.
        source: the file that describes the problem, from which `valp train --from` loads the data again.
        storage: the URL of a PostgreSQL database for the ledger, `postgresql://user@host/database`. Then several
            processes with the same settings and the same folder of runs may search the run at once. The password may be
            in the URL, in `PGPASSWORD` or in `~/.pgpass`; the run keeps the URL without it. By default that of the
            existing run, else the ledger is an SQLite file in the run's folder.
        files: the URL of a store for the candidates' files, such as `s3://bucket/folder`: anything that fsspec reads
            and writes. Drivers with the same `storage` then need no folder that all of them see: each has a copy of
            the run in its own folder of runs. By default that of the existing run, else none.
        display: shows the progress; by default as lines on stderr.
        listeners: are called with each event of the search, such as a candidate that has ended. An event has a `name`,
            a time `at` and `fields`; `valp.search.engine.search_events.EVENTS` lists all. `hear` of an open
            `valp.search.engine.event_log.event_log` writes them to a file. An error of a listener ends the search.

    Raises:
        SettingError: if a setting is not possible or differs from the run's, another process is searching the run, or
            there is no Ray cluster at the address.
        FileError: if the run's folder cannot be written, or its database does not answer.
        MissingPackageError: if `storage` is given and psycopg is not installed, or a package for `files`.
        SearchError: if every candidate failed, no worker can start, or the Ray cluster cannot be used; the message has
            the reason.
    """
    if not isinstance(problem, Problem):
        raise SettingError(
            f"problem must be a Problem, for example from valp.load_problem, but is of type {type(problem).__name__}"
        )
    if name in ("", "..") or Path(name).name != name or "\0" in name:
        raise SettingError(f"a run's name must be the name of a folder, but is {name!r}")
    if len(name.encode()) > LONGEST_NAME:
        raise SettingError(f"a run's name must have at most {LONGEST_NAME} bytes, but has {len(name.encode())}")
    folder = Folder(Path(runs) / name)
    for what, value in (("steps", steps), ("batch", batch), ("candidates", candidates), ("seed", seed)):
        whole(what, value)
        if what != "seed":
            positive(what, value)
    if strategy is None:
        strategy = usual_strategy(folder, candidates)
        if strategy not in STRATEGIES:
            raise SettingError(f"run {name!r} was searched by strategy {strategy!r}, which is not installed")
    one_of("strategy", strategy, STRATEGIES)
    one_of("executor", executor, EXECUTORS)
    one_of("protocol", protocol, get_args(Protocol))
    one_of("keep", keep, ("front", "all"))
    if baselines is None:
        baselines = usual_baselines(folder, candidates * steps * batch)
    one_of("baselines", baselines, get_args(Level))
    kinds, objectives = as_several(kinds), as_several(objectives)
    balances = tuple(str(read_balance(text)) for text in as_several(balance))
    searched = space_of(space, kinds, balances)
    conditions, usual = problem.conditions, problem.objectives_with(searched.samples_score)
    if folder.settings.is_file():  # it keeps its files, and one of an earlier version its priors, conditions and scores
        held = read_settings(folder.settings)
        usual = held.objectives
        searched = replace(searched, priors=held.priors)
        conditions = None if held.conditions is None else conditions
        files = held.files if files is None else files
    for graph in start_from:
        if not isinstance(graph, Graph):
            raise SettingError(f"start_from must hold graphs, but has {graph!r}")
        require(graph)
        require_interface(graph, problem.description, whole=True)
        if not searched.any_condition:
            require_conditions(graph, problem.name, conditions)
    objectives = tuple(problem.metric(name, "objective").name for name in objectives)
    if len(set(objectives)) < len(objectives):
        raise SettingError(f"each objective must be given once, but they are {', '.join(objectives)}")
    wanted = objectives or usual
    if not wanted:
        raise SettingError(f"{problem.name} has no output that a search can score")
    if workers is not None:
        whole("workers", workers)
        if workers < 0:
            raise SettingError(f"workers must not be negative, but is {workers}")
    if hours is not None:
        positive("hours", hours)
    if candidate_timeout is not None:
        positive("candidate_timeout", candidate_timeout)
    memory = None if candidate_memory is None else read_size(candidate_memory)
    require_seed(seed)
    if executor == "native":
        require_native(searched.balances)
    STRATEGIES[strategy].require(problem, searched)
    database = database_of(folder, storage)
    if files is not None:
        if database is None:
            raise SettingError("files are shared by drivers of one database: give storage too")
        SharedFiles(files, folder)  # the URL is checked before anything is written
    settings = Settings(
        problem=problem.name,
        fingerprint=problem.fingerprint,
        strategy=strategy,
        space=space,
        kinds=kinds,
        balance=balances,
        priors=searched.priors,
        conditions=conditions,
        start_from=tuple(content_key(graph) for graph in start_from),
        objectives=wanted,
        steps=steps,
        batch=batch,
        seed=seed,
        protocol=protocol,
        keep=keep,
        executor=executor,
        halving=halving,
        baselines=baselines,
        source=source,
        definitions=definitions_of(wanted),
        storage=None if database is None else database.shown,
        files=files,
    )
    search(
        folder,
        problem,
        settings,
        start_from=start_from,
        candidates=candidates,
        hours=hours,
        workers=workers,
        address=address,
        candidate_timeout=candidate_timeout,
        candidate_memory=memory,
        profile=profile,
        display=display or LineDisplay(),
        listeners=listeners,
        database=database,
    )
    return Run(open_run(Path(runs), name, address=database))


def usual_strategy(folder: Folder, candidates: int) -> str:
    """The strategy if the user names none: that of the existing run, or a default."""
    if folder.settings.is_file():
        return read_settings(folder.settings).strategy
    return "evolution" if candidates >= FEWEST_TO_BREED else "random"


def usual_baselines(folder: Folder, samples: int) -> Level:
    """The baselines if the user names none: those of the existing run, or a default."""
    if folder.settings.is_file():
        return read_settings(folder.settings).baselines
    return "tuned" if samples >= SAMPLES_TO_TUNE else "quick"


def database_of(folder: Folder, storage: str | None) -> Address | None:
    """The address of the database of a run: that of the existing run, or the given one; None if it has none."""
    held = read_settings(folder.settings).storage if folder.settings.is_file() else None
    text = held if storage is None else storage
    return None if text is None else Address.read(text)


def one_of(name: str, value: str, known: Iterable[str]) -> None:
    """Checks that a value is one of those known. Raises SettingError."""
    words = list(known)
    if value not in words:
        raise SettingError(f"{name} must be one of {', '.join(words)}, but is {value!r}")


def require_seed(seed: int) -> None:
    """Checks that a seed is from 0 to 2^63 − 1. Raises SettingError."""
    if not 0 <= seed < 2**63:
        raise SettingError(f"seed must be at least 0 and less than 2^63, but is {seed}")


def as_several(words: str | Sequence[str]) -> tuple[str, ...]:
    """One word or several as a tuple."""
    return (words,) if isinstance(words, str) else tuple(words)


def whole(name: str, value: int) -> None:
    """Checks that a value is a whole number. Raises SettingError."""
    if not isinstance(value, Integral):
        raise SettingError(f"{name} must be a whole number, but is {value!r}")


def positive(name: str, value: float) -> None:
    """Checks that a number is positive. Raises SettingError."""
    if not value > 0:
        raise SettingError(f"{name} must be positive, but is {value:g}")
