"""The details of one candidate on the front for the page."""

from math import isfinite
from pathlib import Path
from typing import Any

import torch

from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.graph.graph import DataType
from valp.score.speed import inferences_per_second
from valp.search.engine.models import model_of
from valp.search.run.folder import CURVES, read_curves_file
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.search.show.report.evidence import SEED, Evidence
from valp.search.show.report.graph_drawing import compact_svg, conditioning_paths
from valp.search.show.report.prediction_counts import predicted
from valp.search.show.report.rounding import rounded
from valp.search.show.report.sample_pictures import generated_samples
from valp.search.show.report.traced import traced
from valp.spaces.problem.sampling import predictions


def details(run: StoredRun, entry: Entry, evidence: Evidence) -> dict[str, Any]:
    """The details of a candidate that are not in its row of the table.

    Returns:
        `svg` and `conditioning` of its graph, `curves`, `remarks` about its scores, and `traced` if it has a trace.
        From its weights and the validation split `predicted`, `generated` and `speed`; or instead of these `missing`,
        which says why they are absent.
    """
    graph = entry.candidate.graph
    made: dict[str, Any] = {
        "svg": compact_svg(graph),
        "conditioning": conditioning_paths(graph),
        "curves": read_curves(run.folder.candidate(entry.number) / CURVES),
        "remarks": run.remarks(entry),
    }
    trace = traced(run.folder.candidate(entry.number), inherited=bool(entry.parents))
    if trace is not None:
        made["traced"] = trace
    if evidence.problem is None:
        return made | {"missing": evidence.missing}
    try:
        return made | _computed(run, model_of(run, entry).module, evidence)
    except ValpError as error:  # its weights no longer exist, or another version made the graph
        return made | {"missing": str(error)}


def _computed(run: StoredRun, module: VALPModule, evidence: Evidence) -> dict[str, Any]:
    torch.set_num_threads(1)
    columns = [column for column in run.problem.columns.outputs if column.name in module.plan.outputs]
    told = [column.name for column in columns if column.type is not DataType.SAMPLES]
    values = predictions(module, evidence.split, told, run.settings.protocol, SEED)
    return {
        "predicted": [
            predicted(column, values[column.name], evidence.split) for column in columns if column.name in told
        ],
        "generated": [generated_samples(module, evidence, c.name) for c in columns if c.type is DataType.SAMPLES],
        "speed": rounded(inferences_per_second(module, evidence.split.inputs), 3),
    }


def read_curves(path: Path) -> dict[str, Any] | None:
    """Learning curves: the `steps` at which all losses are finite, and the `losses` by name; None without a file."""
    try:
        held = read_curves_file(path)
    except (OSError, ValueError):
        return None
    names, columns = list(held), list(held.values())
    kept = [i for i in range(len(columns[0])) if all(isfinite(column[i]) for column in columns)]
    columns = [[column[i] for i in kept] for column in columns]
    losses = {name: rounded(column, 4) for name, column in zip(names[1:], columns[1:], strict=True)}
    return {"steps": [int(step) for step in columns[0]], "losses": losses}
