"""Rows of a table: how well a classifier tells generated rows from held-out ones.

    python -m benchmarks.rows [--seeds 3] [--beta 0.2]

Half of the rows of three tables train a VAE made by hand (2 × 128 units, 8 latent variables, 3,000 steps of 50). It
generates as many rows as are held out. The score is the AUC of a random forest in 5-fold cross-validation: 0.5 if it
cannot tell them apart. Each line of a table adds one thing to the line before. A Gaussian copula, which has no network,
is fitted to the same rows for comparison.
"""

import argparse
import time
import warnings

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from valp.compile.compile import compile
from valp.graph.graph import Connection, DataType, DataUnit, Dense, Graph, Input, Loss, Output, PrimaryNetwork, Role
from valp.model.preprocessing import Column
from valp.spaces.problem.scaling import learnt_quantiles, learnt_scaling
from valp.train.fit import fit, one_thread

TABLES = {"breast cancer": load_breast_cancer, "diabetes": load_diabetes, "wine": load_wine}
WIDTH, LATENT, STEPS, BATCH = 128, 8, 3000, 50
LINES = ("standardised, N(0, I), means", "+ quantiles", "+ mixture", "+ draws", "Gaussian copula")


def vae(size: int, prior: str, beta: float) -> Graph:
    """encoder → (μ, log σ²) → decoder, with two hidden layers in each."""
    rows, code = DataUnit(type=DataType.SAMPLES, shape=(size,)), DataUnit(type=DataType.NUMERIC, shape=(2 * LATENT,))
    layers = (Dense(units=WIDTH, activation="relu"),) * 2
    return Graph(
        inputs=(Input(name="table", unit=DataUnit(type=DataType.NUMERIC, shape=(size,))),),
        networks=(
            PrimaryNetwork(name="encoder", kind="g", layers=layers, output=code),
            PrimaryNetwork(name="decoder", kind="d", layers=layers, output=rows, prior=prior),
        ),
        outputs=(Output(name="rows", unit=rows),),
        connections=(
            Connection(source="table", target="encoder"),
            Connection(source="encoder", target="decoder", role=Role.LATENT),
            Connection(source="decoder", target="rows"),
        ),
        losses=(
            Loss(kind="gaussian", prediction="rows", truth="rows"),
            Loss(kind="kl", prediction="encoder", beta=beta),
        ),
    )


def column(rows: np.ndarray, quantiles: bool) -> Column:
    """The scaling of a table, learned on these rows."""
    every = np.arange(len(rows))
    offset, scale = learnt_scaling(rows, every, "standard")
    found = learnt_quantiles(rows, every) if quantiles else None
    return Column(name="rows", type=DataType.SAMPLES, size=rows.shape[1], offset=offset, scale=scale, quantiles=found)


def generated(
    rows: np.ndarray, count: int, seed: int, beta: float, *, quantiles: bool, prior: str, draws: bool
) -> np.ndarray:
    """New rows from a VAE that was trained on these rows."""
    scaling = column(rows, quantiles)
    values = scaling.prepare(rows)
    module = compile(vae(rows.shape[1], prior, beta), seed=seed)
    made = fit(module, {"table": values}, {"rows": values}, steps=STEPS, batch=BATCH, seed=seed)
    assert made.failure is None, made.failure
    noise = module.drawn_noise(count, torch.Generator().manual_seed(seed), ["rows"] if draws else [])
    with torch.inference_mode():
        return scaling.restore(module({}, "generate", noise)["rows"])


def copula(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """New rows from a Gaussian copula: normal scores with the correlations of the data."""
    scaling, random = column(rows, quantiles=True), np.random.default_rng(seed)
    scores = scaling.prepare(rows).double().numpy()
    drawn = random.multivariate_normal(np.zeros(rows.shape[1]), np.cov(scores.T), count)
    return scaling.restore(torch.from_numpy(drawn))


def told_apart(real: np.ndarray, made: np.ndarray) -> float:
    """The AUC of a forest that tells generated from real rows."""
    x = np.concatenate([real, made]).astype(np.float32)
    y = np.arange(len(x)) >= len(real)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    forest = RandomForestClassifier(200, random_state=0)
    return float(roc_auc_score(y, cross_val_predict(forest, x, y, cv=folds, method="predict_proba")[:, 1]))


def measure(rows: np.ndarray, seed: int, beta: float) -> list[float]:
    """The AUC of each line for one random half of the rows."""
    order = np.random.default_rng(seed).permutation(len(rows))
    train, held = rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]
    steps = ((False, "normal", False), (True, "normal", False), (True, "mixture", False), (True, "mixture", True))
    made = [
        generated(train, len(held), seed, beta, quantiles=quantiles, prior=prior, draws=draws)
        for quantiles, prior, draws in steps
    ]
    return [told_apart(held, found) for found in (*made, copula(train, len(held), seed))]


def main() -> None:
    """Prints a table in Markdown: median and range over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="random halves of each table")
    parser.add_argument("--beta", type=float, default=0.2, help="β of the KL loss")
    asked = parser.parse_args()
    one_thread()
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    found = {}
    for name, load in TABLES.items():
        found[name] = np.array([measure(load().data, seed, asked.beta) for seed in range(asked.seeds)])
        print(name, found[name].round(3).tolist(), flush=True)
    print(f"| AUC, β = {asked.beta:g} | {' | '.join(TABLES)} |\n|---|{'---|' * len(TABLES)}")
    for place, line in enumerate(LINES):
        cells = [
            f"{np.median(x[:, place]):.3f} ({x[:, place].min():.3f}–{x[:, place].max():.3f})" for x in found.values()
        ]
        print(f"| {line} | {' | '.join(cells)} |")
    print(f"\n{asked.seeds} seeds, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
