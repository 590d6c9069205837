"""AND and XOR with two shared neurons: how many epochs each way of combining two gradients needs (Nakamura 2023, 5.2).

Seven methods learn the logical operators, with the labels of XOR multiplied by c = 1 and 10; then the period T and the
strength α of the task tensioner are varied. The directions are those of `valp.train.balance`. Each finished setting is
saved at once; called again, the benchmark resumes. The page is written from what is saved.

python -m benchmarks.and_xor [--seeds 50] [--epochs 3000] [--scales 1 10] [--no-sensitivity] [-o docs/and-xor]
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.and_xor_networks import Trainings, train
from benchmarks.and_xor_page import best, page
from valp.files import write_text
from valp.train.balance.balance import Value

DOCS = Path(__file__).parents[1] / "docs"
RATES = (5e-2, 1e-2, 5e-3, 1e-3, 1e-4, 5e-5)
"""The learning rates of the thesis."""

LIMIT = 1e-3
PERIODS, STRENGTHS = (5, 10, 15), (1.0, 0.5, 0.1, 0.3, 0.7, 0.9, 0.2, 0.4, 0.6, 0.8)
PERIOD, STRENGTH = 10, 0.3


@dataclass(frozen=True)
class Setting:
    """One row of the raw figures: a method with one learning rate.

    Attributes:
        method: the name of the method.
        scale: c.
        rate: the learning rate.
        period, strength: T and α of the tensioner; 0 without one.
    """

    method: str
    scale: float
    rate: float
    period: int = 0
    strength: float = 0.0

    @property
    def balance(self) -> tuple[tuple[int, ...], str, dict[str, Value]]:
        """The tasks, the balancing method and its settings."""
        if self.method.startswith("single"):
            return ((0,) if self.method == "single AND" else (1,)), "uniform", {}
        plain = self.method.removesuffix(" + tensioner")
        if plain == self.method:
            return (0, 1), plain, {}
        return (0, 1), "tensioner", {"direction": plain, "period": self.period, "alpha": self.strength}


FIRST = 10
"""A setting with which none of this many seeds converges is not tried with the others."""

TENSIONED = "central + tensioner"
METHODS = ("single AND", "single XOR", "uniform", "min-norm", "central", "min-norm + tensioner", TENSIONED)


class Figures:
    """The raw figures on disk.

    Args:
        path: the JSON file.
        seeds: the number of seeds; figures of fewer seeds or other epochs are computed again.
        epochs: after how many epochs a training ends.
    """

    def __init__(self, path: Path, seeds: int, epochs: int) -> None:
        self._path, self.seeds, self.epochs = path, seeds, epochs
        held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        same = held.get("seeds") == seeds and held.get("epochs") == epochs
        self.rows: list[dict[str, Any]] = held["rows"] if same else []

    def of(self, setting: Setting) -> dict[str, Any]:
        """The figures of a setting. They are computed and saved if they are not there."""
        key = asdict(setting)
        for row in self.rows:
            if all(row[name] == value for name, value in key.items()):
                return row
        start = time.process_time()
        found = self._train(setting, range(min(self.seeds, FIRST)))
        if self.seeds > FIRST and any(epoch is not None for epoch in found.epochs):
            others = self._train(setting, range(FIRST, self.seeds))
            found = found + others
        row = key | asdict(found) | {"seconds": round(time.process_time() - start, 2)}
        self.rows.append(row)
        self._save()
        reached = [epoch for epoch in found.epochs if epoch is not None]
        mean = f", {sum(reached) / len(reached):.0f} epochs" if reached else ""
        print(f"{setting}: {len(reached)} of {len(found.epochs)}{mean} ({row['seconds']} s)", flush=True)
        return row

    def _train(self, setting: Setting, seeds: range) -> Trainings:
        return train(*setting.balance, setting.scale, setting.rate, seeds, self.epochs, LIMIT)

    def _save(self) -> None:
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in self.rows)
        write_text(self._path, f'{{"seeds": {self.seeds}, "epochs": {self.epochs}, "rows": [\n{lines}\n]}}\n')


def compared(scales: list[float]) -> Iterator[Setting]:
    """The settings of the comparison: each method at each scale and learning rate."""
    for rate in RATES:
        for scale in scales:
            for method in METHODS:
                tensioned = (PERIOD, STRENGTH) if method.endswith("tensioner") else (0, 0.0)
                yield Setting(method, scale, rate, *tensioned)


def varied(rows: list[dict[str, Any]]) -> Iterator[Setting]:
    """The settings of the sensitivity: T and α, at the learning rate that is best for the default ones."""
    for strength in STRENGTHS:
        for scale in sorted({row["scale"] for row in rows}):
            rate = best([row for row in rows if row["scale"] == scale])["rate"]
            for period in PERIODS:
                yield Setting(TENSIONED, scale, rate, period, strength)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=3000)
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--no-sensitivity", dest="sensitivity", action="store_false", help="leave T and α as they are")
    parser.add_argument("-o", dest="base", type=Path, default=DOCS / "and-xor", help="path and prefix of the page")
    asked = parser.parse_args(arguments)
    if min(asked.seeds, asked.epochs, *asked.scales) < 1:
        parser.error("--seeds, --epochs and --scales must be at least 1")
    asked.base.parent.mkdir(parents=True, exist_ok=True)
    figures = Figures(asked.base.with_name(f"{asked.base.name}.json"), asked.seeds, asked.epochs)
    try:
        found = [figures.of(setting) for setting in compared(asked.scales)]
        if asked.sensitivity:
            for setting in varied([row for row in found if row["method"] == TENSIONED]):
                figures.of(setting)
    finally:
        if figures.rows:
            write_text(asked.base.with_name(f"{asked.base.name}.md"), page(figures.rows, asked.seeds, asked.epochs))


if __name__ == "__main__":
    main()
