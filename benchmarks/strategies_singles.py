"""The single-task MLPs over the samples they see: what a candidate's whole lineage has to beat."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from benchmarks.strategies_measures import Scores
from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.files import write_text
from valp.spaces.problem.baselines import single_task
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import Fitting

SEEDS = 3
TASKS = ("accuracy", "mse")
SPLITS = ("validation", "test")

Curves = dict[str, dict[str, list[list[float]]]]
"""By score and split, a row for each point, with a figure for each seed."""


def best_within(curves: Curves, unit: int, samples: int) -> dict[str, Scores]:
    """By split, the scores of MLPs that were given at least so many samples, and stopped where they were best.

    Means over the seeds; where they were best the validation split says. Points are `unit` samples apart, from `unit`.
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
    """The curves of the MLPs of a problem, kept in a file, and trained on where a lineage is longer than they are.

    Attributes:
        problem: what they learn.
        steps, batch: between two points.
        file: where the curves are kept.
        curves, trainings: so far.
        found: by number of points, what `best_within` says of them.
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
        """Samples between two points."""
        return self.steps * self.batch

    @property
    def points(self) -> int:
        """How many there are."""
        return len(self.curves[TASKS[0]]["validation"])

    def __call__(self, samples: int) -> dict[str, Scores]:
        """See `best_within`; trained on first, if need be."""
        points = max(1, -(-samples // self.unit))
        if points not in self.found:
            self.extend(points)
            self.found[points] = best_within(self.curves, self.unit, samples)
        return self.found[points]

    def extend(self, points: int) -> None:
        """Has at least so many points."""
        for point in range(self.points + 1, points + 1):
            rows = {name: [self._scored(name, seed, point) for seed in range(SEEDS)] for name in TASKS}
            for name, scored in rows.items():
                for split in SPLITS:
                    self.curves[name][split].append([one[split] for one in scored])
            if point % 10 == 0 or point == points:
                document = {"fingerprint": self.problem.fingerprint, "curves": self.curves}
                write_text(self.file, json.dumps(document))

    def _scored(self, name: str, seed: int, point: int) -> Scores:
        """By split, the score of an MLP at a point."""
        if (name, seed) not in self.trainings:
            output, train = str(self.problem.metrics[name].output), self.problem.train
            module = compile(single_task(self.problem, output), seed=seed)
            truths = {output: train.truths[output]}
            training = Fitting(module, train.inputs, truths, steps=self.steps, batch=self.batch, seed=seed)
            self.trainings[name, seed] = module, training
        module, training = self.trainings[name, seed]
        training.advance(point * self.steps)
        return {split: self.scorer.score(module, getattr(self.problem, split))[name] for split in SPLITS}
