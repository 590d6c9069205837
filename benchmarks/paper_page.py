"""The page of the paper's experiment: the numbers of the paper compared with ours."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.paper_counts import (
    COIN,
    COLLAPSED,
    CONDITIONED,
    COUNTS,
    GAP,
    PAPER_MODELS,
    SPREAD,
    Column,
    better,
    counted,
)
from benchmarks.paper_trainings import BATCH, SEED

DISCUSSION = "## What differs, and why"
"""The heading of the page's last section, which is written by hand and kept."""

QUANTILES = {"min": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95, "max": 1.0}
BEST = (
    ("conditioning", "conditioning accuracy", "~0.75"),
    ("entropy", "class entropy", ""),
    ("accuracy", "accuracy", "0.85"),
    ("mse", "MSE", "5.3e-4"),
    ("coverage", "coverage", ""),
)


@dataclass(frozen=True)
class Experiment:
    """All figures of the page.

    Attributes:
        columns: the models: ψ as drawn and widened, at the end of training, then earlier in the same order.
        wanted: the number of random VALPs that the command asks for.
        classes: the names of the judge's classes.
        conditioning: the conditioning matrix of the best conditioned sampler of the first column; None without one.
        date: the day.
    """

    columns: list[Column]
    wanted: int
    classes: Sequence[str]
    conditioning: NDArray[Any] | None
    date: str

    @property
    def drawn(self) -> Column:
        """The models with ψ as drawn, at the end of training."""
        return self.columns[0]

    @property
    def late(self) -> list[Column]:
        """Both kinds at the end of training."""
        return self.columns[:2]


def page(experiment: Experiment, path: Path) -> str:
    """The page; the discussion that `path` has is kept."""
    discussion = kept_discussion(path) or f"{DISCUSSION}\n"
    parts = (
        introduction(experiment),
        "## Numbers\n\n" + counts(experiment),
        "## Figures\n\n" + figures(experiment),
        "## All scores\n\n" + quantiles(experiment),
        discussion,
    )
    return "\n\n".join(parts).rstrip() + "\n"


def introduction(experiment: Experiment) -> str:
    late, early = experiment.drawn, experiment.columns[2]
    failed = [f"{one.failed} of these with {one.title}" for one in experiment.late if one.failed]
    models = len(late.rows) + late.failed
    part = "" if models == experiment.wanted else f" ({models} of {experiment.wanted} so far)"
    first = f"""The experiment of Garciarena et al. 2019, section V, with `python -m benchmarks.paper`,
        {experiment.date}: random VALPs of the paper's space, drawn by Algorithm 1 with seed {SEED}, on Fashion-MNIST.
        The first {models}{part} are trained for {late.steps:,} steps, each twice: with ψ as drawn, and with ψ widened
        to all variables of a network in each connection to another network, as the original's code does. The others
        are trained for {early.steps:,} steps, with ψ as drawn. {" and ".join(failed) or "None"} failed. All figures of
        each model are in [paper-models.json](paper-models.json)."""
    last = """The paper does not say that it cuts latent connections for predictions too. We conclude this from how it
        explains its models of 10% accuracy: "a decoder that deletes the path between i0 and o1 after training"."""
    rows = (
        ("", "the paper", "here"),
        ("---",) * 3,
        ("models", str(PAPER_MODELS), f"{len(early.rows)}; {models} of them to the end, in two ways"),
        ("training of each model", "40,000 steps of 50 images", f"{late.steps:,} or {early.steps:,} steps of {BATCH}"),
        ("β", "1; 1e-4 of the KL", "1; of the KL as in its code: 5e-5, summed over the 50 images"),
        ("loss of images", "likelihood", "mean squared error, as in its code"),
        ("predictions are scored", "with latent connections cut", "the same (`generate`)"),
        ("split for the scores", "test", "test"),
        ("samples per model", "not stated; 10,000 of the best", "1,000; 10,000 of the best conditioned one"),
        ("judge", "based on MobileNet, 94.5% on the test split", "[ours](judge.md), 94.65%"),
        ("single-task MLPs", "one hidden layer of 100 ReLU units", "the same, trained as long as the VALPs"),
    )
    return "\n\n".join(("# The paper's experiment, repeated", paragraph(first), table(rows), paragraph(last)))


