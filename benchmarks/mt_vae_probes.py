"""Linear probes: how well a linear model reads classes and numbers from latent variables."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from valp.compile.module import VALPModule
from valp.graph.graph import DataType
from valp.plan.operation import Sample
from valp.spaces.problem.problem import Problem, Split

ROWS = 4000
"""The most training rows that a probe learns from."""

PENALTIES = np.logspace(-3, 3, 7)
"""The penalties of ridge regression, chosen by leave-one-out cross-validation."""

Array = NDArray[np.float64]


@torch.no_grad()
def codes_of(module: VALPModule, split: Split, rows: int | None = None) -> dict[str, Array]:
    """The means μ of each latent space for the first rows of a split, by the network that makes them, (rows, k)."""
    samples = {op.connection: op for op in module.plan.operations if isinstance(op, Sample)}
    inputs = {name: tensor[:rows] for name, tensor in split.inputs.items()}
    values = module.run(inputs, [op.out for op in samples.values()], "predict", {})
    found = {name.partition("->")[0]: values[op.out].double().numpy() for name, op in samples.items()}
    return dict(sorted(found.items()))


def controls(problem: Problem, size: int) -> tuple[dict[str, Array], dict[str, Array]]:
    """What a probe is compared with: all inputs, and as many principal components of them as there are variables.

    Returns:
        Those of the training split, and those of the test split.
    """
    parts = [
        torch.cat([tensor.reshape(len(tensor), -1) for tensor in split.inputs.values()], 1).double().numpy()
        for split in (problem.train, problem.test)
    ]
    train, test = parts[0][:ROWS], parts[1]
    components = PCA(min(size, train.shape[1]), random_state=0).fit(train)
    return (
        {"principal components": components.transform(train), "all inputs": train},
        {"principal components": components.transform(test), "all inputs": test},
    )


def probed(problem: Problem, train: Mapping[str, Array], test: Mapping[str, Array]) -> dict[str, dict[str, float]]:
    """The test scores of linear probes on what is given: accuracy of classes, pooled R² of numbers.

    Args:
        problem: the problem.
        train: what the probes read, for the first `ROWS` rows of the training split, by name.
        test: the same for the test split.

    Returns:
        By name and output, the score.
    """
    found: dict[str, dict[str, float]] = {}
    for name, values in train.items():
        found[name] = {}
        for output in problem.outputs:
            if output.unit.type is DataType.SAMPLES:
                continue
            learned = problem.train.truths[output.name][:ROWS].numpy()
            asked = problem.test.truths[output.name].numpy()
            if output.unit.type is DataType.DISCRETE:
                probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(values, learned)
                found[name][output.name] = float((probe.predict(test[name]) == asked).mean())
            else:
                ridge = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(values, learned)
                errors = np.square(ridge.predict(test[name]).reshape(asked.shape) - asked).sum()
                found[name][output.name] = float(1 - errors / np.square(asked - asked.mean(0)).sum())
    return found
