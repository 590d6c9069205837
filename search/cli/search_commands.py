"""`valp problems` and `valp search`."""

import shlex
from datetime import date
from pathlib import Path
from typing import Literal

import click

from valp.errors import FileError, SettingError
from valp.search.cli.codes_option import CodesOption, balancer_codes, graph_score_codes, kind_codes, space_names
from valp.search.cli.log_option import LOG_JSON, showing_progress
from valp.search.cli.options import EXECUTOR, JSON, RUNS, print_json, print_table
from valp.search.cli.tension_option import TENSION, with_tension
from valp.search.cli.track_options import MLFLOW, TENSORBOARD, tracked


@click.command("problems")
@click.option(
    "--new",
    "table",
    metavar="TABLE",
    type=click.Path(path_type=Path),
    help="Draft a problem of your own from a .csv, .tsv, .parquet or .npz file, or a folder of images.",
)
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="The draft.  [default: TABLE's name, .toml]"
)
@JSON
def problems_command(table: Path | None, output: Path | None, as_json: bool) -> None:
    """List the built-in problems, or draft one of your own with --new.

    A draft is a TOML file that names every column of TABLE and guesses which columns are inputs and outputs. It can be
    searched as it is, but correct it first. docs/own-data.md explains every entry. From Python, see
    `valp.spaces.problem.problem.Problem.from_arrays` and `valp.search.facade.launch.launch`.

    \b
    Examples:
      valp problems
      valp problems --new wine.csv
      valp problems --new pictures/ -o birds.toml
      valp search wine.toml --candidates 24 --steps 500
    """
    if table is not None:
        _write_draft(table, output, as_json)
        return
    if output is not None:
        raise SettingError("-o names the file of a draft, so it needs --new TABLE")
    from valp.spaces.builtin.problems import PROBLEMS

    if as_json:
        print_json([{"name": name, "title": entry.title} for name, entry in PROBLEMS.items()])
    else:
        print_table("problems", ["name", "what is learnt"], [[n, e.title] for n, e in PROBLEMS.items()], left=2)


