"""The scores of a trained VALP on a split of its problem."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.graph.graph import DataType
from valp.plan.plan import Protocol
from valp.score import Attacked, Generated, GraphScore, OutputScore, Predicted, ScoredOutput, Subject
from valp.score.halves import standard_errors
from valp.score.judge import Judge
from valp.score.subject import Conditioned
from valp.spaces.problem.answers import Answers, side_by_side
from valp.spaces.problem.attacking import Attacking, Ranges, ranges_of
from valp.spaces.problem.metrics import Metric
from valp.spaces.problem.problem import Problem, Split
from valp.spaces.problem.references import References, known_rows
from valp.spaces.problem.sampling import (
    ScoringError,
    conditioning_rows,
    equally_often,
    few_rows,
    finite,
    generate_for,
    predictions,
)

GENERATED = 1000
"""The most samples that are generated for the scores, and the most real samples to compare them with."""

TEST_NOISE = 1_000_003
"""What is added to the seed of the noise on the test split, so that its luck differs from the validation split's."""


@dataclass(frozen=True)
class Scorer:
    """Scores models of one problem.

    Attributes:
        problem: the problem.
        judges: the judge of each Samples output, from `judges_of`. An output without a judge has no scores, unless the
            problem has no output to train a judge on: then samples and data are compared directly.
        protocol: the mode in which prediction tasks are scored: `predict`, or `generate` as in Garciarena et al.
        seed: the seed of the noise. It is the same for every candidate, so that candidates do not differ in luck. The
            test split has other noise than the validation split.
        objectives: the names of the optimised scores. Scores that are measured on demand are measured only if they are
            among these, or a companion of one.
        few: whether conditioned samplers are scored on few conditions with many draws of the noise. If not, every
            sample has its own condition, as in Garciarena et al., and a copy of the condition has perfect scores.
    """

    problem: Problem
    judges: Mapping[str, Judge]
    protocol: Protocol = "predict"
    seed: int = 0
    objectives: tuple[str, ...] = ()
    few: bool = True

    @torch.inference_mode()
    def score(self, module: VALPModule, split: Split, generated: int = GENERATED) -> dict[str, float]:
        """The scores of the module's outputs, by their names in `Problem.metrics`. Missing values are ignored.

        A score that cannot be measured is absent, for example conditioning and copying for unconditioned samples.

        Args:
            module: the trained VALP. It is left in evaluation mode.
            split: the rows to score on.
            generated: the most samples to generate. As many real samples are compared with them, so scores with
                another number are not comparable.

        Raises:
            ScoringError: if an output is not finite, or a score cannot be computed.
        """
        return self._scores(_Scored(self, module, split, generated))

    @torch.inference_mode()
    def score_with_errors(self, module: VALPModule, split: Split) -> tuple[dict[str, float], dict[str, float]]:
        """The scores as in `score`, and their standard errors by the same names; see `valp.score.halves`.

        Of the scores of whole graphs, only those of predictions have a standard error.

        Args:
            module: the trained VALP. It is left in evaluation mode.
            split: the rows to score on.

        Raises:
            ScoringError: as `score`.
        """
        subject = _Scored(self, module, split, GENERATED)
        scores = self._scores(subject)
        return scores, self._errors(subject, scores)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The scores by name: those of the problem, and the objectives that have a parameter.

        Raises:
            SettingError: if an objective is not a score of the problem.
        """
        return self.problem.metrics_with(self.objectives)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The names of the scores on demand that are measured."""
        return self.problem.wanted(self.objectives)

    def _errors(self, subject: "_Scored", scores: Mapping[str, float]) -> dict[str, float]:
        """The standard errors of scores."""
        errors: dict[str, float] = {}
        for output in (*self.problem.scored_outputs, None):
            of = None if output is None else output.name
            measured = {name: one.score for name, one in self.metrics.items() if name in scores and one.output == of}
            errors |= standard_errors(subject, output, measured, self.seed)
        return {name: errors[name] for name in scores if name in errors}

    def _scores(self, subject: "_Scored") -> dict[str, float]:
        subject.module.eval()
        found = {name: self._value(metric, subject) for name, metric in self.metrics.items()}
        return {name: value for name, value in found.items() if value is not None}

    @torch.inference_mode()
    def score_answers(self, answers: Answers, split: Split) -> tuple[dict[str, float], dict[str, float]]:
        """The scores of a model that is not a VALP and their standard errors, like those of `score_with_errors`.

        Scores that need a VALP are absent.

        Raises:
            ScoringError: if its predictions or samples are not finite.
        """
        subject, found = _Answered(self, answers, split, GENERATED), {}
        subject.answer()
        for name, metric in self.metrics.items():
            if metric.output == answers.output:
                with suppress(ScoringError):  # a score of another package may need the VALP
                    found[name] = self._value(metric, subject)
        scores = {name: value for name, value in found.items() if value is not None}
        return scores, self._errors(subject, scores)

    def _value(self, metric: Metric, subject: "_Scored") -> float | None:
        row, output = metric.score, metric.output
        if row.on_demand and metric.name not in self.wanted:
            return None
        try:
            if isinstance(row, GraphScore):
                value = row.compute(subject)
            elif isinstance(row, OutputScore) and output is not None and subject.has(output):
                value = row.compute(subject, self._outputs[output])
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

    def noise_of(self, split: Split) -> int:
        """The seed of the noise on a split."""
        return self.seed + (TEST_NOISE if split is self.problem.test else 0)

    @cached_property
    def ranges(self) -> Ranges:
        """The ranges of the inputs that can be attacked."""
        return ranges_of(self.problem)

    @cached_property
    def references(self) -> References:
        """What samples are compared with."""
        return References(self.problem, self.judges)


