"""`valp train` and `valp score`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from valp.errors import SettingError, ValpError
from valp.search.cli.codes_option import CodesOption, balancer_codes
from valp.search.cli.graph_commands import read_candidate_or_graph
from valp.search.cli.options import EXECUTOR, JSON, RUNS, print_json, print_table
from valp.search.cli.tension_option import TENSION, with_tension
from valp.search.cli.trace_option import TRACE_OPTION, tracing_of

if TYPE_CHECKING:
    from valp.model.bundle import Manifest
    from valp.search.run.run import StoredRun
    from valp.search.run.settings import Settings
    from valp.spaces.candidate import Candidate
    from valp.spaces.problem.description import Description

MODEL = click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The model's file.")


@click.command("train")
@click.argument("graph", metavar="[GRAPH.json]", required=False, type=click.Path(path_type=Path))
@click.option("--from", "origin", nargs=2, metavar="RUN N", help="Train candidate N of RUN instead of GRAPH.json.")
@click.option(
    "--problem", help="The problem to learn: a built-in one or a .toml file.  [default with --from: the run's]"
)
@click.option("--steps", type=int, help="Training steps.  [default: the candidate's]")
@click.option("--batch", type=int, help="Examples in a step.  [default: the candidate's]")
@click.option(
    "--decay",
    type=click.FloatRange(0, 1),
    help="The last share of the steps, over which the learning rate falls to 0.  [default: the candidate's]",
)
@click.option(
    "--balance",
    cls=CodesOption,
    codes=balancer_codes,
    metavar="NAME[:KEY=VALUE,...]",
    help="The method that balances the losses, with its settings: {codes}.  [default: the candidate's]",
)
@TENSION
@click.option("--seed", type=int, help="The seed of weights, order of examples and noise.  [default: the candidate's]")
@click.option(
    "--seeds", type=int, default=1, show_default=True, help="Train with this many seeds and keep the best model."
)
@EXECUTOR
@TRACE_OPTION
@MODEL
@RUNS
@JSON
def train_command(
    graph: Path | None,
    origin: tuple[str, str] | None,
    problem: str | None,
    steps: int | None,
    batch: int | None,
    decay: float | None,
    balance: str | None,
    tension: float | None,
    seed: int | None,
    seeds: int,
    executor: Literal["auto", "torch"],
    trace_file: Path | None,
    output: Path,
    runs: Path,
    as_json: bool,
) -> None:
    """Train a graph, or a candidate of a run, and write the model.

    GRAPH.json may contain a graph or a candidate. --from takes candidate N of RUN instead.

    A decay usually improves predictions of classes and numbers: the weights settle while the learning rate falls.
    Candidates of a search in the default space have one of 0.3. With several seeds, the scores are means ± standard
    deviations, and the model that is best on the validation split is kept.

    --trace shows which networks the losses fight over. Recording changes nothing in a training by torch. With --from
    and the candidate's own settings, the report of RUN also shows the trace.

    \b
    Examples:
      valp train graph.json --problem digits --steps 4000 -o model.valp
      valp train --from first 3 --steps 8000 --seeds 3 -o model.valp
      valp train graph.json --problem wine.toml -o wine.valp
      valp train --from first 3 --trace first-3.npz -o model.valp
    """
    from valp.check.check import require
    from valp.model.bundle import save
    from valp.search.cli.bar import bar
    from valp.search.engine.models import spread, train_seeds
    from valp.search.facade.launch import positive, require_seed
    from valp.search.show.display.step_bar import step_bar
    from valp.spaces.own.load_problem import load_problem
    from valp.spaces.problem.interface import require_interface
    from valp.spaces.problem.judging import judges_of
    from valp.spaces.problem.scoring import Scorer
    from valp.train.balance import completed, read_balance
    from valp.train.fit import one_thread

    for name, value in (("steps", steps), ("batch", batch), ("seeds", seeds)):
        if value is not None:
            positive(name, value)
    if seed is not None:
        require_seed(seed)
    methods = with_tension([] if balance is None else [balance], tension)
    balanced = completed(read_balance(methods[0])) if methods else None
    if (graph is None) == (origin is None):
        raise SettingError("either GRAPH.json or --from RUN N must be given, and not both")
    stored: StoredRun | None = None
    objectives: tuple[str, ...] = ()
    if origin is not None:
        candidate, stored, where = _from_run(runs, *origin)
        objectives = stored.settings.objectives if problem is None else ()
        problem, protocol = problem or _problem_of(stored.settings, origin[0]), stored.settings.protocol
        columns = stored.problem.columns
    elif graph is not None:
        candidate, where, protocol = read_candidate_or_graph(graph), {"graph": graph.name}, "predict"
        columns = None
    if problem is None:
        raise SettingError("--problem must be given, because a graph does not name its data")
    require(candidate.graph)
    data = load_problem(problem, _say, columns)
    require_interface(candidate.graph, data.description)
    asked = {"steps": steps, "batch": batch, "decay": decay, "balance": balanced, "seed": seed}
    training = candidate.training.model_copy(update={k: v for k, v in asked.items() if v is not None})
    own, candidate = candidate, candidate.model_copy(update={"training": training})
    tracing = None
    if trace_file is not None:
        tracing = tracing_of(trace_file, output, seeds, data.name, own, candidate, stored, origin)
    one_thread()
    with step_bar() as preparing:
        scorer = Scorer(data, judges_of(data, _say, preparing.step), protocol, objectives=objectives)
    try:
        with bar("training", training.steps) as progress:
            trained = train_seeds(candidate, scorer, seeds, where, progress.say, progress.show, executor, tracing)
    except ValpError:
        if tracing is not None:  # it shows how the training failed
            tracing.write()
        raise
    save(trained.model, output)
    if tracing is not None:
        tracing.write()
    if as_json:
        traced = {"trace": str(trace_file)} if trace_file is not None else {}
        print_json({"model": str(output), "validation": trained.validation, "test": trained.test, **traced})
        return
    click.echo(f"validation: {spread(trained.validation)}")
    click.echo(f"test: {spread(trained.test)}")
    click.echo(str(output))


@click.command("score")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--problem", help="A built-in problem or a .toml file.  [default: the model's problem if it is built in]")
@click.option(
    "--also",
    multiple=True,
    help="A score that is only measured on demand, such as latency or robust_accuracy@0.1. Give it several times for "
    "several.",
)
@JSON
def score_command(model: Path, problem: str | None, also: tuple[str, ...], as_json: bool) -> None:
    """Score MODEL on the validation and the test split of its problem.

    ± is a 95% confidence interval: how much a score may differ for other rows of the same data. JSON has the standard
    errors, which are 1 / 1.96 of that.

    A model file does not contain the data. For data of your own, give the .toml file with --problem.

    \b
    Examples:
      valp score digits.valp
      valp score wine.valp --problem wine.toml
      valp score digits.valp --also robust_accuracy@0.1
    """
    from valp.model.bundle import load
    from valp.score.clear_difference import interval_text
    from valp.search.show.display.step_bar import step_bar
    from valp.spaces.builtin.problems import PROBLEMS
    from valp.spaces.own.load_problem import load_problem
    from valp.spaces.problem.interface import require_interface
    from valp.spaces.problem.judging import judges_of
    from valp.spaces.problem.scoring import Scorer
    from valp.train.fit import one_thread

    loaded = load(model)
    learnt = loaded.manifest.problem
    if problem is None and learnt not in PROBLEMS:
        raise SettingError(f"{model} learnt {learnt!r}, which is not a built-in problem; give --problem FILE.toml")
    data = load_problem(problem or learnt, _say, loaded.manifest.preprocessing)
    require_interface(loaded.manifest.graph, data.description)
    _require_columns(model, loaded.manifest, data)
    held = loaded.manifest.fingerprint
    if held and held != data.fingerprint:
        _say(f"note: {model} was trained on other data or another split; its training rows may be among these rows")
    wanted = tuple(data.metric(name).name for name in also)
    one_thread()
    with step_bar() as preparing:
        judges = judges_of(data, _say, preparing.step)
    scorer = Scorer(data, judges, loaded.manifest.protocol, objectives=wanted)
    found = {split: scorer.score_with_errors(loaded.module, getattr(data, split)) for split in ("validation", "test")}
    if as_json:
        scores, errors = ({split: both[i] for split, both in found.items()} for i in (0, 1))
        print_json({"model": str(model), "problem": data.name, "scores": scores, "errors": errors})
        return
    rows = [
        [
            metric.heading,
            *(
                interval_text(metric.score.text(scores.get(name)), errors.get(name))
                for scores, errors in found.values()
            ),
        ]
        for name, metric in scorer.metrics.items()
        if not metric.score.on_demand or name in scorer.wanted
    ]
    print_table(f"{model} on {data.name}", ["score", *found], rows)


def _from_run(runs: Path, run: str, number: str) -> "tuple[Candidate, StoredRun, dict[str, str | int | float]]":
    from valp.search.run.run_status import open_to_watch

    if not number.isdigit():
        raise SettingError(f"--from takes a run and the number of a candidate, but got {number!r}")
    opened = open_to_watch(runs, run)
    return opened.ledger.entry(int(number)).candidate, opened, {"run": run, "candidate": int(number)}


def _say(line: str) -> None:
    """A line about the data, on stderr."""
    click.echo(line, err=True)


def _problem_of(settings: "Settings", run: str) -> str:
    """The problem of a run: the name of a built-in problem, or the path of a TOML file."""
    if settings.source is not None and not Path(settings.source).is_file():
        raise SettingError(
            f"the problem of run {run!r} was described by {settings.source}, which no longer exists; "
            "give --problem FILE.toml"
        )
    return settings.source or settings.problem


def _require_columns(model: Path, manifest: "Manifest", problem: "Description") -> None:
    """Checks that data is prepared like the model's training data. Otherwise scores would not be comparable."""
    held, given = manifest.preprocessing, problem.columns
    now = {column.name: column for column in (*given.inputs, *given.outputs)}
    used = {part.name for part in manifest.graph.inputs} | {part.name for part in manifest.graph.outputs}
    for column in (*held.inputs, *held.outputs):
        for field in ("offset", "scale", "classes", "labels"):
            if column.name in used and getattr(column, field) != getattr(now[column.name], field):
                raise SettingError(
                    f"{model} was trained with another {field} of {column.name!r} than {problem.name} has now. It "
                    "depends on the training split, so --problem must name the data that the model was trained on"
                )