@click.command("search")
@click.argument("problem")
@click.option("--name", help="The run's name.  [default: the problem and today's date]")
@click.option(
    "--strategy",
    help="How candidates are proposed: evolution, random, tpe, nsga2, nsga3, or a strategy of another package.  "
    "[default: the run's, else evolution, or random for fewer than 16 candidates]",
)
@click.option(
    "--space",
    cls=CodesOption,
    codes=space_names,
    default="default",
    show_default=True,
    help="The space of possible candidates: {codes}. full has every kind of network.",
)
@click.option(
    "--kinds",
    cls=CodesOption,
    codes=kind_codes,
    metavar="KIND,...",
    help="The kinds of network to search, separated by commas: {codes}.  [default: the space's]",
)
@click.option(
    "--balance",
    cls=CodesOption,
    codes=balancer_codes,
    metavar="NAME[:KEY=VALUE,...]",
    multiple=True,
    help="The method that balances the losses: {codes}. Settings that are not named are searched. Give it several "
    "times to search among several methods.  [default: fixed]",
)
@TENSION
@click.option(
    "--start-from",
    "starts",
    metavar="GRAPH",
    multiple=True,
    help="The graph of the first candidate: a GRAPH.json or a name from `valp graphs`. Give it several times for more.",
)
@click.option(
    "--candidates",
    type=int,
    default=40,
    show_default=True,
    help="The number of candidates in the finished run, including those of earlier calls.",
)
@click.option("--hours", type=float, help="Stop after this many hours. The same command then continues the search.")
@click.option("--steps", type=int, default=2000, show_default=True, help="The steps of a full training; see above.")
@click.option("--batch", type=int, default=50, show_default=True, help="Examples in a step.")
@click.option(
    "--workers",
    type=int,
    help="Candidates trained at once, one thread each; 0 trains in this process, without Ray.  [default: the cores, or "
    "the CPUs of the Ray cluster]",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The Ray cluster that trains the candidates; local for this machine only.  [default: RAY_ADDRESS, else the "
    "cluster that this machine is part of]",
)
@click.option(
    "--candidate-timeout",
    metavar="SECONDS",
    type=float,
    help="A candidate that is trained for longer has failed.  [default: 600, and 1 for each step of up to 50 examples]",
)
@click.option(
    "--candidate-memory",
    metavar="SIZE",
    help="A candidate that needs more memory has failed, for example 4GB.  [default: 80% of the machine's memory, "
    "shared by the workers]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of everything random.")
@click.option(
    "--objective",
    "objectives",
    cls=CodesOption,
    codes=graph_score_codes,
    multiple=True,
    help="A score to optimise: one of an output, or of the graph ({codes}). With @ and a number, scores under attacks "
    "of this size: robust_accuracy@0.1. Give it several times for several.  [default: those of the existing run, or "
    "one for each output]",
)
@click.option(
    "--protocol",
    type=click.Choice(["predict", "generate"]),
    default="predict",
    show_default=True,
    help="How predictions are scored: predict uses all connections; generate, as in the paper, cuts the latent ones.",
)
@click.option(
    "--keep",
    type=click.Choice(["front", "all"]),
    default="front",
    show_default=True,
    help="Which candidates' weights are kept on disk.",
)
@click.option(
    "--halving",
    is_flag=True,
    help="Stop a candidate at a ninth and at a third of its steps if it is not among the best there.",
)
@click.option(
    "--baselines",
    type=click.Choice(["none", "quick", "tuned"]),
    help="What candidates are compared with. quick: no learning, a linear model and a single-task network of each "
    "output. tuned: also boosted trees and the best of several single-task networks.  [default: the run's, else tuned, "
    "or quick for searches of less than a minute]",
)
@EXECUTOR
@click.option(
    "--storage",
    metavar="URL",
    help="A PostgreSQL database for the run's ledger, postgresql://USER@HOST/DATABASE, so that several commands search "
    "the run at once.  [default: the run's, else a file in its folder]",
)
@click.option(
    "--files",
    metavar="URL",
    help="With --storage: where the commands share the files of candidates if they have no common folder of runs, "
    "s3://BUCKET/FOLDER or another URL that fsspec knows.  [default: the run's, else the folder of the runs]",
)
@click.option("--profile", is_flag=True, help="Print at the end where the workers' time went.")
@LOG_JSON
@TENSORBOARD
@MLFLOW
@RUNS
@JSON
def search_command(
    problem: str,
    name: str | None,
    strategy: str | None,
    space: str,
    kinds: str | None,
    balance: tuple[str, ...],
    tension: float | None,
    starts: tuple[str, ...],
    candidates: int,
    hours: float | None,
    steps: int,
    batch: int,
    workers: int | None,
    address: str | None,
    candidate_timeout: float | None,
    candidate_memory: str | None,
    seed: int,
    objectives: tuple[str, ...],
    protocol: Literal["predict", "generate"],
    keep: Literal["front", "all"],
    halving: bool,
    baselines: Literal["none", "quick", "tuned"] | None,
    executor: Literal["auto", "torch"],
    storage: str | None,
    files: str | None,
    profile: bool,
    log: Path | None,
    tensorboard: Path | None,
    mlflow: str | None,
    runs: Path,
    as_json: bool,
) -> None:
    """Search for good VALPs for PROBLEM, or resume a search.

    PROBLEM is a built-in problem (see `valp problems`), or a .toml file that describes data of your own. `valp problems
    --new TABLE` drafts such a file.

    Each candidate is a graph, trained on a fixed number of samples (steps × batch) and scored on the validation
    split. With evolution, a candidate with parents starts from their weights; it usually sees half as many samples,
    and so do the first candidates, which have no parents. The run keeps every candidate with its scores and
    compares the Pareto front with baselines, from no learning to tuned single-task networks. You can stop it at any
    time: finished candidates are kept, and the same command resumes the search.

    If every candidate failed, the exit code is 1 and stderr has the most common reason.

    With --storage, the same command on several machines searches one run. They share the folder of the runs, or files
    under --files URL; docs/storage.md says how. The run keeps the URL without a password, which is then read from
    PGPASSWORD or ~/.pgpass.

    `valp status RUN` shows from another terminal what the search does. docs/events.md lists the events of --log-json,
    and says what --tensorboard and --mlflow show.

    \b
    Examples:
      valp search digits --candidates 24 --steps 500
      valp search fashion-mnist --strategy nsga2 --candidates 2000 --hours 2
      valp search fashion-mnist --objective accuracy --objective coverage
      valp search digits --objective accuracy --objective parameters
      valp search digits --objective accuracy --objective robust_accuracy@0.1
      valp search digits --balance fixed --balance uncertainty:rate=10
      valp search digits --balance central --tension 0.3
      valp search fashion-mnist --space full --start-from mt-vae --start-from lenet
      valp search wine.toml --strategy nsga2 --candidates 2000 --hours 1
      valp search digits --name first --log-json first.jsonl
      valp search digits --name first --storage postgresql://valp@db.example/valp
      valp search digits --address 10.0.0.1:6379
    """
    from valp.search.cli.front_table import print_front
    from valp.search.cli.graph_commands import graph_to_start_from
    from valp.search.cli.next_commands import print_next_commands
    from valp.search.facade.launch import launch
    from valp.search.run.folder import Folder, columns_of
    from valp.search.show.pictures import draw_graph, draw_samples
    from valp.spaces.own.load_problem import load_problem

    methods = with_tension(balance, tension)
    columns = columns_of(Folder(runs / name)) if name else None
    with showing_progress(log) as progress, tracked(runs, tensorboard, mlflow, storage, progress.note) as trackers:
        data = load_problem(problem, progress.say, columns)
        run = launch(
            data,
            name=name or f"{data.name}-{date.today()}",
            runs=runs,
            strategy=strategy,
            space=space,
            kinds=tuple(kinds.split(",")) if kinds is not None else (),
            balance=methods,
            start_from=[graph_to_start_from(start, data) for start in starts],
            objectives=objectives,
            candidates=candidates,
            hours=hours,
            steps=steps,
            batch=batch,
            workers=workers,
            address=address,
            candidate_timeout=candidate_timeout,
            candidate_memory=candidate_memory,
            seed=seed,
            protocol=protocol,
            keep=keep,
            executor=executor,
            halving=halving,
            baselines=baselines,
            profile=profile,
            storage=storage,
            files=files,
            source=str(Path(problem).absolute()) if problem.endswith(".toml") else None,
            display=progress.display,
            listeners=(*progress.listeners, *trackers),
        ).stored
    front = run.front()
    if not as_json:
        print_front(run, front)
    for entry in front:
        draw_graph(run, entry)
        try:
            draw_samples(run, entry, data)
        except FileError as error:  # another driver has found it, or has dropped its weights
            click.echo(f"no samples of candidate {entry.number} are drawn: {error}", err=True)
    if as_json:
        print_json([entry.listing() for entry in front])
    elif front:
        longer = 4 * max(steps, front[0].samples_seen_with_parents // batch)
        click.echo(f"\npictures of candidate {front[0].number}: {run.folder.candidate(front[0].number)}")
        print_next_commands(run.folder, front[0].number, f"{data.name}.valp", longer)


def _write_draft(table: Path, output: Path | None, as_json: bool) -> None:
    from valp.files import write_text
    from valp.spaces.own.toml_draft import draft

    target = output or Path(f"{table.absolute().name if table.is_dir() else table.stem}.toml")
    if target.suffix != ".toml":
        raise SettingError(f"a draft's suffix must be .toml, but is {target.suffix or 'none'!r}: {target}")
    if target.exists():
        raise FileError(f"{target} already exists; give another name with -o")
    write_text(target, draft(table, target.parent))
    if as_json:
        print_json({"problem": str(target)})
        return
    click.echo(str(target))
    click.echo("next:")
    click.echo(f"  check {target}: is the output the column that you want to predict?")
    click.echo(f"  valp search {shlex.quote(str(target))} --candidates 24 --steps 500")
