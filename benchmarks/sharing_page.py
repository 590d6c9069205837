"""The page of the comparison. Its text is made from the figures."""

from collections.abc import Iterator
from math import comb
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.paper_page import kept_discussion, paragraph, table
from benchmarks.sharing_contenders import MLP, OBSTACLES, TUNED, VALP
from benchmarks.sharing_figures import LEVEL, Document, shift, verdict
from valp.search.show.display import duration

QUESTIONS = {
    "capacity": "Is the VALP too small? Its hidden layers are twice as wide.",
    "conflict": """Do the tasks disturb each other? Each output has its own copy of everything it depends on, and is
        trained alone on as many samples. A sampler that takes a class still learns the class. These networks have more
        parameters together, so compare with capacity.""",
    "beta": """Are the losses badly weighed? β of all KL losses is a third, or three times as large; or β of the other
        losses is 1, divided by the variance of the output for squared errors.""",
    "search": """Do the search's short trainings choose a graph that is not the best for long ones? The VALP is the
        winner of another search with longer trainings. Only one search of each kind is compared, so the difference may
        also be that of two searches.""",
}
"""What each experiment asks."""

SEARCH = """For the obstacle search, search again with the same settings and twice the `--steps`, run this benchmark on
that run with `-o` and this path with `-search` added, and then this command again."""

Cell = dict[str, Any]


DISCUSSION = "## What to know of this graph"
"""The heading of the page's last section, which is written by hand and kept."""


def page(document: Document | None, path: Path) -> str:
    """The page at a path; without figures if there are none yet.

    The discussion that the page has is kept. The picture has the page's name.
    """
    parts = ["# One VALP or single-task networks?", paragraph(INTRODUCTION)]
    cells = document["cells"] if document is not None else []
    if document is None or not cells:
        parts.append("There are no figures yet.")
    else:
        parts += [settings(document), "## Answer", *answers(document), how_sure(document)]
        if mlp_is_tuned(document):
            parts.append(SAME)
        parts += of_sharing(document)
        parts.append(f"![Test scores over samples]({path.stem}.png)")
        parts.append(
            paragraph(
                f"""Points are medians over {document["seeds"]} seeds, and bars reach from the worst to the best
                seed."""
            )
        )
        for samples in sorted({cell["samples"] for cell in cells}):
            parts += [f"## {samples:,} samples", *compared(document, samples)]
    parts += ["## How it is measured", METHOD, "## Where the VALP is not ahead", *obstacles(document)]
    return "\n\n".join([*parts, kept_discussion(path, DISCUSSION)]).rstrip() + "\n"


INTRODUCTION = """Is one multi-task VALP better than single-task networks that see the same samples? The graph that a
search found is trained from scratch, and so are its rivals."""

SAME = paragraph(
    """The tuned networks of classes and numbers are the MLP that one would try first, two layers of 512 units: of all
    that were tried, it was the best for each of them."""
)

METHOD = "\n".join(
    paragraph(f"- {text}", "  ")
    for text in (
        """**One VALP**: the graph of the search's winner with its own learning rate, batch size, β and balancing
        method. Inherited weights are not used.""",
        """**Single-task, tuned**: for each output, the best of the run's tuned networks ([baselines](baselines.md)),
        with its own learning rate and batch size. They see as many samples each, not together. They may be of any
        size. That of samples may be a conditional VAE, which also learns the class that it is asked for.""",
        """**Equal parameters**: the same networks with hidden layers scaled by one factor, so that all together have as
        many parameters as the VALP, within 2%. Codes keep their width, and the learning rate is not tuned again.""",
        """**MLP**: two layers of 512 ReLU units, Adam with a learning rate of 1e-3 and the run's batch size, for
        numbers and classes only. Nothing is tuned. It is left out where the tuned networks are the same. Another has
        the VALP's learning rate and batch size, so that both make as many steps with as many samples.""",
        """**Decay**: each model is trained with seed 0 with a constant learning rate, and with one that falls to 0 over
        the last 30% of the steps. The other seeds use the better one on the validation split; for a joint model, the
        one that is better in more tasks.""",
        """**Choice**: winner, tuned networks and decay are chosen on the validation split; the test split is only used
        for the tables. The winner is chosen among more candidates, and with the weights that it inherited in the
        search, so after its ancestors' samples and its own; the tuned networks after one training of the search's
        length. Either might be chosen otherwise at the numbers of samples compared here. One graph is measured, of one
        search; those of other searches may do better or worse.""",
        """**Intervals**: the difference is the median of all differences between a seed of the VALP and one of the
        other (Hodges and Lehmann 1963), with the exact interval of Mann and Whitney of at least 95%. A seed means
        other weights and other batches in each model, so seeds are not paired. The interval is for other seeds on the
        same test rows; the standard error says how much a score varies with the rows. Intervals are not corrected for
        the number of comparisons.""",
        """**Equal samples are not equal compute**: the tables have the CPU time of training, added up over all models
        of a row. It also depends on what else the machine did, by up to half. A failed training counts as a model
        without learning.""",
    )
)


