"""Collects the data of a run's page."""

import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from valp.errors import ValpError
from valp.files import read_bytes
from valp.score.speed import inferences_per_second
from valp.search.engine.models import baseline_module
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.command_words import runs_option
from valp.search.run.folder import CURVES
from valp.search.run.ledger_entry import Entry
from valp.search.run.result import Result
from valp.search.run.run import StoredRun
from valp.search.show.report.details import details, read_curves
from valp.search.show.report.evidence import Evidence
from valp.search.show.report.graph_structure import Legend, conditioned, legend_of, structure
from valp.search.show.report.importance import importance
from valp.search.show.report.page_colours import PageColour
from valp.search.show.report.progress import progress
from valp.search.show.report.rounding import rounded
from valp.search.show.report.sample_pictures import real_samples
from valp.search.show.report.search_command import command
from valp.search.show.report.traced import has_trace
from valp.spaces.baselines.baseline_codes import NETWORK, TUNED
from valp.train.balance import Balance

DETAILED = 60
"""The most candidates of the front with details, the best compromise first. With more, the page would be slow."""


@dataclass(frozen=True)
class Material:
    """The data of a page.

    Attributes:
        summary: the data of the run and of all its candidates.
        details: the details of candidates on the front, and of those with a trace, by number.
        colours: the colours of kinds and types.
    """

    summary: dict[str, Any]
    details: dict[int, dict[str, Any]]
    colours: list[PageColour]


def effort(run: StoredRun) -> int:
    """The approximate number of times that `gather` calls `told`."""
    return min(len(run.front()), DETAILED) + len(run.objectives)


def gather(run: StoredRun, evidence: Evidence, told: Callable[[], None] = lambda: None) -> Material:
    """Collects the data of a run's page.

    Args:
        run: the run.
        evidence: the data that its models are applied to.
        told: called after each of about `effort` steps.
    """
    entries = run.ledger.entries()
    front = run.ledger.front(entries)
    shown = {}
    ranks = {entry.number: rank for rank, entry in enumerate(front)}
    traced = [entry for entry in entries if has_trace(run.folder.candidate(entry.number))]
    for entry in [*front[:DETAILED], *(one for one in traced if ranks.get(one.number, DETAILED) >= DETAILED)]:
        shown[entry.number] = details(run, entry, evidence)
        told()
    baselines = run.baselines
    lineage = _lineage(entries)
    balanced = any(entry.candidate.training.balance != Balance() for entry in entries)
    legend = legend_of([entry.candidate for entry in entries])
    summary = {
        **_about(run, entries, front),
        "candidates": [_row(entry, ranks, lineage, legend, balanced=balanced) for entry in entries],
        "front": len(front),
        "detailed": len(front[:DETAILED]),
        **legend.rows(),
        "singles": _singles(run, baselines, evidence),
        "single": _rounded({name: best.value for name, best in baselines.best.items()}),
        "margin": {
            name: None if best.error is None else rounded(best.error)
            for name, best in baselines.best.items()
            if run.metrics[name].score.has_error
        },
        "baselines": _baselines(baselines),
        "real": real_samples(evidence),
        "missing": evidence.missing,
        "progress": progress(run, entries),
        "importance": importance(run, entries, told),
        "command": command(run, len(entries)),
        "model": shlex.quote(f"{run.settings.problem}.valp"),
        "where": runs_option(run.folder.path.parent),
    }
    return Material(summary, shown, legend.colours())


def _about(run: StoredRun, entries: Sequence[Entry], front: Sequence[Entry]) -> dict[str, Any]:
    results = [entry.result for entry in entries if entry.result is not None]
    started = [trial.datetime_start for trial in run.ledger.trials() if trial.datetime_start is not None]
    ended = [entry.ended for entry in entries if entry.ended is not None]
    states = [entry.state for entry in entries]
    return {
        "run": run.folder.name,
        "problem": run.settings.problem,
        "title": run.problem.title,
        "objectives": list(run.objectives),
        "scores": {
            name: {
                "output": metric.output,
                "title": metric.score.title,
                "unit": metric.score.unit,
                "whole": metric.score.whole,
                "maximise": metric.score.direction == "maximize",
                "target": metric.score.target,
            }
            for name, metric in run.shown_scores.items()
        },
        "remarks": run.notes(front),
        "states": {state: states.count(state) for state in ("complete", "pruned", "failed", "running")},
        "samples": sum(result.samples_seen for result in results),
        "seconds": rounded(sum(sum(result.seconds) for result in results), 4),
        "wall": rounded((max(ended) - min(started)).total_seconds(), 4) if started and ended else None,
        "date": min(started).strftime("%Y-%m-%d %H:%M") if started else "",
        "made": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "settings": _settings(run),
    }


