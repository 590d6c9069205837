"""Sentences about a candidate whose scores under attack are absent, because its gradients are zero."""

from collections.abc import Mapping

from valp.score.rows.robust_rows import MOST_ZERO
from valp.spaces.problem.metrics import Metric


def gradient_remarks(metrics: Mapping[str, Metric], scores: Mapping[str, float]) -> list[str]:
    """A sentence for each output whose gradients are zero in too many rows.

    Args:
        metrics: the scores of the problem.
        scores: the scores of a candidate, by name.
    """
    shares = {
        str(metric.output): scores[name]
        for name, metric in metrics.items()
        if metric.score.code == "zero_gradients" and name in scores
    }
    return [
        f"The gradient of {output} with respect to the inputs is zero in {share:.0%} of the rows (zero_gradients), so "
        "attacks by gradients say nothing there, and its scores under attack are absent."
        for output, share in shares.items()
        if share > MOST_ZERO
    ]
