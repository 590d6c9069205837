"""The page of the paper's experiment: the numbers of the paper compared with ours."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.paper_counts import (
    COIN,
    COLLAPSED,
    CONDITIONED,
    COUNTS,
    PAPER_MODELS,
    SPREAD,
    Experiment,
    beats,
    counted,
)
from valp.search.show.display import duration

DISCUSSION = "## What differs, and why"
"""The heading of the page's last section, which is written by hand and kept."""

SPLITS = {"test": "test", "validation": "validation", "predict": "test, all connections kept"}
QUANTILES = {"min": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95, "max": 1.0}
BEST = (
    ("conditioning", "conditioning accuracy", "~0.75"),
    ("entropy", "class entropy", ""),
    ("accuracy", "accuracy", "0.85"),
    ("mse", "MSE", "5.3e-4"),
    ("coverage", "coverage", ""),
)


def page(experiment: Experiment, path: Path) -> str:
    """The page; the discussion that `path` has is kept."""
    discussion = kept_discussion(path) or f"{DISCUSSION}\n"
    parts = (
        introduction(experiment),
        "## Numbers\n\n" + counts(experiment),
        "## Figures\n\n" + figures(experiment),
        "## All scores\n\n" + quantiles(experiment),
        "## Time\n\n" + time_spent(experiment),
        discussion,
    )
    return "\n\n".join(parts).rstrip() + "\n"


def introduction(experiment: Experiment) -> str:
    document, settings = experiment.document, experiment.document["settings"]
    wanted, steps = document["candidates wanted"], settings["steps"]
    first = f"""The experiment of Garciarena et al. 2019, section V, with
        `python -m benchmarks.paper --candidates {wanted} --steps {steps}`, finished on {document["date"]}: {wanted}
        random VALPs of the paper's space, drawn by Algorithm 1 with seed {settings["seed"]}, on Fashion-MNIST;
        {len(document["failed"]) or "none"} failed. All figures of each model are in [paper.json](paper.json)."""
    last = """The paper does not say that it cuts latent connections for predictions too. We conclude this from how it
        explains its models of 10% accuracy: "a decoder that deletes the path between i0 and o1 after training"."""
    rows = (
        ("", "the paper", "here"),
        ("---",) * 3,
        ("models", str(PAPER_MODELS), str(wanted)),
        ("training of each model", "40,000 steps of 50 images", f"{steps:,} steps of {settings['batch']} images"),
        ("β", "1; 1e-4 of the KL", "1; of the KL as in its code: 5e-5, summed over the 50 images"),
        ("loss of images", "likelihood", "mean squared error, as in its code"),
        ("predictions are scored", "with latent connections cut", "the same (`generate`)"),
        ("split for the scores", "test", "test, and validation, which a search uses"),
        ("samples per model", "not stated; 10,000 of the best", "1,000; 10,000 of the best conditioned one"),
        ("judge", "based on MobileNet, 94.5% on the test split", "[ours](judge.md), 94.65%"),
        ("single-task MLPs", "one hidden layer of 100 ReLU units", "the same, trained as long as the candidates"),
    )
    return "\n\n".join(("# The paper's experiment, repeated", paragraph(first), table(rows), paragraph(last)))


def counts(experiment: Experiment) -> str:
    rows = [("", "the paper", *SPLITS.values()), ("---",) * (2 + len(SPLITS))]
    for name, title, paper in (
        ("accuracy", "accuracy of the single-task MLP", "a line in Fig. 4"),
        ("mse", "MSE of the single-task MLP", "4.7e-4"),
    ):
        rows.append((title, paper, *(shown(name, experiment.single(split).get(name)) for split in SPLITS)))
    rows.append(("models scored", str(PAPER_MODELS), *(str(len(experiment.scores(split))) for split in SPLITS)))
    for count in COUNTS:
        paper = f"{count.paper} ({int(count.paper) / PAPER_MODELS:.1%})" if count.paper.isdigit() else count.paper
        rows.append((count.what, paper, *(counted(experiment, count, split) for split in SPLITS)))
    best = experiment.best_conditioned()
    if best is not None:
        for name, title, paper in BEST:
            cells = (shown(name, best[split].get(name)) for split in SPLITS)
            rows.append((f"best conditioned sampler: {title}", paper, *cells))
        ahead = (rank(experiment, "entropy", best, split) for split in ("test", "validation"))
        rows.append(("best conditioned sampler: rank of its class entropy", "1", *ahead, ""))
    legend = """Words in quotation marks are the paper's; the threshold after them is ours. The best conditioned sampler
        is the one with the highest conditioning accuracy, here on the validation split."""
    return "\n\n".join((table(rows), paragraph(legend), remarks(experiment)))


