"""The size of a plan: its learnt parameters, its values for a row, and an estimate of the memory to train it.

Operations of other packages (`Apply`) have unknown parameters, which are not counted.
"""

from collections.abc import Iterable
from math import prod

from valp.plan.operation import (
    Affine,
    Apply,
    Combine,
    Concatenate,
    Convolve,
    Gate,
    Normalise,
    Operation,
    Recur,
    Sample,
    Select,
)
from valp.plan.plan import Plan

NUMBER = 4
"""The bytes of a number."""

COPIES = 7
"""How often a parameter exists in a training: in the module and the executor, its gradient, two moments of Adam, the
weights that it inherits, and the file with the result."""

FITTING = 8
"""How often the numbers of a prior exist while it is fitted, in float64."""

CELL_GATES = {"gru": 3, "lstm": 4}
"""The gates of a recurrent cell, each with a matrix for its input and one for its state."""


def parameters_of(operation: Operation) -> int:
    """The number of learnt parameters of an operation; 0 for one of another package."""
    match operation:
        case Affine(inputs=inputs, outputs=outputs, normalise=normalise):
            return (inputs + 1 + 2 * normalise) * outputs
        case Convolve(inputs=inputs, outputs=outputs, kernel=kernel, normalise=normalise):
            return outputs[0] * (inputs[0] * prod(kernel) + 1 + 2 * normalise)
        case Recur(inputs=inputs, units=units, cell=cell, normalise=normalise):
            return units * (CELL_GATES[cell] * (inputs[0] + units + 2) + 2 * normalise)
        case Gate(sources=sources, size=size):
            return len(sources) * size
        case _:
            return 0


def parameter_count(operations: Iterable[Operation]) -> int:
    """The number of learnt parameters of operations."""
    return sum(map(parameters_of, operations))


def values_of_row(plan: Plan) -> int:
    """The numbers that are computed for one row, in all buffers and inside layers, the inputs included."""
    sizes = dict(plan.inputs)
    inside = 0
    for operation in plan.operations:
        read = [sizes.get(source, 0) for source in operation.sources]
        match operation:
            case Select(indices=indices):
                size = len(indices)
            case Concatenate() | Apply():  # the result of another package's operation is taken to be like its sources
                size = sum(read)
            case Combine(size=size) | Gate(size=size) | Sample(size=size) | Affine(outputs=size):
                pass
            case Convolve(outputs=outputs, pool=pool):
                size = prod(outputs)
                inside += size * prod(pool)
            case Recur(inputs=(_, steps), units=units, cell=cell):
                size = units * steps
                inside += size * CELL_GATES[cell]
            case Normalise():
                size = read[0]
        sizes[operation.out] = size
    return sum(sizes.values()) + inside


def training_bytes(plan: Plan, batch: int, *, rows: int = 0, gradients: int = 1, priors: int = 0) -> int:
    """An estimate of the memory to train a plan and to score it, in bytes.

    Args:
        plan: the plan.
        batch: the examples in a step. Each value has its gradient and, in some layers, a copy.
        rows: the most rows that are computed at once without gradients, for scores and priors.
        gradients: how many gradients of all parameters a step has: one, or one for each loss.
        priors: the numbers of the fitted priors.
    """
    learnt = parameter_count(plan.operations) * (COPIES + gradients - 1)
    return NUMBER * (learnt + values_of_row(plan) * max(3 * batch, rows) + FITTING * priors)
