"""Figures as people read them."""

ARROWS = {"maximize": "↑", "minimize": "↓"}
"""Which way a metric is better."""


def number_text(value: float) -> str:
    """A score with four significant digits."""
    return f"{value:.4g}" if abs(value) < 0.1 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