def remarks(experiment: Experiment) -> str:
    """What the figures say of the paper's explanations."""
    done, names = experiment.tested, experiment.classes
    coins = [row for row in done if row["test"]["accuracy"] < COIN]
    cut = [row for row in done if "garment" not in row["reached"]]
    pathless = sum("garment" not in row["reached"] for row in coins)
    still = sum(row["predict"]["accuracy"] < COIN for row in coins)
    conditioned = [row for row in done if "image" in row["reached"]]
    able = sum(row["test"]["conditioning"] >= CONDITIONED for row in conditioned)
    winners = [str(row["number"]) for row in done if all(beats(experiment, row, s) for s in ("validation", "test"))]
    points = [
        f"""{len(coins)} models classify the test split at chance level (accuracy below {COIN}). In {pathless} of them
        no path leads from the pixels to the class once latent connections are cut; {len(cut)} models in all
        have no such path. With all connections kept, {still} of the {len(coins)} are still at chance level.""",
        f"Better than both MLPs on both splits: {', '.join(winners) or 'no candidate'}.",
        f"""In {len(conditioned)} models a generated image depends on the input; {able} of them have a conditioning
        accuracy of at least {CONDITIONED}.""",
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
    done = experiment.scores("test")
    spread = [scores["coverage"] for scores in done if scores["entropy"] >= SPREAD]
    text = """The fourth panel is not in the paper. Class entropy says whether all classes are among the samples.
        Coverage says whether the samples are near real images: it is the share of 1,000 real images with a sample at
        least as near as their fifth neighbour, in the judge's features. Real images have a coverage of 0.96 to 0.98
        ([the judge](judge.md))."""
    if len(done) > 2:
        entropy, coverage = ([scores[name] for scores in done] for name in ("entropy", "coverage"))
        text += f" The rank correlation of the two scores is {spearmanr(entropy, coverage).statistic:.2f}."
    if spread:
        text += f""" Of the {len(spread)} models with a class entropy of at least {SPREAD}, the median coverage is
        {np.median(spread):.3f} and the best {max(spread):.3f}."""
    parts = [
        "All scores are on the test split.",
        "![Accuracy and error, entropy, conditioning, coverage](paper.png)",
        paragraph(text),
    ]
    best = experiment.document.get("conditioning")
    if best is not None:
        samples = np.array(best["counts"]).sum(0)
        few, more = sorted(samples.tolist())[:2]
        parts += [
            f"Candidate {best['candidate']}, the best conditioned sampler (in the paper: the heat map and Fig. 8):",
            "![Its conditioning matrix, and samples](paper-conditioned.png)",
            paragraph(
                f"""Of its {samples.sum():,} samples, {few:,} and {more:,} are of the two rarest classes; in the paper
                these are 0 and 399."""
            ),
        ]
    return "\n\n".join(parts)


def quantiles(experiment: Experiment) -> str:
    rows = [("score", "split", *QUANTILES, "single-task"), ("---",) * (3 + len(QUANTILES))]
    for name in (experiment.scores("validation") or [{}])[0]:
        for split, title in SPLITS.items():
            values = [one[name] for one in experiment.scores(split) if name in one]
            if values:
                cells = (shown(name, float(np.quantile(values, q))) for q in QUANTILES.values())
                rows.append((name, title, *cells, shown(name, experiment.single(split).get(name))))
    return table(rows)


def time_spent(experiment: Experiment) -> str:
    document = experiment.document
    wall, workers = document["wall seconds"], document["workers"]
    search, test = wall.get("search", 0.0), wall.get("test scoring", 0.0)
    training, scoring = (
        document[f"{of} seconds"] / max(workers * search, 1e-9) for of in ("training", "validation scoring")
    )
    seconds = np.mean([row["seconds"] for row in experiment.rows] or [(0.0, 0.0)], axis=0)
    tested = document["test scoring seconds"] / max(len(experiment.tested) + len(document["single-task"]), 1)
    cores = {1: "One core", 2: "Two cores"}.get(document["cores"], f"{document['cores']} cores")
    rows = (
        ("", ""),
        ("---",) * 2,
        ("wall time", duration(search + test)),
        ("of this, search", duration(search)),
        ("of this, scoring on the test split", duration(test)),
        (
            "samples seen per second of search, all workers together",
            f"{document['samples seen'] / max(search, 1e-9):,.0f}",
        ),
        ("share of the workers' time in the search: training", f"{training:.0%}"),
        ("share: scoring on the validation split", f"{scoring:.0%}"),
        ("one candidate: training", f"{seconds[0]:.1f} s"),
        ("one candidate: scoring on the validation split", f"{seconds[1]:.1f} s"),
        ("one candidate: scoring on the test split", f"{tested:.1f} s"),
    )
    return f"{cores}, {workers} workers of one thread each. The single-task models are included.\n\n{table(rows)}"


def rank(experiment: Experiment, name: str, row: dict[str, Any], split: str) -> str:
    return str(1 + sum(one[name] > row[split][name] for one in experiment.scores(split)))


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
