"""`valp list`, `valp best` and `valp show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from valp.errors import FileError, ValpError
from valp.search.cli.options import JSON, RUNS, print_json, print_line, print_table, terminal_width
from valp.search.cli.table_widths import table_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from valp.search.run.ledger_entry import Entry
    from valp.search.run.run import StoredRun


@click.command("list")
@RUNS
@JSON
def list_command(runs: Path, as_json: bool) -> None:
    """List the runs: how many candidates each has, and the best value of each objective.

    A run that cannot be read is left out, and a line on stderr says why. If no run can be read, the exit code is 1.

    \b
    Examples:
      valp list
      valp list --json
    """
    from valp.search.run.run import run_names
    from valp.search.run.run_status import open_to_watch

    found, damaged = [], []
    for name in run_names(runs):
        try:
            run = open_to_watch(runs, name)
            found.append((run, run.summary()))
        except ValpError as error:
            damaged.append(str(error))
    if damaged and not found:
        more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
        raise FileError(f"no run in {runs} can be read: {damaged[0]}{more}")
    for reason in damaged:
        click.echo(f"left out: {reason}", err=True)
    if as_json:
        print_json([summary for _, summary in found])
        return
    rows = []
    for run, summary in found:
        best = "  ".join(f"{name} {run.objectives[name].score.text(value)}" for name, value in summary["best"].items())
        counts = [str(summary[key]) for key in ("complete", "pruned", "failed", "unfinished", "front")]
        rows.append([summary["name"], summary["problem"], summary["strategy"], best, *counts])
    counted = ["complete", "stopped", "failed", "unfinished", "front"]
    columns = ["run", "problem", "strategy", "best of each objective", *counted]
    width = terminal_width()
    print_table(
        f"runs in {runs}", columns, rows, left=4, narrow=width is not None and table_width(columns, rows) > width
    )


@click.command("best")
@click.argument("run")
@click.option("--by", help="Sort by this score, best first, missing values last.  [default: the best compromise first]")
@click.option("--test", "on_test", is_flag=True, help="Also score the front on the test split.")
@RUNS
@JSON
def best_command(run: str, by: str | None, on_test: bool, runs: Path, as_json: bool) -> None:
    """Show the Pareto front of RUN and its baselines.

    The first row is the best compromise (the knee of the front): the candidate nearest to the ideal point, where each
    objective is scaled from the best value on the front to the value without learning. On a narrow terminal some
    columns are left out, and the last line names them. A score that was not measured is shown as "–".

    The front was chosen by its validation scores, so these are too good by chance. --test loads the data and the kept
    weights, and shows the objectives on both splits, each with a 95% confidence interval. In JSON,
    `test` has the scores and `test_errors` their standard errors, as `scores` and `errors` do for the validation split,
    and `compared` says whether an objective is better or worse than the best baseline, or equal within chance.

    \b
    Examples:
      valp best first
      valp best first --by accuracy
      valp best first --test
      valp best first --json
    """
    from valp.search.cli.front_table import print_front
    from valp.search.run.run_status import open_to_watch

    opened = open_to_watch(runs, run)
    front = opened.front(by)
    if on_test:
        _print_on_test(opened, front, as_json=as_json)
    elif as_json:
        print_json(_listed(opened, front))
    else:
        print_front(opened, front)


def _print_on_test(run: "StoredRun", front: "Sequence[Entry]", *, as_json: bool) -> None:
    """Scores a front on the test split and prints it. Progress goes to stderr."""
    from valp.search.cli.bar import bar
    from valp.search.cli.on_test_table import print_on_test
    from valp.search.engine.score_on_test import baselines_on_test, data_of, score_on_test
    from valp.search.show.display.step_bar import step_bar
    from valp.spaces.problem.judging import judges_of
    from valp.train.fit import one_thread

    def say(line: str) -> None:
        click.echo(line, err=True)

    one_thread()
    with step_bar() as preparing:
        problem = data_of(run, say)
        judges = judges_of(problem, say, preparing.step)
    with bar("scoring on the test split", len(front)) as progress:
        found = score_on_test(run, front, problem, judges, progress.say, progress.show)
    if as_json:
        tested = [{"test": found[entry.number].scores, "test_errors": found[entry.number].errors} for entry in front]
        print_json([one | more for one, more in zip(_listed(run, front), tested, strict=True)])
    else:
        print_on_test(run, front, found, baselines_on_test(run, problem, judges))


def _listed(run: "StoredRun", front: "Sequence[Entry]") -> "list[dict[str, Any]]":
    """Candidates as JSON objects, with how their objectives compare with the best baselines."""
    baselines, listed = run.baselines, []
    for entry in front:
        words = {} if entry.result is None else {n: baselines.compare(n, entry.result) for n in run.objectives}
        known = {name: word for name, word in words.items() if word is not None}
        listed.append(entry.listing() | ({"compared": known} if known else {}))
    return listed


@click.command("show")
@click.argument("run")
@click.argument("number", metavar="[N]", type=int, required=False)
@RUNS
@JSON
def show_command(run: str, number: int | None, runs: Path, as_json: bool) -> None:
    """Show candidate N of RUN: its scores, its graph, its training.

    Without N the candidate is the best compromise, the first row of `valp best`. The graph is also drawn, as an SVG
    file.

    \b
    Examples:
      valp show first
      valp show first 3
      valp show first 3 --json
    """
    from valp.search.cli.candidate_tables import print_graph, print_scores
    from valp.search.cli.chosen_candidate import chosen_candidate
    from valp.search.run.run_status import open_to_watch

    opened = open_to_watch(runs, run)
    entry = chosen_candidate(opened, number)
    if as_json:
        print_json(entry.listing() | {"candidate": entry.candidate.model_dump(mode="json")})
        return
    _print_about(entry, run)
    print_scores(opened, entry)
    for remark in opened.remarks(entry):
        print_line(remark)
    print_graph(entry.candidate.graph)
    if entry.state == "running":  # its worker writes the folder until the end
        click.echo("picture: can be drawn after the training has ended")
        return
    from valp.search.show.pictures import draw_graph

    click.echo(f"picture: {draw_graph(opened, entry)}")


def _print_about(entry: "Entry", run: str) -> None:
    """Prints a candidate's state, training and cost."""
    from valp.train.balance import Balance

    result, training = entry.result, entry.candidate.training
    state = "unfinished" if entry.state == "running" else entry.state
    print_line(f"candidate {entry.number} of {run}: {state}")
    if result is not None:
        if result.failure:
            print_line(f"  it failed: {result.failure}")
            for line in result.log.splitlines():
                print_line(f"    {line}")
        parents = f", {entry.samples_seen_with_parents:,} with its parents" if entry.parents else ""
        print_line(f"  {result.parameters:,} parameters, {result.samples_seen:,} samples seen{parents}")
        print_line(f"  {result.seconds[0]:.1f} s of training, {result.seconds[1]:.1f} s of scoring")
    if entry.parents:
        print_line(f"  it started from the weights of {' and '.join(map(str, entry.parents))}")
    falling = f", falling over the last {training.decay:.0%} of the steps" if training.decay else ""
    print_line(f"  learning rate {training.learning_rate:.3g}{falling}, batch {training.batch}, {training.steps} steps")
    if training.balance != Balance():
        print_line(f"  losses balanced by {training.balance.short}")
