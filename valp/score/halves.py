"""Standard errors of scores: how much they would differ for other rows and other samples.

A score is computed again on random halves of the rows, drawn without replacement. The standard deviation of a statistic
over halves of n rows estimates its standard error on all n (half-sampling, the delete-d jackknife with d = n / 2: Shao
and Wu 1989). A bootstrap is not used, because it repeats rows: a repeated row is its own nearest neighbour, which
changes coverage, density and copying.
"""

from collections.abc import Iterator, Mapping
from math import isfinite, sqrt
from statistics import stdev

import torch
from torch import Tensor

from valp.graph.graph import DataType
from valp.score.prediction_scores import share_error
from valp.score.score import GraphScore, OutputScore, Score
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Attacked, Generated, Predicted, Subject

HALVES = 25
"""The number of random halves. An estimate from h halves has itself a relative standard error of about 1 / √(2 h)."""

MOST = 500
"""The most rows in a part. A part of m of n rows varies more than a half, by the factor √((n − m) / m)."""

FEWEST = 20
"""Scores on fewer rows or samples have no standard error."""


def standard_errors(
    subject: Subject, output: ScoredOutput | None, scores: Mapping[str, Score], seed: int, halves: int = HALVES
) -> dict[str, float]:
    """The standard errors of scores of one output or of whole graphs, by name.

    It is the error from the choice of the split's rows and, for generated samples, from the noise. The conditions of a
    conditioned sampler are kept, and so are the training rows and the judge.

    Measured on simulated rows and on splits of Fashion-MNIST, compared with the standard deviation over other rows and
    other samples: the errors of predictions, conditioning, copying, spread and diversity agree within 25%, that of
    density within 40%. The error of coverage agrees within 30% where the samples cover more than a third of the rows,
    and is up to 1.7 times too large where they cover 5%. That of entropy is 1.5 times too large at its maximum. That
    of memorising agrees within 10%, but is half of what it should be where a few held-out rows are nearest to most
    samples, as for blurred images. For a conditioned sampler, other conditions would add half to the errors of
    diversity and spread.

    A score with a formula for it (`OutputScore.standard_error`) has that one. A score without a standard error is
    absent: one that says so (`Score.has_error`), one that cannot be computed on a half, and, without a formula, any
    score on fewer than `FEWEST` rows.

    Args:
        subject: the VALP and the rows that it is scored on.
        output: the output; None for scores of whole graphs.
        scores: scores of this output, or of whole graphs, that were measured.
        seed: the seed of the halves.
        halves: the number of halves, at least 2.
    """
    own = _by_formula(subject, output, scores)
    values: dict[str, list[float]] = {name: [] for name, score in scores.items() if score.has_error and name not in own}
    if not values:
        return own
    scale, parts = _parts(subject, output, torch.Generator().manual_seed(seed), halves)
    for part in parts:
        for name in list(values):
            value = _value(scores[name], part, output)
            if value is None:
                del values[name]
            else:
                values[name].append(value)
    errors = {name: scale * stdev(of_parts) for name, of_parts in values.items() if len(of_parts) == halves}
    for name in [name for name, error in errors.items() if error == 0 and scores[name].share]:
        errors[name] = share_error(values[name][0], len(_rows_with_truth(subject, output)))
    return own | errors


def _by_formula(subject: Subject, output: ScoredOutput | None, scores: Mapping[str, Score]) -> dict[str, float]:
    """The standard errors of the scores that have a formula for it."""
    if output is None:
        return {}
    found = {n: one.standard_error(subject, output) for n, one in scores.items() if isinstance(one, OutputScore)}
    return {name: error for name, error in found.items() if error is not None and isfinite(error)}


class _Part(Subject):
    """A subject with some of its rows."""

    def __init__(self, whole: Subject) -> None:
        self.inputs, self.outputs, self.whole = whole.inputs, whole.outputs, whole
        if hasattr(whole, "module"):  # a baseline has none
            self.module = whole.module

    def predicted(self, output: str) -> Predicted:
        """See `Subject`."""
        return self.whole.predicted(output)

    def generated(self, output: str) -> Generated | None:
        """See `Subject`."""
        return self.whole.generated(output)

    def attacked(self, output: str, size: float) -> Attacked | None:
        """See `Subject`."""
        return self.whole.attacked(output, size)

    def zero_gradient(self, output: str) -> Tensor | None:
        """See `Subject`."""
        return self.whole.zero_gradient(output)


