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
def codes_of(module: VALPModule, split: Split) -> dict[str, Array]:
    """The means μ of each latent space for the rows of a split, by the network that makes them, (rows, k)."""
    samples = {op.connection: op for op in module.plan.operations if isinstance(op, Sample)}
    values = module.run(split.inputs, [op.out for op in samples.values()], "predict", {})
    found = {name.partition("->")[0]: values[op.out].double().numpy() for name, op in samples.items()}
    return dict(sorted(found.items()))


def labelled_rows(mask: torch.Tensor | None, rows: int) -> NDArray[np.int64]:
    """The first training rows with a label, at most `ROWS`.

    Args:
        mask: (rows,), 0 where there is no label; None if all rows have one.
        rows: the number of training rows.
    """
    found: NDArray[np.int64] = np.flatnonzero(np.ones(rows) if mask is None else mask.numpy())[:ROWS]
    return found


def controls(problem: Problem, size: int) -> tuple[dict[str, Array], dict[str, Array]]:
    """What a probe is compared with: all inputs, and as many principal components of them as there are variables.

    Principal components need no labels: they are those of all training rows.

    Returns:
        Those of the training split, and those of the test split.
    """
    parts = [
        torch.cat([tensor.reshape(len(tensor), -1) for tensor in split.inputs.values()], 1).double().numpy()
        for split in (problem.train, problem.test)
    ]
    train, test = parts
    components = PCA(min(size, train.shape[1]), random_state=0).fit(train)
    return (
        {"principal components": components.transform(train), "all inputs": train},
        {"principal components": components.transform(test), "all inputs": test},
    )


def probed(
    problem: Problem, train: Mapping[str, Array], test: Mapping[str, Array], rows: NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """The test scores of linear probes on what is given: accuracy of classes, pooled R² of numbers.

    Args:
        problem: the problem.
        train: what the probes read, for the rows of the training split, by name.
        test: the same for the test split.
        rows: the rows of the training split that they learn from.

    Returns:
        By name and output, the score.
    """
    found: dict[str, dict[str, float]] = {}
    for name, values in train.items():
        found[name] = {}
        for output in problem.outputs:
            if output.unit.type is DataType.SAMPLES:
                continue
            learned = problem.train.truths[output.name].numpy()[rows]
            asked = problem.test.truths[output.name].numpy()
            if output.unit.type is DataType.DISCRETE:
                probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(values[rows], learned)
                found[name][output.name] = float((probe.predict(test[name]) == asked).mean())
            else:
                ridge = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(values[rows], learned)
                errors = np.square(ridge.predict(test[name]).reshape(asked.shape) - asked).sum()
                found[name][output.name] = float(1 - errors / np.square(asked - asked.mean(0)).sum())
    return found
