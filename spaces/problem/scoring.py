"""The scores of a trained VALP on a split of its problem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.plan.plan import Mode, Protocol
from valp.score.generation_scores import (
    class_entropy,
    conditioning_accuracy,
    copying,
    density_and_coverage,
    within_class_diversity,
)
from valp.score.judge import Judge
from valp.score.prediction_scores import accuracy, label_accuracy, mean_squared_error, r_squared
from valp.spaces.problem.problem import Problem, Split

GENERATED = 1000
"""Samples generated for the scores, and at most this many real ones beside them."""

NEIGHBOURS = 5
"""k of density and coverage; fewer where there are not more real samples."""

ROWS = 5000
"""Rows of a forward pass."""


class ScoringError(ValpError):
    """A model whose outputs cannot be scored, because they are not finite numbers."""


@dataclass(frozen=True)
class Scorer:
    """Scores models of one problem.

    Attributes:
        problem: the problem.
        judges: by Samples output, what labels its samples, as `judges_of` gives them. Without one an output has no
            scores, unless the problem has nothing to teach a judge: then its samples are compared as they are.
        protocol: the mode prediction tasks are scored in: `predict`, or the paper's `generate`.
        seed: of the noise: the same for every candidate, so that chance favours none.
    """

    problem: Problem
    judges: Mapping[str, Judge]
    protocol: Protocol = "predict"
    seed: int = 0

    @torch.inference_mode()
    def score(self, module: VALPModule, split: Split, generated: int = GENERATED) -> dict[str, float]:
        """The scores by name, as `Problem.metrics` names them, of the outputs the module has: over what is present.

        `generated` samples are generated for them.

        Conditioning accuracy is at its chance level, 1 / classes, where nothing conditions the samples or no input
        shows what they should look like.

        Raises:
            ScoringError: if an output is not finite.
        """
        module.eval()
        columns = {c.name: c for c in self.problem.columns.outputs if c.name in module.plan.outputs}
        predicted = [name for name, column in columns.items() if column.type is not DataType.SAMPLES]
        found: dict[tuple[str, str], float] = {}
        for name, values in predictions(module, split, predicted, self.protocol, self.seed).items():
            figures = _figures(columns[name], values, split.truths[name], split.present.get(name))
            found |= {(name, code): value for code, value in figures.items()}
        for name in columns.keys() - set(predicted):
            figures = self._generation(module, split, name, generated)
            found |= {(name, code): value for code, value in figures.items()}
        return {
            score: found[output, metric.code]
            for score, (output, metric) in self.problem.metrics.items()
            if (output, metric.code) in found
        }

    def _generation(self, module: VALPModule, split: Split, name: str, count: int) -> dict[str, float]:
        if self.problem.judged_by is not None and name not in self.judges:
            return {}
        generated, rows = generate(module, split, name, count, self.seed)
        real = split.known(name)[:GENERATED]
        if self.problem.judged_by is None:
            mean, deviation = self._standards[name]
            alike = generated[: len(real)]  # the more are generated, the more they cover
            density, coverage = _density_and_coverage((real - mean) / deviation, (alike - mean) / deviation)
            return {"coverage": coverage, "density": density}
        judge, classes = self.judges[name], self.problem.columns.output(self.problem.judged_by).size
        labels, features = judge.judge(generated)
        real_labels, real_features = self._judged(f"real {name}", name, split, lambda: real)
        density, coverage = _density_and_coverage(real_features, features)
        view = self.problem.view(name)
        conditioned = bool(module.plan.inputs_of(name, "generate"))
        conditioning, copied = 1 / classes, 0.0
        if conditioned and view is not None:
            conditions = self._judged(f"{count} conditions of {name}", name, split, lambda: split.inputs[view][rows])
            conditioning = conditioning_accuracy(conditions[0], labels)
            copied = copying(conditions[1], features, rows)
        entropy = class_entropy(labels, classes)
        return {
            "entropy": entropy,
            "density": density,
            "coverage": coverage,
            "diversity": within_class_diversity(real_features, real_labels, features, labels),
            "conditioning": conditioning,
            "copying": copied,
            "entropy_coverage": entropy * coverage,
        }

    def _judged(self, what: str, output: str, split: Split, samples: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
        """What an output's judge says of samples that are the same for every model; it is asked once."""
        held, verdict = self._verdicts.get((what, id(split)), (None, None))
        if held is not split or verdict is None:
            verdict = self.judges[output].judge(samples())
            self._verdicts[what, id(split)] = (split, verdict)
        return verdict

    @cached_property
    def _verdicts(self) -> dict[tuple[str, int], tuple[Split, tuple[Tensor, Tensor]]]:
        return {}

    @cached_property
    def _standards(self) -> dict[str, tuple[Tensor, Tensor]]:
        """By Samples output, the mean and the deviation of each variable in the training split; 1 for a constant."""
        names = [column.name for column in self.problem.columns.outputs if column.type is DataType.SAMPLES]
        standards = {}
        for name in names:
            samples = self.problem.train.known(name)
            deviation = samples.std(0, correction=0).double()
            constant = (samples.amin(0) == samples.amax(0)) | (deviation == 0)
            standards[name] = samples.mean(0).double(), deviation.masked_fill(constant, 1)
        return standards


def _figures(column: Column, values: Tensor, truth: Tensor, present: Tensor | None) -> dict[str, float]:
    """The scores of a prediction by their codes."""
    if column.type is DataType.DISCRETE:
        of_output = label_accuracy if column.labels else accuracy
        return {of_output.__name__: of_output(values, truth, present)}
    return {"mse": mean_squared_error(values, truth, present), "r2": r_squared(values, truth, present)}


def _density_and_coverage(real: Tensor, generated: Tensor) -> tuple[float, float]:
    return density_and_coverage(real, generated, min(NEIGHBOURS, len(real) - 1))


@torch.inference_mode()
def predictions(module: VALPModule, split: Split, outputs: list[str], mode: Mode, seed: int) -> dict[str, Tensor]:
    """The outputs for every row of a split; noise, where the mode has any, follows from the seed.

    Raises:
        ScoringError: if one is not finite.
    """
    if not outputs:
        return {}
    noise = _noise(module, len(split), seed) if mode == "generate" else {}
    parts: dict[str, list[Tensor]] = {name: [] for name in outputs}
    for start in range(0, len(split), ROWS):
        rows = slice(start, start + ROWS)
        inputs = {name: tensor[rows] for name, tensor in split.inputs.items()}
        values = module(inputs, mode, {name: z[rows] for name, z in noise.items()}, outputs)
        for name in outputs:
            parts[name].append(values[name])
    return {name: _finite(name, torch.cat(tensors)) for name, tensors in parts.items()}


@torch.inference_mode()
def generate(module: VALPModule, split: Split, output: str, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Samples of an output, and the rows of the split that condition them, drawn without preference.

    Returns:
        (count, size) samples and (count,) row numbers.

    Raises:
        ScoringError: if a sample is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    repeats = -(-count // len(split))
    rows = torch.cat([torch.randperm(len(split), generator=generator) for _ in range(repeats)])[:count]
    inputs = {name: split.inputs[name][rows] for name in module.plan.inputs_of(output, "generate")}
    values = module(inputs, "generate", _noise(module, count, seed), [output])
    return _finite(output, values[output]), rows


def _noise(module: VALPModule, count: int, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(count, k, generator=generator) for name, k in module.plan.noise.items()}


def _finite(name: str, values: Tensor) -> Tensor:
    if not bool(values.isfinite().all()):
        raise ScoringError(f"output {name!r} is not finite on {int((~values.isfinite()).any(1).sum())} rows")
    return values
