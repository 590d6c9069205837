"""By what the samples of a space's graphs may be asked for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from valp.graph.graph import DataType, Input, Output
from valp.parts.own_types import like
from valp.spaces.generate.space import Space


@dataclass(frozen=True)
class AllowedConditions:
    """What samples may depend on when a graph generates.

    Attributes:
        inputs: the numbers of the model inputs on which samples may depend.
        given: the numbers of the outputs whose class is given.
        restrict: whether samples must not depend on some model input.
    """

    inputs: frozenset[int]
    given: tuple[int, ...]
    restrict: bool


def allowed_conditions(
    inputs: Sequence[Input], outputs: Sequence[Output], space: Space, conditions: Collection[str] | None
) -> AllowedConditions:
    """What a problem's conditions allow in a space.

    Args:
        inputs, outputs: the model's inputs and outputs.
        space: the space.
        conditions: the names in `Description.conditions`; None allows anything.
    """
    generates = any(like(output.unit.type) is DataType.SAMPLES for output in outputs)
    if conditions is None or space.any_condition or not generates:
        return AllowedConditions(frozenset(range(len(inputs))), (), False)
    allowed = frozenset(i for i, part in enumerate(inputs) if part.name in conditions)
    given = (i for i, part in enumerate(outputs) if part.name in conditions and part.unit.type is DataType.DISCRETE)
    return AllowedConditions(allowed, tuple(given), len(allowed) < len(inputs))