def settings(document: Document) -> str:
    """What was measured, and when."""
    return paragraph(
        f"""{document["problem"]}, candidate {document["candidate"]} of run `{document["run"]}`
        ({document["candidates"]} candidates of {document["steps"]:,} steps × {document["batch"]}),
        {document["seeds"]} seeds, {document["date"]}. `{command(document)}`. A run is only needed to compare another
        graph. {conditions(document)}"""
    )


def command(document: Document, obstacle: str | None = None) -> str:
    """What makes the tables of the comparison, or of an obstacle."""
    found = {cell["samples"] for cell in document["cells"] if obstacle_of(document, cell["contender"]) == obstacle}
    words = ["python -m benchmarks.sharing --samples", *map(str, sorted(found)), f"--seeds {document['seeds']}"]
    return " ".join([*words, "--obstacle", obstacle] if obstacle else words)


def obstacle_of(document: Document, code: str) -> str | None:
    """The obstacle that a contender tests, if any."""
    found: str | None = document["contenders"][code]["obstacle"]
    return found


def conditions(document: Document) -> str:
    """What the samples of the VALP and of the tuned networks depend on."""
    return " ".join(
        f"{whose} samples of {output} depend on {' and '.join(names) if names else 'noise alone'}."
        for whose, code in (("The VALP's", VALP), ("The tuned network's", TUNED))
        for output, names in document["conditions"][code].items()
    )


def rivals(document: Document, obstacle: bool = False) -> list[str]:
    """The codes of the contenders that the VALP is compared with, or those of the experiments.

    The usual MLP is no further rival if the tuned networks are the same.
    """
    found = [c for c in document["contenders"] if c != VALP and (obstacle_of(document, c) is not None) == obstacle]
    return [code for code in found if code != MLP or not mlp_is_tuned(document)]


def mlp_is_tuned(document: Document) -> bool:
    """Whether the tuned networks of the outputs that the usual MLP has are this MLP: all their scores are equal."""
    pairs = [(mlp, cell_of(document, TUNED, mlp["samples"])) for mlp in document["cells"] if mlp["contender"] == MLP]
    return bool(pairs) and all(
        tuned is not None and all(tuned["test"].get(name) == values for name, values in mlp["test"].items())
        for mlp, tuned in pairs
    )


def cell_of(document: Document, code: str, samples: int) -> Cell | None:
    """The cell of a contender; None if it is not finished."""
    found = (cell for cell in document["cells"] if (cell["contender"], cell["samples"]) == (code, samples))
    return next(found, None)


def values_of(cell: Cell, name: str, split: str = "test") -> list[float]:
    """The values of a score with all seeds that have it."""
    return [value for value in cell[split].get(name, ()) if value is not None]


def verdicts(document: Document, code: str, samples: int) -> dict[str, str]:
    """By objective, whether the VALP is ahead of a contender."""
    valp, other = cell_of(document, VALP, samples), cell_of(document, code, samples)
    found = {}
    for name, objective in document["objectives"].items():
        if valp is not None and other is not None:
            first, second = values_of(valp, name), values_of(other, name)
            if first and second:
                found[name] = verdict(shift(first, second)[1], objective["goal"])
    return found


