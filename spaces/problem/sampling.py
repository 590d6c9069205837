"""What a model makes of a split: its predictions, and samples with one condition each or with few conditions."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.plan.plan import Mode
from valp.spaces.problem.splits import Split

ROWS = 5000
"""The most rows in a forward pass."""

FEW = 10
"""The number of conditions of a conditioned sampler where there are no classes."""


class ScoringError(ValpError):
    """A model cannot be scored: an output is not finite, or a score cannot be computed."""


@torch.inference_mode()
def predictions(module: VALPModule, split: Split, outputs: Sequence[str], mode: Mode, seed: int) -> dict[str, Tensor]:
    """The outputs for every row of a split. The seed determines the noise, if the mode has any.

    Raises:
        ScoringError: if an output is not finite.
    """
    if not outputs:
        return {}
    noise = noise_of(module, len(split), seed) if mode == "generate" else {}
    parts: dict[str, list[Tensor]] = {name: [] for name in outputs}
    for start in range(0, len(split), ROWS):
        rows = slice(start, start + ROWS)
        inputs = {name: tensor[rows] for name, tensor in split.inputs.items()}
        values = module(inputs, mode, {name: z[rows] for name, z in noise.items()}, outputs)
        for name in outputs:
            parts[name].append(values[name])
    return {name: finite(name, torch.cat(tensors)) for name, tensors in parts.items()}


@torch.inference_mode()
def generate(module: VALPModule, split: Split, output: str, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Samples of an output, and the rows of the split that condition them. All rows are used about equally often.

    Returns:
        (count, size) samples and (count,) row numbers.

    Raises:
        ScoringError: if a sample is not finite.
    """
    usable = conditioning_rows(split, module.plan.inputs_of(output, "generate"), torch.arange(len(split)))
    if len(usable) == 0:
        raise ScoringError(f"samples of {output!r} are conditioned on a class, but no row of the split has one")
    rows = equally_often(usable, count, seed)
    return generate_for(module, split, output, rows, seed), rows


@torch.inference_mode()
def generate_for(
    module: VALPModule, split: Split, output: str, rows: Tensor, seed: int, *, drawn: bool = False
) -> Tensor:
    """Samples of an output, (count, size), each conditioned on a given row of a split.

    A class that is given is the true class of the row.

    Args:
        module: the VALP.
        split: the split.
        output: the output.
        rows: (count,) row numbers, of `conditioning_rows`; a row may appear several times, with other noise each time.
        seed: the seed of the noise.
        drawn: whether samples are draws from the likelihood, where the output has a spread; otherwise its means.

    Raises:
        ScoringError: if a sample is not finite.
    """
    values = split.inputs | split.truths
    given = {name: values[name][rows] for name in module.plan.inputs_of(output, "generate")}
    made = module(given, "generate", noise_of(module, len(rows), seed, [output] if drawn else []), [output])
    return finite(output, made[output])


def conditioning_rows(split: Split, conditions: Collection[str], rows: Tensor) -> Tensor:
    """Those of these rows, (n,), that can condition samples: no class that is given is missing.

    Args:
        split: the split.
        conditions: the inputs on which samples depend, and the outputs whose class is given.
        rows: row numbers.
    """
    for name in conditions:
        if name in split.present:
            rows = rows[split.present[name][rows]]
    return rows


def equally_often(rows: Tensor, count: int, seed: int) -> Tensor:
    """Row numbers in random order, (count,), each about equally often."""
    generator = torch.Generator().manual_seed(seed)
    repeats = -(-count // len(rows))
    return torch.cat([rows[torch.randperm(len(rows), generator=generator)] for _ in range(repeats)])[:count]


def few_rows(
    rows: Tensor, labels: Tensor | None, classes: Tensor | None, seed: int, usable: Tensor | None = None
) -> Tensor:
    """The row that conditions each of n samples: one row of each class, or ten rows where there are no classes.

    A class has as many samples as reference rows, so that samples of a perfect sampler have the classes of the data.

    Args:
        rows: (n,) the numbers of the reference rows.
        labels: (n,) their classes; None if there are none.
        classes: (n,) classes of the same rows from another source. The row of a class is one for which both agree, if
            there is one.
        seed: the seed of the choice.
        usable: the row numbers that may condition samples, at least one; all if None. A class with none has any other.

    Returns:
        (n,) row numbers with at most as many different values as there are classes, or `FEW`.
    """
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    if usable is not None:
        order = order[torch.isin(rows[order], usable)]
    if labels is None:
        chosen = rows[order[:FEW]]
        return chosen[torch.arange(len(rows)) % len(chosen)]
    made = torch.empty_like(rows)
    agreed = torch.ones_like(labels, dtype=torch.bool) if classes is None else labels == classes
    for label in sorted(set(labels.tolist())):
        of_class = order[labels[order] == label]
        sure = of_class[agreed[of_class]]
        made[labels == label] = rows[next(places[0] for places in (sure, of_class, order) if len(places))]
    return made


def noise_of(module: VALPModule, count: int, seed: int, drawn: Sequence[str] = ()) -> dict[str, Tensor]:
    """The noise of `count` rows that follows from a seed; `drawn` as in `VALPModule.drawn_noise`."""
    generator = torch.Generator().manual_seed(seed)
    return module.drawn_noise(count, generator, drawn)


def finite(name: str, values: Tensor) -> Tensor:
    """The values of an output. Raises ScoringError if one is not finite."""
    if not bool(values.isfinite().all()):
        raise ScoringError(f"output {name!r} is not finite on {int((~values.isfinite()).any(1).sum())} rows")
    return values
