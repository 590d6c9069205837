"""The problems on which balancing methods are compared, with their networks. All are MLPs, which train natively."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from benchmarks.digit_labels import digit_labels
from valp.compile.module import VALPModule
from valp.graph.graph import DataType, Graph
from valp.spaces.builtin.idx_files import Progress
from valp.spaces.catalogue.graph_parts import dense
from valp.spaces.catalogue.sketch import Sketch
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.description import Description
from valp.spaces.problem.problem import Problem, Split

ROWS = 2_500
"""Rows that are predicted at once."""


@dataclass(frozen=True)
class Subject:
    """A problem and the networks that learn it.

    Attributes:
        load: loads the problem; its argument is called with where the data come from.
        hidden, code: the hidden layer and the outputs of the network that all tasks share.
        head: the hidden layers of the network of a class.
        decoder: the hidden layers of the network of numbers.
    """

    load: Callable[[Progress | None], Problem]
    hidden: int
    code: int
    head: tuple[int, ...] = ()
    decoder: tuple[int, ...] = ()

    @property
    def sizes(self) -> tuple[object, ...]:
        """The sizes of its networks."""
        return self.hidden, self.code, self.head, self.decoder

    def graph(self, problem: Description, weights: Sequence[float] = ()) -> Graph:
        """The graph for all tasks of a problem, or for one.

        Args:
            problem: the problem, with the tasks to learn.
            weights: β of the tasks; 1 if empty.
        """
        sketch = Sketch(problem)
        shared = sketch.dense("encoder", [part.name for part in sketch.inputs], dense(self.hidden), self.code)
        for output, beta in zip(sketch.outputs(), weights or [1.0] * len(problem.outputs), strict=True):
            layers = self.head if output.unit.type is DataType.DISCRETE else self.decoder
            sketch.head(output, [shared], dense(*layers), beta)
        return sketch.graph()


SUBJECTS = {
    "two-digits": Subject(partial(load_problem, "two-digits"), 128, 50, (50,), (128,)),
    "multi-mnist": Subject(partial(load_problem, "multi-mnist"), 128, 50, (50,)),
    "digit-labels": Subject(digit_labels, 64, 32),
}


def errors(module: VALPModule, split: Split) -> dict[str, float]:
    """The error of each output that a module predicts: 1 − accuracy of a class, the mean squared error of numbers."""
    found: dict[str, list[torch.Tensor]] = {}
    with torch.inference_mode():
        for start in range(0, len(split), ROWS):
            part = split.take(torch.arange(start, min(start + ROWS, len(split))))
            for name, values in module(part.inputs, "predict").items():
                if name in module.plan.outputs:
                    found.setdefault(name, []).append(_errors(values, part.truths[name]))
    return {name: torch.cat(parts).mean().item() for name, parts in found.items()}


def errors_without_learning(problem: Problem, split: Split) -> dict[str, float]:
    """The error of each output if the most frequent class, or the mean, of the training split is predicted."""
    found = {}
    for name, values in problem.train.truths.items():
        truth = split.truths[name]
        if values.is_floating_point():
            found[name] = ((truth - values.mean(0)) ** 2).mean().item()
        else:
            found[name] = 1 - (truth == values.mode().values).double().mean().item()
    return found


def _errors(values: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The error of each row, (n,)."""
    if truth.is_floating_point():
        return ((values - truth) ** 2).double().mean(1)
    return (values.argmax(1) != truth).double()
