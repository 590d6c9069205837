"""The scores of a trained VALP on a split of its problem."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.graph.graph import DataType
from valp.plan.plan import Mode, Protocol
from valp.score import Generated, GraphScore, OutputScore, Predicted, ScoredOutput, Subject
from valp.score.judge import Judge
from valp.score.subject import Conditions
from valp.spaces.problem.metrics import Metric
from valp.spaces.problem.problem import Problem, Split

GENERATED = 1000
"""The number of samples that are generated for the scores, and the most real samples to compare them with."""

ROWS = 5000
"""The most rows in a forward pass."""


class ScoringError(ValpError):
    """A model cannot be scored: an output is not finite, or a score cannot be computed."""


@dataclass(frozen=True)
class Scorer:
    """Scores models of one problem.

    Attributes:
        problem: the problem.
        judges: the judge of each Samples output, from `judges_of`. An output without a judge has no scores, unless the
            problem has no output to train a judge on: then samples and data are compared directly.
        protocol: the mode in which prediction tasks are scored: `predict`, or `generate` as in Garciarena et al.
        seed: the seed of the noise. It is the same for every candidate, so that scores do not depend on luck.
        objectives: the names of the optimised scores. Scores that are measured on demand are measured only if they are
            among these.
    """

    problem: Problem
    judges: Mapping[str, Judge]
    protocol: Protocol = "predict"
    seed: int = 0
    objectives: tuple[str, ...] = ()

    @torch.inference_mode()
    def score(self, module: VALPModule, split: Split, generated: int = GENERATED) -> dict[str, float]:
        """The scores of the module's outputs, by their names in `Problem.metrics`. Missing values are ignored.

        A score that cannot be measured is absent, for example conditioning and copying for unconditioned samples.

        Args:
            module: the trained VALP. It is left in evaluation mode.
            split: the rows to score on.
            generated: the number of samples to generate.

        Raises:
            ScoringError: if an output is not finite, or a score cannot be computed.
        """
        module.eval()
        subject = _Scored(self, module, split, generated)
        found = {name: self._value(metric, subject) for name, metric in self.problem.metrics.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, metric: Metric, subject: "_Scored") -> float | None:
        row, output = metric.score, metric.output
        if row.on_demand and metric.name not in self.objectives:
            return None
        try:
            if isinstance(row, GraphScore):
                value = row.compute(subject)
            elif isinstance(row, OutputScore) and output in subject.module.plan.outputs:
                value = row.compute(subject, self._outputs[str(output)])
            else:
                return None
            if value is None:
                return None
            return round(value) if row.whole and isfinite(value) else float(value)
        except ValpError:
            raise
        except Exception as error:  # a score from another package may raise any error
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ScoringError(f"the score {metric.name} cannot be computed: {reason}") from error

    @cached_property
    def _outputs(self) -> dict[str, ScoredOutput]:
        return {output.name: output for output in self.problem.scored_outputs}

    def judged(self, what: str, output: str, split: Split, samples: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
        """The judge's labels and features for samples that are the same for every model. The result is cached."""
        held, verdict = self._verdicts.get((what, id(split)), (None, None))
        if held is not split or verdict is None:
            verdict = self.judges[output].judge(samples())
            self._verdicts[what, id(split)] = (split, verdict)
        return verdict

    @cached_property
    def _verdicts(self) -> dict[tuple[str, int], tuple[Split, tuple[Tensor, Tensor]]]:
        return {}

    def standardised(self, output: str, samples: Tensor) -> Tensor:
        """Samples standardised by the mean and standard deviation of the training split."""
        mean, deviation = self._standards[output]
        return (samples - mean) / deviation

    @cached_property
    def _standards(self) -> dict[str, tuple[Tensor, Tensor]]:
        """For each Samples output, the mean and standard deviation (1 if constant) of each training variable."""
        names = [column.name for column in self.problem.columns.outputs if column.type is DataType.SAMPLES]
        standards = {}
        for name in names:
            samples = self.problem.train.known(name)
            deviation = samples.std(0, correction=0).double()
            constant = (samples.amin(0) == samples.amax(0)) | (deviation == 0)
            standards[name] = samples.mean(0).double(), deviation.masked_fill(constant, 1)
        return standards


class _Scored(Subject):
    """A model on a split. Its predictions and samples are computed when a score first needs them."""

    def __init__(self, scorer: Scorer, module: VALPModule, split: Split, count: int) -> None:
        self.module, self.inputs = module, split.inputs
        self._scorer, self._split, self._count = scorer, split, count
        self._generated: dict[str, Generated | None] = {}

    def predicted(self, output: str) -> Predicted:
        """See `Subject`."""
        return Predicted(self._predictions[output], self._split.truths[output], self._split.present.get(output))

    @cached_property
    def _predictions(self) -> dict[str, Tensor]:
        columns = self._scorer.problem.columns.outputs
        names = [c.name for c in columns if c.name in self.module.plan.outputs and c.type is not DataType.SAMPLES]
        return predictions(self.module, self._split, names, self._scorer.protocol, self._scorer.seed)

    def generated(self, output: str) -> Generated | None:
        """See `Subject`."""
        if output not in self._generated:
            self._generated[output] = self._generate(output)
        return self._generated[output]

    def _generate(self, name: str) -> Generated | None:
        scorer, split, count = self._scorer, self._split, self._count
        if scorer.problem.judged_by is not None and name not in scorer.judges:
            return None
        samples, rows = generate(self.module, split, name, count, scorer.seed)
        real = split.known(name)[:GENERATED]
        if scorer.problem.judged_by is None:
            samples = samples[: len(real)]  # coverage grows with the number of samples
            return Generated(samples, real, scorer.standardised(name, samples), scorer.standardised(name, real))
        labels, features = scorer.judges[name].judge(samples)
        real_labels, real_features = scorer.judged(f"real {name}", name, split, lambda: real)
        conditions = self._conditions(name, rows)
        return Generated(samples, real, features, real_features, labels, real_labels, conditions)

    def _conditions(self, name: str, rows: Tensor) -> Conditions | None:
        view = self._scorer.problem.view(name)
        if view is None or not self.module.plan.inputs_of(name, "generate"):
            return None
        what = f"{len(rows)} conditions of {name}"
        shown = self._scorer.judged(what, name, self._split, lambda: self._split.inputs[view][rows])
        return Conditions(*shown, rows)


@torch.inference_mode()
def predictions(module: VALPModule, split: Split, outputs: Sequence[str], mode: Mode, seed: int) -> dict[str, Tensor]:
    """The outputs for every row of a split. The seed determines the noise, if the mode has any.

    Raises:
        ScoringError: if an output is not finite.
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
    """Samples of an output, and the rows of the split that condition them. All rows are used about equally often.

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
    return module.drawn_noise(count, generator)


def _finite(name: str, values: Tensor) -> Tensor:
    if not bool(values.isfinite().all()):
        raise ScoringError(f"output {name!r} is not finite on {int((~values.isfinite()).any(1).sum())} rows")
    return values
