"""Scores of outputs that are generated."""

from abc import abstractmethod

from valp.graph.graph import DataType
from valp.score.score import OutputScore, ScoredOutput
from valp.score.subject import Generated, Subject


class SamplesScore(OutputScore):
    """A score of generated samples. Without learning it is 0, because no sample is like the data."""

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


class Entropy(SamplesScore):
    """See `valp.score.generation_scores.class_entropy`."""

    code, title, direction = "entropy", "class entropy of generated samples", "maximize"

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:
        """See `SamplesScore`."""
        from valp.score.generation_scores import class_entropy

        if generated.labels is None or output.judged is None:
            return None
        return class_entropy(generated.labels, output.judged)


class Coverage(SamplesScore):
    """See `valp.score.generation_scores.density_and_coverage`."""

    code, title, direction = "coverage", "coverage of the data by generated samples", "maximize"

    def applies(self, output: ScoredOutput) -> bool:
        """True for every Samples output. Without a judge, the samples themselves are compared."""
        return output.type is DataType.SAMPLES

    def of(self, generated: Generated, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        return generated.density_and_coverage[1]


class Density(SamplesScore):
    """See `valp.score.generation_scores.density_and_coverage`."""

    code, title, direction = "density", "density of generated samples", "maximize"

    def applies(self, output: ScoredOutput) -> bool:
        """True for every Samples output. Without a judge, the samples themselves are compared."""
        return output.type is DataType.SAMPLES

    def of(self, generated: Generated, output: ScoredOutput) -> float:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        return generated.density_and_coverage[0]


class Diversity(SamplesScore):
    """See `valp.score.generation_scores.within_class_diversity`."""

    code, title, direction = "diversity", "within-class diversity of generated samples", 1.0

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        from valp.score.generation_scores import within_class_diversity

        if generated.labels is None or generated.real_labels is None:
            return None
        real = generated.real_features, generated.real_labels
        return within_class_diversity(*real, generated.features, generated.labels)


class ConditioningAccuracy(SamplesScore):
    """See `valp.score.generation_scores.conditioning_accuracy`; absent if nothing conditions the samples."""

    code, title, direction = "conditioning", "conditioning accuracy", "maximize"

    def chance(self, output: ScoredOutput) -> float | None:
        """The score of guessing the class."""
        return None if output.judged is None else 1 / output.judged

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        from valp.score.generation_scores import conditioning_accuracy

        if generated.conditions is None or generated.labels is None:
            return None
        return conditioning_accuracy(generated.conditions.labels, generated.labels)


class Copying(SamplesScore):
    """See `valp.score.generation_scores.copying`; absent if nothing conditions the samples."""

    code, title = "copying", "share of generated samples that copy what conditions them"
    direction = "minimize"

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:  # noqa: ARG002 - the same for all
        """See `SamplesScore`."""
        from valp.score.generation_scores import copying

        held = generated.conditions
        return None if held is None else copying(held.features, generated.features, held.rows)


class EntropyTimesCoverage(Entropy):
    """The product of two scores. Tables show it only as an objective, because they show both factors."""

    code, title = "entropy_coverage", "class entropy × coverage of generated samples"
    listed = False

    def of(self, generated: Generated, output: ScoredOutput) -> float | None:
        """See `SamplesScore`."""
        entropy = super().of(generated, output)
        return None if entropy is None else entropy * generated.density_and_coverage[1]
