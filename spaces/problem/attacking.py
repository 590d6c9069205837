"""The attacks on the inputs of a model on a split, and what it predicts under them; see `valp.score.attack`."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.graph.graph import DataType
from valp.plan.plan import Protocol
from valp.score.attack import Gradients, Rows, Signs, error_gradients, loss_gradients, perturbed, random_signs
from valp.score.subject import Attacked
from valp.spaces.problem.problem import Problem, Split
from valp.spaces.problem.sampling import noise_of, predictions

Ranges = dict[str, tuple[Tensor, Tensor]]


def ranges_of(problem: Problem) -> Ranges:
    """The lowest and the highest value of each input that is not Discrete, in the training split.

    Variables that share one scale, such as the pixels of an image, share the range. Other variables have each their
    own, (size,).
    """
    found: Ranges = {}
    for column in problem.columns.inputs:
        if column.type is not DataType.DISCRETE:
            values = problem.train.inputs[column.name]
            own = isinstance(column.scale, tuple) or column.quantiles is not None
            found[column.name] = (values.amin(0), values.amax(0)) if own else (values.amin(), values.amax())
    return found


class Attacking:
    """A model under attack. The gradients are computed once, the predictions once for each size.

    Args:
        module: the model, in evaluation mode.
        problem: the problem.
        split: the rows.
        ranges: those of the problem, from `ranges_of`.
        protocol: the mode of predictions.
        seed: the seed of the noise of predictions and of the random signs.
    """

    def __init__(
        self, module: VALPModule, problem: Problem, split: Split, ranges: Ranges, protocol: Protocol, seed: int
    ) -> None:
        self._module, self._problem, self._split = module, problem, split
        self._ranges, self._protocol, self._seed = ranges, protocol, seed
        self._among = [name for name in ranges if name in module.plan.inputs]
        predicted = [output for output in problem.scored_outputs if output.type is not DataType.SAMPLES]
        self._outputs = [output for output in predicted if output.name in module.plan.outputs]
        self._values: dict[float, dict[str, Tensor]] = {}

    @property
    def possible(self) -> bool:
        """Whether the model has an input that can be attacked."""
        return bool(self._among)

    def attacked(self, output: str, size: float, plain: Callable[[], Tensor]) -> Attacked:
        """The predictions of an output, without and under attacks of a size.

        Args:
            output: the name of the output.
            size: η.
            plain: returns the predictions without an attack.

        Raises:
            ScoringError: if a prediction is not finite.
        """
        if size not in self._values:
            self._values[size] = self._predictions(size)
        values = torch.cat([plain()[None], self._values[size][output]])
        return Attacked(values, self._split.truths[output], self._split.present.get(output), self.zero(output))

    def zero(self, output: str) -> Tensor:
        """Bool, (n,): where the gradient of the error of an output is zero."""
        return self._errors[output].zero

    def _predictions(self, size: float) -> dict[str, Tensor]:
        """(attacks, n, size) for each output."""
        names, made = [output.name for output in self._outputs], []
        for signs in self._attacks:
            inputs = perturbed(self._split.inputs, signs, size, self._ranges)
            split = replace(self._split, inputs=inputs)
            made.append(predictions(self._module, split, names, self._protocol, self._seed))
        return {name: torch.stack([values[name] for values in made]) for name in names}

    @cached_property
    def _attacks(self) -> list[Signs]:
        with torch.inference_mode(False):
            loss = loss_gradients(self._module, self._rows(noisy=False), self._among)
        errors = [gradients.signs for gradients in self._errors.values()]
        return [loss.signs, *errors, random_signs(self._split.inputs, self._among, self._seed)]

    @cached_property
    def _errors(self) -> dict[str, Gradients]:
        with torch.inference_mode(False):
            rows = self._rows(noisy=self._protocol == "generate")
            return {
                output.name: error_gradients(self._module, rows, self._among, output, self._protocol)
                for output in self._outputs
            }

    def _rows(self, noisy: bool) -> Rows:
        split = self._split
        noise = (noise_of(self._module, len(split), self._seed),) if noisy else ()
        return Rows(split.inputs, split.truths, self._problem.weights_of(split), noise)