def answers(document: Document) -> Iterator[str]:
    """For each number of samples, in how many tasks the VALP is ahead of each contender."""
    for samples in sorted({cell["samples"] for cell in document["cells"]}, reverse=True):
        lines = []
        for code in rivals(document):
            found = verdicts(document, code, samples)
            words = {word: [n for n in found if found[n] == word] for word in dict.fromkeys(found.values())}
            if found:
                title = document["contenders"][code]["title"]
                told = "; ".join(f"{word} in {', '.join(names)}" for word, names in words.items())
                lines.append(paragraph(f"- Compared with *{title}*: {told}.", "  "))
        if lines:
            yield f"With {samples:,} samples, the VALP is:\n\n" + "\n".join(lines)


def how_sure(document: Document) -> str:
    """What the number of comparisons means for the answer."""
    rows = [verdicts(document, code, cell["samples"]) for code in rivals(document) for cell in valps(document)]
    count, least = sum(map(len, rows)), 2 / comb(2 * document["seeds"], document["seeds"])
    none = "" if least <= (1 - LEVEL) / max(count, 1) else ", so by itself none is beyond doubt"
    return paragraph(
        f"""These are {count} comparisons, each by an interval of {LEVEL:.0%}. The smallest p-value that
        {document["seeds"]} seeds can give is {least:.2g}; Bonferroni's correction would ask for
        {(1 - LEVEL) / max(count, 1):.2g}{none}. Trust what is the same for all numbers of samples."""
    )


def valps(document: Document) -> list[Cell]:
    """The cells of the VALP, one for each number of samples."""
    return [cell for cell in document["cells"] if cell["contender"] == VALP]


def of_sharing(document: Document) -> Iterator[str]:
    """Whether it is the sharing: for each number of samples, the VALP beside itself with nothing shared."""
    lines, unshared = [], dict[str, list[str]]()
    if not any(obstacle_of(document, cell["contender"]) == "conflict" for cell in document["cells"]):
        return
    for code in rivals(document, True):
        if obstacle_of(document, code) != "conflict":
            continue
        for samples in sorted({cell["samples"] for cell in valps(document)}, reverse=True):
            found = verdicts(document, code, samples)
            words = {word: [n for n in found if found[n] == word] for word in dict.fromkeys(found.values())}
            if found:
                told = "; ".join(f"{word} in {', '.join(names)}" for word, names in words.items())
                share = parameters_beside(document, code, samples)
                lines.append(paragraph(f"- {samples:,} samples: {told}, with {share:.0%} of the parameters.", "  "))
            else:
                lines.append(f"- {samples:,} samples: not measured.")
            for name, word in found.items():
                tuned = {verdicts(document, other, samples).get(name) for other in rivals(document)} - {None}
                if word != "ahead" and tuned == {"ahead"}:
                    unshared.setdefault(name, []).append(f"{samples:,}")
    yield paragraph(
        """**Is it the sharing?** Beside the same graph with nothing shared, where each output has its own copy of
        everything it depends on and is trained alone, the VALP is:"""
    )
    yield "\n".join(lines)
    for name, samples in unshared.items():
        yield paragraph(
            f"""So in {name} (with {"; ".join(samples)} samples) no part of what the VALP is ahead of the
            single-task networks is shown to come from sharing: its own parts, each trained alone, are not behind
            it. The parts differ from the tuned networks in structure and size, and may differ in learning rate and
            batch size; and they come from a longer search."""
        )


def parameters_beside(document: Document, code: str, samples: int) -> float:
    """The parameters of the VALP as a share of those of a contender."""
    valp, other = cell_of(document, VALP, samples) or {}, cell_of(document, code, samples) or {}
    share: float = valp["parameters"] / other["parameters"]
    return share


