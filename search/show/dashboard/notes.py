"""The dashboard's notes on a run and on its candidates, in Markdown."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from valp.search.run.command_words import RUNS, runs_option
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.spaces.problem.metrics import Metric

MOST_ROWS = 30
"""The most candidates of the front that the run's note lists."""


@dataclass(frozen=True)
class RunCommands:
    """The commands for a candidate, for the folder in which the dashboard was started.

    Attributes:
        run: the run's name.
        problem: the problem's name, which is also the name of a model's file.
        runs: the folder of the runs.
    """

    run: str
    problem: str
    runs: Path = RUNS

    def of(self, number: int, kept: bool) -> list[str]:
        """The commands that show a candidate, and export it if its weights are `kept` or else train it again."""
        where = runs_option(self.runs)
        candidate, model = f"{shlex.quote(self.run)} {number}", shlex.quote(f"{self.problem}.valp")
        taken = f"valp export {candidate} -o {model}" if kept else f"valp train --from {candidate} -o {model}"
        return [f"valp show {candidate}{where}", f"{taken}{where}"]


def note_of(
    run: StoredRun,
    entry: Entry,
    single: Mapping[str, float],
    commands: RunCommands,
    pictures: Sequence[tuple[str, str]],
    kept: bool,
) -> str:
    """The note of a candidate.

    Args:
        run: the run.
        entry: the candidate.
        single: the best scores of the baselines.
        commands: makes the commands to show.
        pictures: the titles and addresses of its pictures.
        kept: whether its weights are kept.
    """
    result = entry.result
    parts = [f"## Candidate {entry.number} of {run.folder.name}: {_state(entry)}"]
    if result is not None and result.failure is not None:
        parts.append(f"It failed: {result.failure}")
    if result is not None and result.scores:
        parts.append(_scores(run, result.scores, single))
        facts = [f"{result.parameters:,} parameters", f"{result.samples_seen:,} samples seen"]
        facts += [f"{entry.samples_seen_with_parents:,} with its parents"] if entry.parents else []
        parts.append(" · ".join([*facts, f"{sum(result.seconds):.1f} s"]))
    if entry.parents:
        parts.append(f"It started from the weights of candidate {' and '.join(map(str, entry.parents))}.")
    if entry.state in ("complete", "pruned"):
        lines = "\n".join(commands.of(entry.number, kept and entry.state == "complete"))
        parts.append(f"```\n{lines}\n```")
    parts += [f"![{title}]({address})" for title, address in pictures]
    return "\n\n".join(parts)


def note_of_run(
    run: StoredRun, entries: Sequence[Entry], front: Sequence[Entry], single: Mapping[str, float], commands: RunCommands
) -> str:
    """The note of a run: its progress, its front and the best baselines."""
    states = [entry.state for entry in entries]
    counts = [f"{states.count('complete')} complete", f"{states.count('failed')} failed"]
    counts += [f"{states.count('pruned')} stopped early"] if "pruned" in states else []
    counts += [f"{states.count('running')} unfinished"] if "running" in states else []
    objectives = list(run.objectives.values())
    rows = [["candidate", *(_title(metric) for metric in objectives), "parameters"]]
    rows.append(["---:"] * len(rows[0]))
    for entry in front[:MOST_ROWS]:
        if entry.result is not None:
            values = [metric.score.text(entry.result.scores.get(metric.name)) for metric in objectives]
            rows.append([f"**{entry.number}**", *values, f"{entry.result.parameters:,}"])
    rows.append(["best baseline", *(metric.score.text(single.get(metric.name)) for metric in objectives), ""])
    parts = [
        f"## {run.folder.name}: {run.problem.title}",
        f"{', '.join(counts)}. Strategy {run.settings.strategy}, {run.settings.steps} steps of {run.settings.batch}.",
        _announced(len(front)),
        _table(rows),
    ]
    if front:
        best = front[0]
        lines = "\n".join(commands.of(best.number, kept=True))
        parts.append(f"The best compromise is candidate {best.number}:\n\n```\n{lines}\n```")
    return "\n\n".join(parts)


def _state(entry: Entry) -> str:
    return {"running": "not finished", "pruned": "stopped early"}.get(entry.state, entry.state)


def _announced(count: int) -> str:
    if not count:
        return "No candidate is complete yet."
    listed = f" The first {MOST_ROWS} of them:" if count > MOST_ROWS else ""
    return f"Candidates on the front: {count}, the knee first.{listed}"


def _scores(run: StoredRun, scores: Mapping[str, float], single: Mapping[str, float]) -> str:
    """A table of a candidate's scores, the objectives first and in bold."""
    rows = [["validation score", "this", "best baseline"], ["---", "---:", "---:"]]
    shown = run.shown_scores | {name: run.metrics[name] for name in scores if name in run.metrics}
    for name, metric in shown.items():
        title = f"**{_title(metric)}**" if name in run.objectives else metric.heading
        rows.append([title, metric.score.text(scores.get(name)), metric.score.text(single.get(name))])
    return _table(rows)


def _title(metric: Metric) -> str:
    return f"{metric.heading} {metric.score.arrow}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