class _SomeRows(_Part):
    """A subject with the predictions for some of its rows."""

    def __init__(self, whole: Subject, rows: Tensor) -> None:
        super().__init__(whole)
        self.inputs = {name: values[rows] for name, values in whole.inputs.items()}
        self._rows = rows
        self._predicted: dict[str, Predicted] = {}

    def predicted(self, output: str) -> Predicted:
        """See `Subject`."""
        if output not in self._predicted:
            self._predicted[output] = self.whole.predicted(output).part(self._rows)
        return self._predicted[output]

    def attacked(self, output: str, size: float) -> Attacked | None:
        """See `Subject`."""
        found = self.whole.attacked(output, size)
        return None if found is None else found.part(self._rows)

    def zero_gradient(self, output: str) -> Tensor | None:
        """See `Subject`."""
        found = self.whole.zero_gradient(output)
        return None if found is None else found[self._rows]


class _SomeSamples(_Part):
    """A subject with some of the samples of one output."""

    def __init__(self, whole: Subject, output: str, samples: Generated) -> None:
        super().__init__(whole)
        self._output, self._samples = output, samples

    def generated(self, output: str) -> Generated | None:
        """See `Subject`."""
        return self._samples if output == self._output else self.whole.generated(output)


def _parts(
    subject: Subject, output: ScoredOutput | None, generator: torch.Generator, count: int
) -> tuple[float, Iterator[Subject]]:
    """Random parts of a subject, and the factor from their standard deviation to the standard error on all rows."""
    if output is not None and output.type is DataType.SAMPLES:
        generated = subject.generated(output.name)
        if generated is None or min(len(generated.real), len(generated.samples)) < FEWEST:
            return 1.0, iter(())
        halves = (_half_of(generated, generator) for _ in range(count))
        return 1.0, (_SomeSamples(subject, output.name, half) for half in halves)
    known = _rows_with_truth(subject, output)
    if len(known) < FEWEST:
        return 1.0, iter(())
    size = min(len(known) // 2, MOST)
    drawn = (known[torch.randperm(len(known), generator=generator)[:size]] for _ in range(count))
    return sqrt(size / (len(known) - size)), (_SomeRows(subject, rows) for rows in drawn)


def _half_of(generated: Generated, generator: torch.Generator) -> Generated:
    """Half of the real samples, of the generated ones, of the rows that condition one sample each, of held-out rows."""
    conditioned, records = generated.conditioned, generated.records
    return generated.part(
        _half(len(generated.real), generator),
        _half(len(generated.samples), generator, generated.groups),
        None if conditioned is None else _half_of_groups(conditioned.rows, generator),
        None if records is None else _half(records.nearest.to_held.shape[1], generator),
    )


def _rows_with_truth(subject: Subject, output: ScoredOutput | None) -> Tensor:
    """The numbers of the rows that count for an output, or for whole graphs."""
    return _rows_of(subject) if output is None else _known(subject.predicted(output.name))


def _rows_of(subject: Subject) -> Tensor:
    """The numbers of all rows."""
    return torch.arange(len(next(iter(subject.inputs.values()))))


def _known(predicted: Predicted) -> Tensor:
    """The numbers of the rows with a truth."""
    if predicted.present is None:
        return torch.arange(len(predicted.truth))
    return predicted.present.reshape(len(predicted.present), -1).any(1).nonzero()[:, 0]


def _half(count: int, generator: torch.Generator, groups: Tensor | None = None) -> Tensor:
    """Half of `count` rows at random; with groups half of each group, and of a group of odd size one more or less.

    The rows are put in pairs, group after group in random order, and one of each pair is taken.
    """
    order = torch.randperm(count, generator=generator)
    if groups is None:
        return order[: count // 2]
    names, places = torch.unique(groups, return_inverse=True)
    shuffled = torch.randperm(len(names), generator=generator)[places[order]]
    pairs = order[shuffled.argsort(stable=True)][: count // 2 * 2].reshape(-1, 2)
    return pairs[torch.arange(len(pairs)), torch.randint(2, (len(pairs),), generator=generator)]


def _half_of_groups(groups: Tensor, generator: torch.Generator) -> Tensor:
    """The rows of a random half of the groups."""
    names, places = torch.unique(groups, return_inverse=True)
    chosen = torch.zeros(len(names), dtype=torch.bool)
    chosen[torch.randperm(len(names), generator=generator)[: max(1, len(names) // 2)]] = True
    return chosen[places].nonzero()[:, 0]


def _value(score: Score, part: Subject, output: ScoredOutput | None) -> float | None:
    try:
        value = None
        if isinstance(score, GraphScore):
            value = score.compute(part)
        elif isinstance(score, OutputScore) and output is not None:
            value = score.compute(part, output)
    except Exception:  # a score may be impossible on few rows, and a score of another package may raise any error
        return None
    return value if value is not None and isfinite(value) else None
