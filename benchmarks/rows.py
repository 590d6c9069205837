"""Rows of a table: how well a classifier tells generated rows from held-out ones.

    python -m benchmarks.rows [--seeds 3] [--beta 0.2] [--candidates 24] [--runs runs]

Half of the rows of three tables train a model. It generates as many rows as are held out. The score is the AUC of a
random forest in 5-fold cross-validation: 0.5 if it cannot tell them apart.

The models are a VAE made by hand (2 × 128 units, 8 latent variables, 3,000 steps of 50), with a line for each thing
that is added; the best candidate of a search of the default space, for each of two objectives; and, for comparison, a
Gaussian copula, which has no network, and the training rows themselves. The search has four fifths of the half for
training and one fifth for validation. Its runs are kept, so the benchmark resumes.
"""

import argparse
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from valp.compile.compile import compile
from valp.graph.graph import Connection, DataType, DataUnit, Dense, Graph, Input, Loss, Output, PrimaryNetwork, Role
from valp.model.model import Model
from valp.model.preprocessing import Column
from valp.score.generation_scores import memorising
from valp.search.facade.launch import launch
from valp.spaces.problem.arrays import numeric, samples
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.scaling import learnt_quantiles, learnt_scaling
from valp.train.fit import fit, one_thread

TABLES = {"breast cancer": load_breast_cancer, "diabetes": load_diabetes, "wine": load_wine}
WIDTH, LATENT, STEPS, BATCH = 128, 8, 3000, 50
OBJECTIVES = ("told_apart", "coverage")
LINES = (
    "standardised, N(0, I), means",
    "+ quantiles",
    "+ mixture",
    "+ draws",
    *(f"best of a search for {objective}" for objective in OBJECTIVES),
    "Gaussian copula",
    "training rows",
)


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
    drawn = random.multivariate_normal(np.zeros(rows.shape[1]), np.corrcoef(scores.T), count)
    return scaling.restore(torch.from_numpy(drawn))


def told_apart(real: np.ndarray, made: np.ndarray) -> float:
    """The AUC of a forest that tells generated from real rows."""
    x = np.concatenate([real, made]).astype(np.float32)
    y = np.arange(len(x)) >= len(real)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    forest = RandomForestClassifier(200, random_state=0)
    return float(roc_auc_score(y, cross_val_predict(forest, x, y, cv=folds, method="predict_proba")[:, 1]))


def searched(
    name: str, rows: np.ndarray, order: np.ndarray, seed: int, objective: str, asked: argparse.Namespace
) -> Model:
    """The best candidate of a search. The first half of the rows, in this order, is for training and validation."""
    half, table = len(rows) // 2, name.replace(" ", "-")
    seen = half * 4 // 5
    problem = Problem.from_arrays(
        table,
        inputs={"table": numeric(rows, scale="quantile")},
        outputs={"rows": samples(rows, scale="quantile")},
        splits=(order[:seen], order[seen:half], order[half:]),
    )
    run = launch(
        problem,
        name=f"rows-{table}-{objective}-{asked.candidates}x{asked.steps}-{seed}",
        runs=asked.runs,
        objectives=objective,
        candidates=asked.candidates,
        steps=asked.steps,
        batch=BATCH,
        workers=asked.workers,
        seed=seed,
        baselines="none",
    )
    return run.best()


def measure(name: str, rows: np.ndarray, seed: int, asked: argparse.Namespace) -> tuple[list[float], list[float]]:
    """The AUC of each line for one random half of the rows, and how much each memorises."""
    order = np.random.default_rng(seed).permutation(len(rows))
    train, held = rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]
    steps = ((False, "normal", False), (True, "normal", False), (True, "mixture", False), (True, "mixture", True))
    made = [
        generated(train, len(held), seed, asked.beta, quantiles=quantiles, prior=prior, draws=draws)
        for quantiles, prior, draws in steps
    ]
    for objective in OBJECTIVES if asked.candidates else ():
        model = searched(name, rows, order, seed, objective, asked)
        made.append(model.generate(len(held), seed=seed)["rows"])
    made += [copula(train, len(held), seed), train]
    scale = column(train, quantiles=False).prepare
    near = [memorising(scale(train), scale(held), scale(found)) for found in made]
    return [told_apart(held, found) for found in made], near


def table(title: str, lines: Sequence[str], found: dict[str, np.ndarray]) -> str:
    """A table in Markdown: median and range over the seeds."""
    rows = [f"| {title} | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    for place, line in enumerate(lines):
        cells = [
            f"{np.median(x[:, place]):.3f} ({x[:, place].min():.3f}–{x[:, place].max():.3f})" for x in found.values()
        ]
        rows.append(f"| {line} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints two tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="random halves of each table")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--beta", type=float, default=0.2, help="β of the KL loss")
    parser.add_argument("--candidates", type=int, default=24, help="of each search; 0 leaves the searches out")
    parser.add_argument("--steps", type=int, default=2000, help="of each candidate")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    asked = parser.parse_args(arguments)
    one_thread()
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    lines = [line for line in LINES if asked.candidates or not line.startswith("best of a search")]
    told: dict[str, np.ndarray] = {}
    near: dict[str, np.ndarray] = {}
    for seed in range(asked.first, asked.first + asked.seeds):
        for name, load in TABLES.items():
            auc, memorised = measure(name, load().data, seed, asked)
            told[name] = np.vstack([*told.get(name, ()), auc])
            near[name] = np.vstack([*near.get(name, ()), memorised])
            print(name, seed, dict(zip(lines, np.round(auc, 3).tolist(), strict=True)), flush=True)
    print(f"\n{table(f'AUC, β = {asked.beta:g}', lines, told)}\n\n{table('memorising, 0.5 is none', lines, near)}")
    print(f"\n{asked.seeds} seeds, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