def _settings(run: StoredRun) -> dict[str, str]:
    """The settings and versions, as text."""
    held = run.settings.model_dump(exclude={"source"} if run.settings.source is None else set())
    told = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else str(value) for name, value in held.items()
    }
    versions = tomllib.loads(read_bytes(run.folder.settings).decode()).get("versions", {})
    return {name: value for name, value in told.items() if value} | {
        f"{package} (version)": str(version) for package, version in versions.items()
    }


def _row(
    entry: Entry, ranks: dict[int, int], lineage: dict[int, int], legend: Legend, *, balanced: bool
) -> dict[str, Any]:
    """A candidate's row of the table. Its keys are short, because there may be thousands of rows.

    Returns:
        `n`: its number. `s`: the first letter of its state. `lr`: its learning rate. `g`: its `structure`. `c`: true if
        an input conditions its samples. `b`: its balancing method and settings, if any candidate has another method
        than the default. If it has them, `k`: its place on the front, `p`: its parents, `w`: its parameters, `m`: the
        samples that it and its ancestors have seen, `t`: its seconds, `f`: why it failed, `v`: its measured scores by
        name, `e`: their standard errors where known.
    """
    training = entry.candidate.training
    row: dict[str, Any] = {"n": entry.number, "s": entry.state[0], "lr": rounded(training.learning_rate, 3)}
    row["g"] = structure(entry.candidate, legend)
    if conditioned(entry.candidate.graph):
        row["c"] = True
    if balanced:
        row["b"] = training.balance.short
    if entry.number in ranks:
        row["k"] = ranks[entry.number]
    if entry.parents:
        row["p"] = entry.parents
    result = entry.result
    if result is None:
        return row
    row |= {"w": result.parameters, "m": lineage[entry.number], "t": rounded(sum(result.seconds), 3)}
    if result.failure is not None:
        return row | {"f": result.failure}
    row |= {"e": {name: rounded(error, 3) for name, error in result.errors.items()}} if result.errors else {}
    return row | {"v": _rounded(result.scores)}


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores, rounded for the page. Integers keep all their digits."""
    return {name: value if isinstance(value, int) else rounded(value) for name, value in scores.items()}


def _lineage(entries: Sequence[Entry]) -> dict[int, int]:
    """By number, the samples that a candidate and all its ancestors have seen."""
    seen = {entry.number: entry.result.samples_seen if entry.result else 0 for entry in entries}
    ancestors: dict[int, frozenset[int]] = {}
    for entry in entries:  # parents come before their children
        behind = frozenset().union(*(ancestors.get(parent, frozenset({parent})) for parent in entry.parents))
        ancestors[entry.number] = behind | {entry.number}
    return {number: sum(seen.get(one, 0) for one in behind) for number, behind in ancestors.items()}


def _baselines(baselines: BaselineScores) -> list[dict[str, Any]]:
    """The baselines, the weakest first: their scores, the samples they have seen, and their seconds."""
    return [
        {
            "title": row.title,
            "scores": _rounded(row.scores),
            "samples": row.samples_seen,
            "seconds": rounded(row.seconds, 3),
        }
        for row in baselines.rows()
    ]


def _singles(run: StoredRun, baselines: BaselineScores, evidence: Evidence) -> list[dict[str, Any]]:
    """The best single-task network of each output, in the order of the outputs. Those trained longer are left out."""
    leading = [(output.name, baselines.leading(output.name, (NETWORK, TUNED))) for output in run.problem.outputs]
    return [
        _single(run, name, code, baselines.told[name][code], evidence) for name, code in leading if code is not None
    ]


def _single(run: StoredRun, output: str, code: str, result: Result, evidence: Evidence) -> dict[str, Any]:
    folder = run.folder.baseline(output, code)
    made: dict[str, Any] = {
        "output": output,
        "parameters": result.parameters,
        "samples": result.samples_seen,
        "seconds": rounded(sum(result.seconds), 3),
        "scores": _rounded(result.scores),
        "failure": result.failure,
        "curves": _own_curves(run, folder / CURVES, output),
    }
    if evidence.problem is not None and result.failure is None:
        try:
            module = baseline_module(run, output, code)
            made["speed"] = rounded(inferences_per_second(module, evidence.split.inputs), 3)
        except (ValpError, RuntimeError):  # another version made it, so its speed cannot be measured
            made["speed"] = None
    return made


def _own_curves(run: StoredRun, path: Path, output: str) -> dict[str, Any] | None:
    """The learning curves of a single-task network, without those of a class that its sampler is asked for."""
    curves = read_curves(path)
    others = tuple(f":{one.name}" for one in run.problem.outputs if one.name != output)
    if curves is not None:
        curves["losses"] = {name: curve for name, curve in curves["losses"].items() if not name.endswith(others)}
    return curves