def counts(experiment: Experiment) -> str:
    columns = experiment.columns
    rows = [("", "the paper", *(one.title for one in columns)), ("---",) * (2 + len(columns))]
    for name, title, paper in (
        ("accuracy", "accuracy of the single-task MLP", "a line in Fig. 4"),
        ("mse", "MSE of the single-task MLP", "4.7e-4"),
        ("entropy", "class entropy of the single-task VAE", ""),
    ):
        rows.append((title, paper, *(shown(name, one.single["test"].get(name)) for one in columns)))
    rows.append(("models scored", str(PAPER_MODELS), *(str(len(one.rows)) for one in columns)))
    sizes = (f"{np.median([row['parameters'] for row in one.rows]) / 1000:.0f}k" if one.rows else "" for one in columns)
    rows.append(("parameters, median", "132k in its code", *sizes))
    for count in COUNTS:
        paper = f"{count.paper} ({int(count.paper) / PAPER_MODELS:.1%})" if count.paper.isdigit() else count.paper
        rows.append((count.what, paper, *(counted(one, count) for one in columns)))
    best = [one.best_conditioned() for one in columns]
    for name, title, paper in BEST:
        cells = ("" if row is None else shown(name, row["test"].get(name)) for row in best)
        rows.append((f"best conditioned sampler: {title}", paper, *cells))
    cells = ("" if row is None else rank(one, "entropy", row) for one, row in zip(columns, best, strict=True))
    rows.append(("best conditioned sampler: rank of its class entropy", "1", *cells))
    legend = """All figures are of the test split. Behind a number of models are their share and its 95% interval in %
        (Clopper and Pearson). Words in quotation marks are the paper's; the threshold after them is ours. The best
        conditioned sampler is the one with the highest conditioning accuracy on the validation split."""
    told = [f"**{one.title}:**\n\n{remarks(experiment, one)}" for one in experiment.late if one.rows]
    return "\n\n".join((table(rows), paragraph(legend), *told))


def remarks(experiment: Experiment, column: Column) -> str:
    """What the figures say of the paper's explanations."""
    done, names = column.rows, experiment.classes
    early = experiment.columns[2 + experiment.columns.index(column)]
    coins = [row for row in done if row["test"]["accuracy"] < COIN]
    cut = [row for row in done if "garment" not in row["reached"]]
    pathless = sum("garment" not in row["reached"] for row in coins)
    still = sum(row["predict"]["accuracy"] < COIN for row in coins)
    conditioned = [row for row in done if "image" in row["reached"]]
    able = sum(row["test"].get("conditioning", 0) >= CONDITIONED for row in conditioned)
    winners = [
        str(row["number"]) for row in done if all(better(row[s], column.single[s]) for s in ("validation", "test"))
    ]
    ends = {row["number"]: row["test"].get("conditioning", 0) for row in done}
    gap = [
        row["number"]
        for row in early.rows
        if row["number"] in ends and GAP < row["test"].get("conditioning", 0) < CONDITIONED
    ]
    above = sum(ends.get(number, 0) >= CONDITIONED for number in gap)
    below = sum(ends.get(number, 1) <= GAP for number in gap)
    points = [
        f"""{len(coins)} models classify at chance level (accuracy below {COIN}). In {pathless} of them no path leads
        from the pixels to the class once latent connections are cut; {len(cut)} models in all have no such path. With
        all connections kept, {still} of the {len(coins)} are still at chance level.""",
        f"Better than both MLPs on both splits: {', '.join(winners) or 'no model'}.",
        f"""In {len(conditioned)} models a generated image depends on the input; {able} of them have a conditioning
        accuracy of at least {CONDITIONED}.""",
        f"""Of {len(gap)} models with a conditioning accuracy between {GAP} and {CONDITIONED} after {early.steps:,}
        steps, {above} are above at the end, {below} below, and {len(gap) - above - below} still between.""",
    ]
    labels = np.array([row["labels"] for row in done if row["test"]["entropy"] < COLLAPSED])
    if len(labels):
        shares = labels.sum(0) / labels.sum()
        common = ", ".join(f"{names[i]} {shares[i]:.0%}" for i in np.argsort(-shares)[:3] if shares[i] >= 0.005)
        points.append(
            f"""The judge classifies the samples of the models with poor class entropy as {common}. The paper names
            Pullover and Shirt."""
        )
    return "\n".join("- " + paragraph(point, "  ") for point in points)