class _Scored(Subject):
    """A model on a split. Its predictions and samples are computed when a score first needs them."""

    def __init__(self, scorer: Scorer, module: VALPModule, split: Split, count: int) -> None:
        self.module, self.inputs, self.outputs = module, split.inputs, scorer.problem.scored_outputs
        self._scorer, self._split, self._count = scorer, split, min(count, GENERATED)
        self._seed = scorer.noise_of(split)
        self._generated: dict[str, Generated | None] = {}

    def _conditions_of(self, output: str) -> Collection[str]:
        """What its samples depend on, besides the noise."""
        return self.module.plan.inputs_of(output, "generate")

    def predicted(self, output: str) -> Predicted:
        """See `Subject`."""
        return Predicted(self._predictions[output], self._split.truths[output], self._split.present.get(output))

    @cached_property
    def _predictions(self) -> dict[str, Tensor]:
        columns = self._scorer.problem.columns.outputs
        names = [c.name for c in columns if c.name in self.module.plan.outputs and c.type is not DataType.SAMPLES]
        return predictions(self.module, self._split, names, self._scorer.protocol, self._seed)

    def attacked(self, output: str, size: float) -> Attacked | None:
        """See `Subject`."""
        if not self._attacking.possible:
            return None
        return self._attacking.attacked(output, size, lambda: self._predictions[output])

    def zero_gradient(self, output: str) -> Tensor | None:
        """See `Subject`."""
        return self._attacking.zero(output) if self._attacking.possible else None

    @cached_property
    def _attacking(self) -> Attacking:
        scorer = self._scorer
        return Attacking(self.module, scorer.problem, self._split, scorer.ranges, scorer.protocol, self._seed)

    def generated(self, output: str) -> Generated | None:
        """See `Subject`."""
        if output not in self._generated:
            self._generated[output] = self._generate(output)
        return self._generated[output]

    def _generate(self, name: str) -> Generated | None:
        scorer, split, references = self._scorer, self._split, self._scorer.references
        if scorer.problem.judged_by is not None and name not in scorer.judges:
            return None
        rows, (real_labels, real_features) = references.real(name, split, self._count)
        groups, conditioned = None, None
        conditions = self._conditions_of(name)
        if conditions:
            usable = conditioning_rows(split, conditions, known_rows(name, split))
            among = usable[torch.isin(usable, rows)]
            if len(among) == 0:
                return None
            conditioned = self._conditioned(name, usable)
            if scorer.few:
                groups = few_rows(rows, real_labels, references.classes(name, split, rows), self._seed, among)
            else:
                groups = equally_often(usable, len(rows), self._seed)
        samples = self._made(name, rows if groups is None else groups)
        labels, features = references.verdict(name, samples)
        column, real = scorer.problem.columns.output(name), split.truths[name][rows]
        return Generated(
            samples=samples,
            real=real,
            features=features,
            real_features=real_features,
            labels=labels,
            real_labels=real_labels,
            groups=groups,
            conditioned=conditioned,
            records=references.records(name, split, samples, groups),
            real_distances=references.real_distances(name, split, self._count),
            rows_in_units=(column.restore(real), column.restore(samples)) if column.drawn else None,
        )

    def _made(self, name: str, rows: Tensor) -> Tensor:
        """Samples conditioned on these rows: draws for a table, means for pictures."""
        drawn = self._scorer.problem.columns.output(name).drawn
        return generate_for(self.module, self._split, name, rows, self._seed, drawn=drawn)

    def _conditioned(self, name: str, usable: Tensor) -> Conditioned:
        references, split = self._scorer.references, self._split
        rows = equally_often(usable, self._count, self._seed)
        samples = self._made(name, rows)
        return Conditioned(
            rows=rows,
            samples=references.standardised(name, samples),
            real=references.standardised(name, split.truths[name][rows]),
            labels=references.verdict(name, samples)[0],
            real_labels=references.labels(name, split, rows),
        )


class _Answered(_Scored):
    """A model of one output, which is not a VALP, on a split."""

    def __init__(self, scorer: Scorer, answers: Answers, split: Split, count: int) -> None:
        self._answers, self.inputs, self.outputs = answers, split.inputs, scorer.problem.scored_outputs
        self._scorer, self._split, self._count = scorer, split, min(count, GENERATED)
        self._seed = scorer.noise_of(split)
        self._generated = {}

    def has(self, output: str) -> bool:
        """See `Subject`."""
        return output == self._answers.output

    def attacked(self, output: str, size: float) -> None:
        """See `Subject`."""

    def zero_gradient(self, output: str) -> None:
        """See `Subject`."""

    def answer(self) -> None:
        """Predicts or draws, so that an error is raised before the first score."""
        if self._answers.predict is None:
            self.generated(self._answers.output)
        else:
            self.predicted(self._answers.output)

    def _conditions_of(self, output: str) -> Collection[str]:  # noqa: ARG002 - it has one output
        return ()

    @cached_property
    def _predictions(self) -> dict[str, Tensor]:
        predict, name = self._answers.predict, self._answers.output
        return {} if predict is None else {name: finite(name, predict(side_by_side(self._split)))}

    def _made(self, name: str, rows: Tensor) -> Tensor:
        if self._answers.draw is None:
            raise ScoringError(f"the model of {name!r} draws no samples")
        return finite(name, self._answers.draw(len(rows), self._seed))
