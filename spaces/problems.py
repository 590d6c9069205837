"""The built-in problems, one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from spaces.digits import digits
from spaces.fashion_mnist import fashion_mnist
from spaces.problem import Problem
from valp.errors import DataError


@dataclass(frozen=True)
class Entry:
    """A built-in problem: a line about it, and what loads it."""

    title: str
    load: Callable[[], Problem]


PROBLEMS = {
    "digits": Entry("8×8 handwritten digits: class, grey histogram, image; ships with scikit-learn", digits),
    "fashion-mnist": Entry("28×28 clothing: class, grey histogram, image; found on disk or downloaded", fashion_mnist),
}


def load_problem(name: str) -> Problem:
    """A built-in problem by its name.

    Raises:
        DataError: if there is none of that name, or its data cannot be had.
    """
    if name not in PROBLEMS:
        close = get_close_matches(name, PROBLEMS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"problem must be one of {', '.join(PROBLEMS)}, but got {name!r}{hint}")
    return PROBLEMS[name].load()