def figures(experiment: Experiment) -> str:
    done, best = experiment.drawn.scores(), experiment.drawn.best_conditioned()
    spread = [scores["coverage"] for scores in done if scores["entropy"] >= SPREAD]
    text = """The fourth panel is not in the paper. Class entropy says whether all classes are among the samples.
        Coverage says whether the samples are near real images: it is the share of 1,000 real images with a sample at
        least as near as their fifth neighbour, in the judge's features. Real images have a coverage of 0.96 to 0.98
        ([the judge](judge.md))."""
    if len(done) > 2:
        entropy, coverage = ([scores[name] for scores in done] for name in ("entropy", "coverage"))
        text += f" The rank correlation of the two scores is {spearmanr(entropy, coverage).statistic:.2f}."
    text += """ Each sample has a condition of its own here, as in the paper, so a model that reproduces its condition
        covers much: [scores of samples](scores.md) says how this is avoided elsewhere."""
    if spread:
        text += f""" Of the {len(spread)} models with a class entropy of at least {SPREAD}, the median coverage is
        {np.median(spread):.3f} and the best {max(spread):.3f}."""
    parts = [
        paragraph(f"ψ is as drawn, and training is over ({experiment.drawn.steps:,} steps). Scores: test split."),
        "![Accuracy and error, entropy, conditioning, coverage](paper.png)",
        paragraph(text),
    ]
    if experiment.conditioning is not None and best is not None:
        samples = experiment.conditioning.sum(0)
        few, more = sorted(samples.tolist())[:2]
        parts += [
            f"Candidate {best['number']}, the best conditioned sampler (in the paper: the heat map and Fig. 8):",
            "![Its conditioning matrix, and samples](paper-conditioned.png)",
            paragraph(
                f"""Of its {samples.sum():,} samples, {few:,} and {more:,} are of the two rarest classes; in the paper
                these are 0 and 399."""
            ),
        ]
    return "\n\n".join(parts)


def quantiles(experiment: Experiment) -> str:
    columns = [one for one in experiment.columns if one.rows]
    rows = [("score", "models", *QUANTILES, "single-task"), ("---",) * (3 + len(QUANTILES))]
    for name in dict.fromkeys(name for one in columns for scores in one.scores() for name in scores):
        for one in columns:
            values = [scores[name] for scores in one.scores() if name in scores]
            if values:
                cells = (shown(name, float(np.quantile(values, q))) for q in QUANTILES.values())
                rows.append((name, one.title, *cells, shown(name, one.single["test"].get(name))))
    return table(rows)


def rank(column: Column, name: str, row: dict[str, Any]) -> str:
    return str(1 + sum(one[name] > row["test"][name] for one in column.scores()))


def shown(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2e}".replace("e-0", "e-") if name == "mse" else f"{value:.3f}"


def kept_discussion(path: Path, heading: str = DISCUSSION) -> str:
    """The last section that a page has, with its heading; empty if there is none. It is written by hand."""
    written = path.read_text(encoding="utf-8") if path.is_file() else ""
    return written[written.index(heading) :] if heading in written else ""


def table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def paragraph(text: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()), 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
