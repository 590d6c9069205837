"""Failures by reason."""

import re
from collections.abc import Iterable


def failure_counts(failures: Iterable[str]) -> list[tuple[str, int]]:
    """Reasons of failures with their counts, the most common first.

    Reasons that differ only in numbers count as one, such as the same failure at step 10 and at step 20. The first of
    them is shown.
    """
    shown: dict[str, str] = {}
    counts: dict[str, int] = {}
    for failure in failures:
        alike = re.sub(r"\d+", "#", failure)
        shown.setdefault(alike, failure)
        counts[alike] = counts.get(alike, 0) + 1
    return [(shown[alike], counts[alike]) for alike in sorted(counts, key=lambda one: -counts[one])]
