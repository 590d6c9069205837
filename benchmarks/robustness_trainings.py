"""The trainings of the comparison under attack: one network with a method and a seed, its accuracies at each η."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.robustness_attacks import accuracies
from benchmarks.robustness_graphs import METHODS, graph_of, only
from benchmarks.saved_rows import Row
from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.attacking import ranges_of
from valp.spaces.problem.problem import Problem, Split
from valp.spaces.problem.sampling import ScoringError
from valp.train.balance import BALANCERS
from valp.train.balance.balance import Value
from valp.train.balance.loss_reach import LossReach
from valp.train.balance.uncertainty import LearnedNoise, UncertaintyWeighting
from valp.train.fit import fit, one_thread


@dataclass(frozen=True)
class Training:
    """A network to train.

    Attributes:
        problem: the name of the problem.
        method: the code of the method.
        seed: the seed of the weights, the examples and the noise.
        task: its task, if each task has a network of its own.
        weight: the weight of the first task, if weights are fixed; that of the second is 1 − weight. Both are doubled,
            so that equal weights are 1.
    """

    problem: str
    method: str
    seed: int
    task: str | None = None
    weight: float | None = None

    @property
    def key(self) -> str:
        """Its name in the file."""
        part = self.task or ("both" if self.weight is None else f"{self.weight:g}")
        return f"{self.problem}/{self.method}/{part}/{self.seed}"


class KeptUncertainty(UncertaintyWeighting):
    """Uncertainty weighting whose learned noise can be read after the training: the attack needs the training loss."""

    noise: LearnedNoise | None = None

    def begin(self, reach: LossReach, settings: Mapping[str, Value], device: torch.device) -> LearnedNoise:
        """See `LossBalancer`."""
        self.noise = super().begin(reach, settings, device)
        return self.noise

    def weights(self, module: VALPModule) -> list[float]:
        """The weight of each loss at the end of the training: 1 / (2 σ²), and β of a KL loss."""
        if self.noise is None:  # the method was not used
            return module.betas.tolist()
        learned = (-torch.as_tensor(self.noise.log_variances)).exp() / 2
        divergent = torch.tensor([False] * len(module.plan.losses) + [True] * len(module.plan.divergences))
        found: list[float] = torch.where(divergent, module.betas, learned).tolist()
        return found


_problems: dict[str, Problem] = {}
"""The problems of this process, loaded when it starts."""


def prepare(names: Sequence[str]) -> None:
    """Loads problems into this process."""
    one_thread()
    _problems.update({name: load_problem(name, lambda _: None) for name in names})


def trained(training: Training, setup: Mapping[str, Any]) -> Row:
    """Trains a network and attacks it on the test split.

    Args:
        training: the network.
        setup: the fields of `benchmarks.robustness.Setup`.

    Raises:
        ScoringError: if its loss is not finite.
    """
    problem, start = _problems[training.problem], time.perf_counter()
    (method,) = [one for one in METHODS if one.code == training.method]
    described = problem.description if training.task is None else only(problem.description, training.task)
    weight = training.weight
    graph = graph_of(method, described, () if weight is None else (2 * weight, 2 * (1 - weight)))
    module, split = compile(graph, seed=training.seed), problem.train
    keeping = KeptUncertainty()
    with BALANCERS.adding(keeping):
        made = fit(
            module,
            split.inputs,
            {name: split.truths[name] for name in module.plan.outputs},
            steps=max(1, round(setup["epochs"] * len(split) / setup["batch"])),
            batch=setup["batch"],
            learning_rate=setup["rate"],
            balance=method.balance,
            seed=training.seed,
            executor="torch",
        )
    if made.failure is not None:
        raise ScoringError(f"{training.key}: {made.failure}")
    seconds, weights = time.perf_counter() - start, keeping.weights(module)
    ranges, draws = ranges_of(problem), setup["draws"] if method.vib else 0
    held, tested = (_first(part, setup["rows"]) for part in (problem.validation, problem.test))
    chosen, _ = accuracies(module, held, ranges, weights=weights, draws=draws, sizes=(0.0,), seed=training.seed)
    test, zero = accuracies(module, tested, ranges, weights=weights, draws=draws, seed=training.seed + 1)
    return {
        "fingerprint": problem.fingerprint,
        "validation": {name: values[0] for name, values in chosen.items()},
        "test": test,
        "zero gradients": zero,
        "weights": dict(zip(module.loss_names, weights, strict=True)),
        "parameters": module.parameter_count,
        "samples": made.samples_seen,
        "rows": [len(split), len(held), len(tested)],
        "training seconds": seconds,
        "seconds": time.perf_counter() - start,
    }


def _first(split: Split, rows: int) -> Split:
    return split.take(torch.arange(min(rows, len(split))))
