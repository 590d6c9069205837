"""Scores of outputs that are generated."""

from abc import abstractmethod

from valp.graph.graph import DataType
from valp.score.score import OutputScore
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Generated, Subject


class SamplesScore(OutputScore):
    """A score of generated samples. Without learning it is 0, because no sample is like the data.

    Conditioned samplers are scored on few conditions and many draws of the noise, unless a score says otherwise. A
    decoder that only reproduces its condition then generates a few different samples.
    """

    definition = 2

    def applies(self, output: ScoredOutput) -> bool:
        """True for a Samples output with a judge."""
        return output.type is DataType.SAMPLES and output.judged is not None

    def chance(self, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `OutputScore`."""
        return 0.0

    def compute(self, subject: Subject, output: ScoredOutput) -> float | None:
        """See `OutputScore`."""
        generated = subject.generated(output.name)
        return None if generated is None else self.of(generated, output)

    @abstractmethod
    def of(self, generated: Generated, output: ScoredOutput) -> float | None:
        """The score of samples; None if it cannot be measured."""


class OwnSpaceScore(SamplesScore):
    """A score of generated samples that needs no judge."""

    def applies(self, output: ScoredOutput) -> bool:
        """True for every Samples output. Without a judge, the standardised samples are compared."""
        return output.type is DataType.SAMPLES


class Entropy(SamplesScore):
    """See `valp.score.generation_scores.class_entropy`."""

    code, title, direction = "entropy", "class entropy of generated samples", "maximize"
    ideal = 1.0

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:
        """See `SamplesScore`."""
        from valp.score.generation_scores import class_entropy

        if generated.labels is None or generated.real_labels is None or output.judged is None:
            return None
        return class_entropy(generated.labels, generated.real_labels, output.judged)


class EntropyTimesCoverage(Entropy):
    """The product of two scores. Tables show it only as an objective, because they show both factors."""

    code, title = "entropy_coverage", "class entropy × coverage of generated samples"
    listed = False

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:
        """See `SamplesScore`."""
        entropy = super().of(generated, output)
        return None if entropy is None else entropy * generated.density_and_coverage[1]


class Coverage(OwnSpaceScore):
    """See `valp.score.generation_scores.density_and_coverage`."""

    code, title, direction = "coverage", "coverage of the data by generated samples", "maximize"
    ideal = 1.0

    def of(self, generated: Generated, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        return generated.density_and_coverage[1]


class Density(OwnSpaceScore):
    """See `valp.score.generation_scores.density_and_coverage`."""

    code, title, direction = "density", "density of generated samples", "maximize"

    def of(self, generated: Generated, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        return generated.density_and_coverage[0]


class Diversity(SamplesScore):
    """See `valp.score.generation_scores.within_class_diversity`."""

    code, title, direction = "diversity", "within-class diversity of generated samples", 1.0

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        if generated.labels is None or generated.real_labels is None:
            return None
        return generated.distances.diversity(generated.real_labels, generated.labels)


class Spread(OwnSpaceScore):
    """See `valp.score.generation_scores.spread`.

    Samples of one condition are compared with real rows of one class, and samples that nothing conditions with all real
    rows. Without a judge there are no classes, so samples of one condition are also compared with all real rows.
    """

    code, title, direction = "spread", "variation of the samples of one condition", 1.0

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        import torch

        groups, labels = generated.groups, generated.real_labels
        if groups is None or labels is None:
            labels = torch.zeros(len(generated.real), dtype=torch.int64)
        if groups is None:
            groups = torch.zeros(len(generated.samples), dtype=torch.int64)
        return generated.distances.spread(labels, groups)


class ConditioningAccuracy(SamplesScore):
    """See `valp.score.generation_scores.conditioning_accuracy`; absent if nothing conditions the samples.

    Each sample has a condition of its own, and should have the class of the real sample of the same row.
    """

    code, title, direction = "conditioning", "conditioning accuracy", "maximize"
    ideal = 1.0

    def chance(self, output: ScoredOutput) -> float | None:
        """The score of guessing the class."""
        return None if output.judged is None else 1 / output.judged

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        from valp.score.generation_scores import conditioning_accuracy

        held = generated.conditioned
        if held is None or held.labels is None or held.real_labels is None:
            return None
        return conditioning_accuracy(held.real_labels, held.labels)


class Copying(OwnSpaceScore):
    """See `valp.score.generation_scores.copying`; absent if nothing conditions the samples.

    Samples and rows are compared in the output's standardised variables: in the judge's features, a blurred copy is far
    from the original. Each sample has a condition of its own.
    """

    code, title = "copying", "share of generated samples that copy what conditions them"
    direction = "minimize"
    ideal = 0.0

    def chance(self, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """0, because samples that nothing conditions, which do not have this score, cannot be copies of a condition."""
        return 0.0

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        held = generated.conditioned
        return None if held is None else held.copies.double().mean().item()


class Memorising(OwnSpaceScore):
    """See `valp.score.generation_scores.memorising`; absent without held-out rows.

    Its target is 0.5, because samples that avoid the training rows are not better than samples of the same
    distribution.
    """

    code, title = "memorising", "closeness of generated samples to training rows, 0.5 is none"
    direction = 0.5

    def chance(self, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """Not known: samples that are not like the data may lie nearer to either."""
        return None

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        return None if generated.records is None else generated.records.nearest.memorising
