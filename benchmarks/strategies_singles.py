"""The scores of the single-task MLPs over samples seen, which are compared with a candidate's whole lineage."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from benchmarks.strategies_measures import Scores
from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.files import write_text
from valp.spaces.baselines.single_task import single_task
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import Fitting

SEEDS = 3
TASKS = ("accuracy", "mse")
SPLITS = ("validation", "test")

Curves = dict[str, dict[str, list[list[float]]]]
"""By score and split, a row for each point, with a value for each seed."""


def best_within(curves: Curves, unit: int, samples: int) -> dict[str, Scores]:
    """The scores, by split, of MLPs with at least this many samples, stopped at their best point.

    Scores are means over the seeds. The best point is chosen on the validation split. Points are `unit` samples apart,
    starting at `unit`.
    """
    points = max(1, -(-samples // unit))
    best: dict[str, Scores] = {split: {} for split in SPLITS}
    for name, splits in curves.items():
        means = [mean(row) for row in splits["validation"][:points]]
        place = means.index(min(means) if name == "mse" else max(means))
        for split in SPLITS:
            best[split][name] = mean(splits[split][place])
    return best


@dataclass
class Singles:
    """The curves of a problem's MLPs. They are kept in a file, and extended if a lineage has seen more samples.

    Attributes:
        problem: the problem.
        steps, batch: the steps between two points, and the batch size.
        file: the file of the curves.
        curves, trainings: the curves and trainings so far.
        found: the results of `best_within`, by number of points.
    """

    problem: Problem
    steps: int
    batch: int
    file: Path
    curves: Curves = field(default_factory=dict)
    trainings: dict[tuple[str, int], tuple[VALPModule, Fitting]] = field(default_factory=dict)
    found: dict[int, dict[str, Scores]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scorer = Scorer(self.problem, {})
        self.curves = {name: {split: [] for split in SPLITS} for name in TASKS}
        if self.file.is_file():
            kept = json.loads(self.file.read_text())
            if kept["fingerprint"] == self.problem.fingerprint:
                self.curves = kept["curves"]

    @property
    def unit(self) -> int:
        """The number of samples between two points."""
        return self.steps * self.batch

    @property
    def points(self) -> int:
        """The number of points."""
        return len(self.curves[TASKS[0]]["validation"])

    def __call__(self, samples: int) -> dict[str, Scores]:
        """The result of `best_within`. The curves are extended first if necessary."""
        points = max(1, -(-samples // self.unit))
        if points not in self.found:
            self.extend(points)
            self.found[points] = best_within(self.curves, self.unit, samples)
        return self.found[points]

    def extend(self, points: int) -> None:
        """Extends the curves to at least this many points."""
        for point in range(self.points + 1, points + 1):
            rows = {name: [self._scored(name, seed, point) for seed in range(SEEDS)] for name in TASKS}
            for name, scored in rows.items():
                for split in SPLITS:
                    self.curves[name][split].append([one[split] for one in scored])
            if point % 10 == 0 or point == points:
                document = {"fingerprint": self.problem.fingerprint, "curves": self.curves}
                write_text(self.file, json.dumps(document))

    def _scored(self, name: str, seed: int, point: int) -> Scores:
        """The scores of an MLP at a point, by split."""
        if (name, seed) not in self.trainings:
            output, train = str(self.problem.metrics[name].output), self.problem.train
            module = compile(single_task(self.problem, output), seed=seed)
            truths = {output: train.truths[output]}
            training = Fitting(module, train.inputs, truths, steps=self.steps, batch=self.batch, seed=seed)
            self.trainings[name, seed] = module, training
        module, training = self.trainings[name, seed]
        training.advance(point * self.steps)
        return {split: self.scorer.score(module, getattr(self.problem, split))[name] for split in SPLITS}
