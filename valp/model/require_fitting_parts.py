"""Checks that the parts of a bundle fit each other, before a module is compiled.

The size of a module follows from the graph alone, so a small file could otherwise ask for any amount of memory.
"""

from collections.abc import Mapping

from torch import Tensor

from valp.errors import FileError
from valp.graph.graph import DataUnit
from valp.model.manifest import Manifest
from valp.parts.own_types import like
from valp.parts.priors import class_prior_numbers, prior_numbers
from valp.plan.plan import Plan
from valp.plan.plan_size import parameter_count

CLASS_PRIORS = "class_priors."
"""How the names of weights begin that bundles of older versions lack."""

MISSING_NUMBERS = 2**24
"""The most numbers of class priors that may be missing."""


def require_fitting_columns(manifest: Manifest) -> None:
    """Checks that each input and output of the graph has a column of the same type and shape.

    A type of another package may have the column of the type that it is like.

    Raises:
        FileError: if one has none or another, or classes have a wrong number of shares.
    """
    graph, columns = manifest.graph, manifest.preprocessing
    for what, parts, known in (
        ("input", graph.inputs, columns.inputs),
        ("output", graph.outputs, columns.outputs),
    ):
        units = {column.name: column.unit for column in known}
        for part in parts:
            if part.name not in units or not _fits(units[part.name], part.unit):
                found = _unit_text(units[part.name]) if part.name in units else "there is none"
                raise FileError(
                    f"the column of {what} {part.name!r} must be {_unit_text(part.unit)}, as in the graph, but {found}"
                )
    for column in (*columns.inputs, *columns.outputs):
        shares = manifest.shares.get(column.name)
        if shares is not None and len(shares) != column.size:
            raise FileError(f"{column.name!r} must have {column.size} shares of classes, but has {len(shares)}")


def require_fitting_weights(plan: Plan, weights: Mapping[str, Tensor]) -> None:
    """Checks that there are at least as many weights as a module of the plan has.

    Raises:
        FileError: if there are fewer.
    """
    held = sum(tensor.numel() for tensor in weights.values())
    needed = parameter_count(plan.operations) + prior_numbers(plan)
    optional = class_prior_numbers(plan)
    if optional <= MISSING_NUMBERS and not any(name.startswith(CLASS_PRIORS) for name in weights):
        needed -= optional
    if held < needed:
        raise FileError(f"its graph has {needed:,} weights, but the file has {held:,}")


def _fits(column: DataUnit, part: DataUnit) -> bool:
    return column.shape == part.shape and (column.type == part.type or like(column.type) is like(part.type) is not None)


def _unit_text(unit: DataUnit) -> str:
    return f"{unit.type} of shape {'×'.join(map(str, unit.shape))}"