def compared(document: Document, samples: int) -> Iterator[str]:
    """The tables of a number of samples."""
    codes = [code for code in (VALP, *rivals(document)) if cell_of(document, code, samples) is not None]
    yield table(scores(document, samples, codes))
    yield table(costs(document, samples, codes))
    for code in codes:
        cell, one = cell_of(document, code, samples) or {}, document["contenders"][code]
        if one["note"]:
            yield paragraph(one["note"])
        if cell["failures"]:
            yield f"{cell['failures']} trainings of *{one['title']}* failed."


def scores(document: Document, samples: int, codes: list[str], *, changed: bool = False) -> list[tuple[str, ...]]:
    """A row for each objective and contender, with the difference to the VALP.

    `changed` is for variants of the VALP: the difference is then that of the variant, and so is the verdict.
    """
    asked = ("this − VALP", "this is") if changed else ("VALP − this", "the VALP is")
    rows: list[tuple[str, ...]] = [
        ("score", "model", "test", "standard error", "validation", f"{asked[0]}, 95% interval", asked[1]),
        ("---",) * 7,
    ]
    valp = cell_of(document, VALP, samples)
    for name, objective in document["objectives"].items():
        for code in codes:
            cell = cell_of(document, code, samples) or {}
            values, held = values_of(cell, name), values_of(cell, name, "validation")
            if not values:
                continue
            error, difference, word = cell["errors"].get(name), "", ""
            if code != VALP and valp is not None and values_of(valp, name):
                first, second = values_of(valp, name), values
                middle, interval = shift(second, first) if changed else shift(first, second)
                between = "" if interval is None else f" ({interval[0]:+.3g} to {interval[1]:+.3g})"
                difference, word = f"{middle:+.3g}{between}", verdict(interval, objective["goal"])
            arrow = "↑" if objective["goal"] == "maximize" else "↓"
            rows.append(
                (
                    f"{name} {arrow}",
                    document["contenders"][code]["title"],
                    f"{median(values):.4g}",
                    "–" if error is None else f"{error:.2g}",
                    f"{median(held):.4g}" if held else "–",
                    difference,
                    word,
                )
            )
    return rows


def costs(document: Document, samples: int, codes: list[str]) -> list[tuple[str, ...]]:
    """Parameters, seconds and decays of the contenders."""
    rows: list[tuple[str, ...]] = [("model", "models", "parameters", "CPU time of training", "decay"), ("---",) * 5]
    for code in codes:
        cell, one = cell_of(document, code, samples) or {}, document["contenders"][code]
        decays = {f"{decay:g}" if decay else "none" for decay in cell["decays"].values()}
        each = ", ".join(f"{name} {decay:g}" if decay else f"{name} none" for name, decay in cell["decays"].items())
        words = next(iter(decays)) if len(decays) == 1 else each
        rows.append((one["title"], str(one["models"]), f"{cell['parameters']:,}", duration(cell["seconds"]), words))
    return rows


def obstacles(document: Document | None) -> Iterator[str]:
    """The experiments, each with a table if it has figures."""
    yield paragraph(
        """Each experiment changes one thing in the VALP, and trains it on as many samples. Where the changed VALP is
        ahead, this is part of the reason."""
    )
    for obstacle in OBSTACLES:
        yield paragraph(f"**{obstacle}**: {QUESTIONS[obstacle]}")
        if document is not None:
            codes = [c for c in rivals(document, True) if obstacle_of(document, c) == obstacle]
            if codes and obstacle != "search":
                yield f"`{command(document, obstacle)}`"
            for samples in sorted({cell["samples"] for cell in document["cells"]}):
                finished = [code for code in codes if cell_of(document, code, samples) is not None]
                if finished:
                    yield f"{samples:,} samples:"
                    yield table(scores(document, samples, [VALP, *finished], changed=True))
                    yield table(costs(document, samples, [VALP, *finished]))
    if document is None or "search" not in document["contenders"]:
        yield paragraph(SEARCH)
    elif document["search"] is not None:
        yield paragraph(f"[The same comparison for that VALP]({document['search']}).")
