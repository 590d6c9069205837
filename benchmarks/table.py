"""A search on a real table, compared with gradient boosting: scikit-learn's breast cancer data, with missing labels.

The table has 569 tumours, so scores vary less than with the 178 wines. Of the 30 measurements, 29 are inputs and one is
an output: the worst texture. (Areas and perimeters nearly follow from the radii. Of the others, gradient boosting
predicts the worst texture best.) The ten means are also an output to generate. In every split, a random fifth of each
output's labels is removed.

The table is written as CSV and as Parquet. Both must give the same problem and the same search.

python -m benchmarks.table
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import mean

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV

from valp.search.engine.models import spread, train_seeds
from valp.search.facade.launch import launch
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import StoredRun
from valp.spaces.own import load_own
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem, Split
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import one_thread

MISSING = 0.2
PREDICTED = "worst texture"
MARGINS = {"accuracy": 0.02, "r2": 0.05}
"""The margins by which gradient boosting may be better."""

TOML = """
title = "Malignant or benign, from 29 measurements"

[data]
table = "tumours{suffix}"

[split]
validation = 0.2
test = 0.25
seed = {seed}
stratify = "kind"

[inputs.measured]
type = "numeric"
columns = ["mean *", "* error", "worst *", "!worst texture"]

[outputs.kind]
type = "discrete"
column = "kind"

[outputs.texture]
type = "numeric"
column = "worst texture"

[outputs.profile]
type = "samples"
columns = ["profile: *"]
"""


def tumours() -> pa.Table:
    """The table: 30 measurements, the kind, and the ten means again as the output to generate."""
    data = load_breast_cancer()
    random = np.random.default_rng(0)
    holes = {name: random.random(len(data.target)) < MISSING for name in ("kind", PREDICTED, "profile")}
    columns = {}
    for name, values in zip(data.feature_names.tolist(), data.data.T, strict=True):
        columns[name] = pa.array(values, mask=holes.get(name))
        if name.startswith("mean"):
            columns[f"profile: {name}"] = pa.array(values, mask=holes["profile"])
    return pa.table(columns | {"kind": pa.array(data.target_names[data.target].tolist(), mask=holes["kind"])})


def loaded(folder: Path, seed: int) -> dict[str, Problem]:
    """The problem from both files, by suffix."""
    table, problems = tumours(), {}
    for suffix, write in ((".csv", pyarrow.csv.write_csv), (".parquet", pyarrow.parquet.write_table)):
        place = folder / suffix.removeprefix(".")
        place.mkdir(exist_ok=True)
        write(table, place / f"tumours{suffix}")
        toml = place / "tumours.toml"
        toml.write_text(TOML.format(suffix=suffix, seed=seed))
        problems[suffix] = load_own(toml)
    return problems


def compare_files(problems: dict[str, Problem], runs: Path) -> None:
    """Exits with an error unless both files give the same data, and searches with the same candidates and scores."""
    outcomes = []
    for suffix, problem in problems.items():
        run = launch(problem, name=f"same{suffix}", runs=runs, candidates=4, steps=200, workers=2).stored
        results = [entry.result for entry in run.ledger.entries()]
        outcomes.append([(result.key, result.failure, result.scores) for result in results if result is not None])
    one, other = outcomes
    if problems[".csv"].fingerprint != problems[".parquet"].fingerprint or len(one) != 4 or one != other:
        raise SystemExit("the CSV and the Parquet file differ")
    figures = sum(len(scores) for _, _, scores in one)
    print(f"CSV and Parquet: same fingerprint, {len(one)} candidates each with {figures} equal scores", flush=True)


def chosen(run: StoredRun) -> Entry:
    """The candidate on the front with the smallest sum of ranks over the objectives, on the validation split."""
    front = run.front()
    ranks = dict.fromkeys([entry.number for entry in front], 0)
    for name, metric in run.objectives.items():
        results = {entry.number: entry.result for entry in front if entry.result is not None}
        values = {number: result.scores[name] for number, result in results.items() if name in result.scores}
        for number, value in values.items():
            ranks[number] += sum(metric.score.better(other, value) for other in values.values())
    return min(front, key=lambda entry: ranks[entry.number])


def scikit_learn_scores(problem: Problem, seed: int) -> dict[str, dict[str, float]]:
    """The scores of scikit-learn's models with default settings, one for each output, on the rows with a label."""
    models = {
        "gradient boosting": (
            GradientBoostingClassifier(random_state=seed),
            GradientBoostingRegressor(random_state=seed),
        ),
        "linear models": (LogisticRegression(max_iter=5000), RidgeCV(np.logspace(-3, 3, 13))),
    }
    scores = {}
    for name, (classifier, regressor) in models.items():
        classifier.fit(*known(problem.train, "kind"))
        regressor.fit(*known(problem.train, "texture"))
        scores[name] = {
            "accuracy": classifier.score(*known(problem.test, "kind")),
            "r2": regressor.score(*known(problem.test, "texture")),
        }
    return scores


def known(split: Split, output: str) -> tuple[np.ndarray, np.ndarray]:
    """The inputs and labels of the rows that have a label."""
    rows = split.having(output)
    return rows.inputs["measured"].numpy(), rows.truths[output].flatten().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--strategy", default="random")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    start = time.perf_counter()
    one_thread()
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare_files(loaded(folder, 0), folder / "runs")
        for seed in range(asked.splits):
            problem = loaded(folder, seed)[".parquet"]
            run = launch(
                problem,
                name=f"split-{seed}",
                runs=folder / "runs",
                strategy=asked.strategy,
                candidates=asked.candidates,
                steps=asked.steps,
                workers=asked.workers,
                seed=seed,
            ).stored
            best = chosen(run)
            print(
                f"split {seed}: candidate {best.number}, one of {len(run.front())} on the front, trained with 3 seeds"
            )
            made = train_seeds(best.candidate, Scorer(problem, judges_of(problem)), 3, {}, print)
            scores = {"VALP": made.model.manifest.scores["test"]} | scikit_learn_scores(problem, seed)
            for model, values in scores.items():
                found.setdefault(model, []).append(values)
                shown = spread({score: [value] for score, value in values.items()})
                print(f"split {seed}, {model}: {shown}", flush=True)
    for model, splits in found.items():
        columns = {score: [values[score] for values in splits] for score in splits[0]}
        print(f"{model}, mean ± sd over {len(splits)} splits: {spread(columns)}")
    ours, boosted = found["VALP"], found["gradient boosting"]
    for score, margin in MARGINS.items():
        ahead = mean(one[score] - other[score] for one, other in zip(ours, boosted, strict=True))
        print(
            f"{score}: {ahead:+.3f} compared with gradient boosting, "
            f"{'within' if ahead >= -margin else 'NOT within'} the margin {margin}"
        )
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
