"""The page of the comparison of latent spaces. Its text is made from the figures, but for the last section."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.mt_vae_graphs import REFERENCE
from benchmarks.paper_page import kept_discussion, paragraph, table
from benchmarks.sharing_figures import shift, verdict

DISCUSSION = "## What follows"
"""The heading of the page's last section, which is written by hand and kept."""

SCORES = {
    "accuracy": "maximize",
    "mse": "minimize",
    "r2": None,
    "entropy_coverage": "maximize",
    "coverage": "maximize",
    "spread": None,
    "memorising": None,
}
"""The scores of the tables, each with its direction. Those without one are shown, not compared."""

INTRODUCTION = """A multi-task VAE has several latent spaces, each for one task, that are learned together. When is it
better than a VAE, and than a model for each task, at generation, at the tasks, and as a representation? Here all have
the same number of parameters and see the same samples."""

METHOD = "\n".join(
    paragraph(f"- {text}", "  ")
    for text in (
        """**Models**: MLPs with ReLU. An encoder has a hidden layer of 512 units and 256 outputs, a decoder has layers
        of 256 and 512 units, a head one of 128. A latent space has 16 variables; the only one of the second VAE has as
        many as those of the MT-VAE together. [Priors](formalism.md#priors) are fitted mixtures. β of the latent spaces
        that generate nothing is that of [the catalogue](catalogue.md). The β in the tables weighs a KL per variable of
        the samples; that of the only space counts both for the samples and for the other tasks. The single-task
        networks have the same layers, but no latent space except that of the samples. Hidden layers are scaled by one
        factor, until all networks together have as many parameters as the MT-VAE.""",
        """**Training**: Adam with a learning rate of 1e-3, which falls to 0 over the last 30% of the steps. Nothing is
        tuned but β of the KL loss of the samples: for each model it is the one with the best samples on the validation
        split with the first seed.""",
        """**Few labels**: all training rows are seen, but only some, another choice for each seed, have labels for the
        tasks other than samples.""",
        """**Probes**: logistic regression (accuracy) and ridge regression (pooled R²) on the means of a latent space,
        learned from the training rows that have labels, up to 4,000 of them, scored on the test split. So with few
        labels, the probes have few as well. The task of a latent space is in
        its name. Principal components of the inputs and all inputs are there for comparison.""",
        """**Intervals**: as in [one VALP or single-task networks](sharing.md): the difference of Hodges and Lehmann
        with the exact interval of Mann and Whitney of at least 95%, over the seeds of training on the same test rows.
        They are not corrected for the number of comparisons.""",
    )
)

LEARNED = 0.1
"""Models with smaller R² are hardly better than the constant mean, and their errors are not compared."""

Document = Mapping[str, Any]


def page(document: Document, path: Path) -> str:
    """The page; the discussion that `path` has is kept."""
    discussion = kept_discussion(path, DISCUSSION) or f"{DISCUSSION}\n"
    parts = ["# MT-VAE, VAE, or a model for each task?", paragraph(INTRODUCTION), settings(document)]
    told = [line for line in answers(document) if line]
    if told:
        parts += ["## Answer", "\n".join(told)]
    for problem, by_labels in document["problems"].items():
        for labels, found in by_labels.items():
            if any(one["trainings"] for one in found.values()):
                parts.append(f"## {problem}, {named(labels)}")
                parts += [table(scores(document, found)), table(probes(found, document))]
    parts += ["## How it is measured", METHOD, discussion]
    return "\n\n".join(parts).rstrip() + "\n"


def settings(document: Document) -> str:
    """What was measured, and when."""
    return paragraph(
        f"""`{document["command"]}`, {document["date"]}: {document["samples"]:,} samples in batches of
        {document["batch"]}, {document["seeds"]} seeds. Medians with the worst and best seed in brackets, test split."""
    )


def named(labels: str) -> str:
    """The words for a number of rows with labels."""
    return "all labels" if labels == "0" else f"{int(labels):,} rows with labels"


