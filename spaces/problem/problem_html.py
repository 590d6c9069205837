"""The HTML that a notebook shows for a problem."""

from typing import TYPE_CHECKING

from valp.model.model_html import classes_text, size_text
from valp.model.notebook_html import bold_html, paragraph_html, table_html
from valp.model.preprocessing import Column
from valp.spaces.problem.splits import SPLITS

if TYPE_CHECKING:  # a problem imports this module
    from valp.spaces.problem.splits import Split


def problem_html(
    name: str,
    title: str,
    columns: tuple[tuple[Column, ...], tuple[Column, ...]],
    losses: dict[str, tuple[str, ...]],
    scores: dict[str, list[str]],
    splits: "tuple[Split, Split, Split]",
    conditions: tuple[str, ...] | None = None,
) -> str:
    """The HTML of a problem: its rows, inputs and outputs, losses and scores.

    Args:
        name: the name of the problem.
        title: one line about it.
        columns: the inputs and the outputs.
        losses: the codes of the losses of each output.
        scores: the names of the scores of each output.
        splits: train, validation and test.
        conditions: by what samples may be asked for; None if anything is allowed.
    """
    rows = [f"{len(split):,} rows to {use}" for split, use in zip(splits, ("train", "validate", "test"), strict=True)]
    if conditions:
        rows.append(f"samples by {', '.join(conditions)}")
    head = paragraph_html(bold_html(name), *([title] if title != name else []), *rows)
    listed = [
        [
            role,
            column.name,
            column.own or column.type,
            size_text(column),
            classes_text(column),
            ", ".join(losses.get(column.name, ())),
            ", ".join(scores.get(column.name, ())),
            _missing(column.name, splits) if role == "output" else "",
        ]
        for role, part in zip(("input", "output"), columns, strict=True)
        for column in part
    ]
    titles = ["", "name", "type", "a row has", "classes", "losses", "scores", "missing"]
    return f"<div>{head}{table_html(titles, listed, left=7)}</div>"


def _missing(output: str, splits: "tuple[Split, Split, Split]") -> str:
    """The number of rows in each split with missing values of an output."""
    counts = [len(split) - len(split.having(output)) if output in split.present else 0 for split in splits]
    told = [f"{count} ({name})" for count, name in zip(counts, SPLITS, strict=True) if count]
    return ", ".join(told) or "0"
