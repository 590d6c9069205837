"""Sentences about a candidate whose samples are not new, hardly differ, or ignore their condition."""

from collections.abc import Mapping

from valp.spaces.problem.metrics import Metric

COPIES = 0.2
"""A sampler reproduces its condition if a larger share of its samples are copies of it."""

MEMORISES = 0.75
"""A sampler memorises if `memorising` is larger: half of its samples are as near to training rows as these are."""

ALIKE = 0.1
"""Samples of one condition hardly differ if their `spread` is smaller. Real rows of one class have 1."""

FOLLOWED = 0.3
"""Samples hardly follow their condition if a smaller share of them has its class, beyond those that guessing gives."""


def sampler_remarks(metrics: Mapping[str, Metric], scores: Mapping[str, float]) -> list[str]:
    """Sentences for each output whose samples reproduce their condition or training rows, hardly differ, or ignore it.

    Args:
        metrics: the scores of the problem.
        scores: the scores of a candidate, by name.
    """
    found: dict[str, dict[str, float]] = {}
    for name, metric in metrics.items():
        if metric.output is not None and name in scores:
            found.setdefault(metric.output, {})[metric.score.code] = scores[name]
    chances = {metric.output: metric.chance for metric in metrics.values() if metric.score.code == "conditioning"}
    remarks = [_remark(output, by_code) for output, by_code in found.items()]
    remarks += [_memorises(output, by_code) for output, by_code in found.items()]
    remarks += [_ignores(output, by_code, chances.get(output)) for output, by_code in found.items()]
    return [remark for remark in remarks if remark is not None]


def hardly_followed(share: float, chance: float | None = None) -> bool:
    """Whether samples hardly follow their condition.

    Args:
        share: the share of the samples that have the class of their condition.
        chance: the share that guessing gives; None if it is not known.
    """
    guessed = chance or 0.0
    return share < guessed + FOLLOWED * (1 - guessed)


def _memorises(output: str, scores: Mapping[str, float]) -> str | None:
    share = scores.get("memorising")
    if share is None or share <= MEMORISES:
        return None
    return (
        f"The samples of {output} are near training rows: {share:.0%} lie nearer to one than to any of as many other "
        "rows (memorising); of new ones 50% would."
    )


def _ignores(output: str, scores: Mapping[str, float], chance: float | None) -> str | None:
    share = scores.get("conditioning")
    if share is None or not hardly_followed(share, chance):
        return None
    guessed = "" if chance is None else f"; guessing gives {chance:.0%}"
    return (
        f"The samples of {output} hardly follow their condition: the judge gives {share:.0%} of them its class "
        f"(conditioning){guessed}."
    )


def _remark(output: str, scores: Mapping[str, float]) -> str | None:
    copying, spread = scores.get("copying"), scores.get("spread")
    alike = f"spread {spread:.2f}, real rows have 1" if spread is not None and spread < ALIKE else None
    if copying is not None and copying > COPIES:
        also = f", and the samples of one condition hardly differ ({alike})" if alike else ""
        return (
            f"The samples of {output} reproduce their condition: {copying:.0%} lie nearest to the very row that "
            f"conditions them (copying){also}."
        )
    if alike is None:
        return None
    of = "" if copying is None else " of one condition"
    return f"The samples of {output}{of} hardly differ ({alike}): the noise changes little."