def values_of(one: Mapping[str, Any], name: str) -> list[float]:
    """The test values of a score with all seeds that have it."""
    return [row["test"][name] for row in one["trainings"] if name in row["test"]]


def told(values: Sequence[float]) -> str:
    """A median with its range."""
    return f"{median(values):.3g} ({min(values):.3g}–{max(values):.3g})" if values else "–"


def compared(found: Mapping[str, Any], code: str, name: str) -> tuple[float, str] | None:
    """MT-VAE − another in a score, and whether the MT-VAE is ahead; None if one lacks the score."""
    goal = SCORES[name]
    first, second = values_of(found[REFERENCE], name), values_of(found[code], name)
    if goal is None or not first or not second:
        return None
    middle, interval = shift(first, second)
    if name == "mse" and all(median(values_of(found[one], "r2")) < LEARNED for one in (REFERENCE, code)):
        return middle, "both hardly learned"
    return middle, verdict(interval, goal)


def answers(document: Document) -> Iterator[str]:
    """A line for each problem, number of labels and rival: where the MT-VAE is ahead."""
    for problem, by_labels in document["problems"].items():
        for labels, found in by_labels.items():
            for code, title in document["contenders"].items():
                if code == REFERENCE:
                    continue
                words: dict[str, list[str]] = {}
                for name in ("accuracy", "mse", "entropy_coverage"):
                    one = compared(found, code, name)
                    if one is not None:
                        words.setdefault(one[1], []).append(name.replace("_", " × "))
                if words:
                    line = "; ".join(f"{word} in {', '.join(names)}" for word, names in words.items())
                    yield paragraph(f"- {problem}, {named(labels)}: the MT-VAE, against *{title}*: {line}.", "  ")


def scores(document: Document, found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each score and contender."""
    rows: list[tuple[str, ...]] = [("score", "model", "test", "MT-VAE − this", "the MT-VAE is"), ("---",) * 5]
    for name, goal in SCORES.items():
        arrow = {"maximize": " ↑", "minimize": " ↓", None: ""}[goal]
        for code, title in document["contenders"].items():
            values = values_of(found[code], name)
            if values:
                one = None if code == REFERENCE else compared(found, code, name)
                difference, word = ("", "") if one is None else (f"{one[0]:+.3g}", one[1])
                rows.append((f"{name}{arrow}".replace("_", " × "), title, told(values), difference, word))
    rows += [
        (
            "parameters; β",
            title,
            f"{found[code]['trainings'][0]['parameters']:,}; {found[code]['beta']:g}",
            "",
            f"{failed} failed" if (failed := sum(r["failure"] is not None for r in found[code]["trainings"])) else "",
        )
        for code, title in document["contenders"].items()
        if found[code]["trainings"]
    ]
    return rows


def probes(found: Mapping[str, Any], document: Document) -> list[tuple[str, ...]]:
    """A row for each latent space of each contender, with a column for each task."""
    tasks = list(
        dict.fromkeys(
            task
            for one in found.values()
            for row in one["trainings"]
            for probe in row["probes"].values()
            for task in probe
        )
    )
    rows: list[tuple[str, ...]] = [("probe on", "of", *tasks), ("---",) * (2 + len(tasks))]
    controls: dict[str, dict[str, float]] = {}
    for code, title in document["contenders"].items():
        by_name: dict[str, dict[str, list[float]]] = {}
        for row in found[code]["trainings"]:
            for name, probe in row["probes"].items():
                if name.startswith("latent"):
                    for task, value in probe.items():
                        by_name.setdefault(name, {}).setdefault(task, []).append(value)
                else:
                    controls.setdefault(name, probe)
        rows += [(name, title, *(told(one.get(task, [])) for task in tasks)) for name, one in by_name.items()]
    rows += [(name, "the data", *(f"{one[task]:.3g}" for task in tasks)) for name, one in controls.items()]
    return rows
