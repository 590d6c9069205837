"""`VALPSearch`: a search as a scikit-learn estimator."""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import ClassifierTags, RegressorTags, Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from valp.model.model import Model
from valp.model.output_columns import Arrays
from valp.model.raw_inputs import raw_inputs
from valp.model.table import MISSING, Table, is_table, table_of
from valp.search.estimator.read_features import text_columns, value_errors, with_plain_numbers
from valp.search.estimator.read_targets import AUTO, given_of, missing, shaped, targets_of
from valp.spaces.own import toml_schema as own
from valp.spaces.own.read_columns import Reader
from valp.spaces.own.read_tables import Source
from valp.spaces.own.toml_draft import identifier, unused
from valp.spaces.problem.problem import ArrayData, Problem

FEWEST = 4
"""The fewest rows of X: two to train on and two to validate on."""

NUMBERS = "x"
"""The name of the input that has all numeric columns."""


class VALPSearch(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Searches for a VALP that learns y from X, and predicts with the best candidate.

    y may be one output, or several of different types: an array, a data frame with a column for each output, or a
    mapping of arrays, (n,) or (n, k). X is an array of numbers, or a data frame whose text columns are categories. NaN
    in X is a missing value, which is replaced by the training mean. y may have missing values too if it is a data frame
    or a mapping. They are ignored in training and in scores.

    Args:
        outputs: the type of y: "numeric", "discrete" (classes), "labels" (yes or no) or "samples" (to be generated), or
            a mapping with the types of some of its columns. For other columns, and with "auto", texts, truth values and
            whole numbers with at most ten distinct values are classes, and other numbers are numeric. With "discrete"
            scikit-learn treats the estimator as a classifier, with "numeric" as a regressor.
        candidates: the number of candidates to train.
        steps: the gradient steps of a full training.
        batch: the examples in a step.
        workers: the number of candidates that Ray trains at once. 0 trains in this process, one after the other,
            without Ray.
        strategy: a code of `valp.search.strategies.STRATEGIES`; by default evolution, or random search if there are few
            candidates.
        space: a name of `valp.spaces.generate.space.SPACES`.
        objectives: the scores to optimise; by default one for each output.
        by: the score that selects the model from the front; by default the knee is selected.
        validation: the share of the rows in the validation split. Candidates are scored on them, not trained. There are
            no test rows: `front_` and `baselines_` have validation scores, which are too good for the candidate that
            they selected. For an honest estimate use `score` on rows that were not in the fit, or cross-validation.
        executor: the executor that trains, "auto" or "torch".
        baselines: what candidates are compared with, "none", "quick" or "tuned"; see `valp.launch`.
        random_state: the seed. With an int and at most one worker, the whole search is repeatable.
        runs: a folder that keeps the runs, each named after its data and settings, so that the same fit resumes its
            run. By default the run is deleted at the end of the fit.
        verbose: whether to print the progress on stderr.

    Attributes:
        model_: the best candidate, a `valp.Model`: `valp.save` writes it, `generate` draws samples from it.
        front_: the numbers, scores and parameters of the candidates on the Pareto front, the selected one first.
        baselines_: the best scores of the baselines.
        classes_: the class labels. If several outputs are classes, a list or a mapping, as y was given.
        n_features_in_, feature_names_in_: of X.
        run_: the folder of the run, or None if the run was not kept.
    """

    def __init__(
        self,
        outputs: str | Mapping[Any, str] = AUTO,
        *,
        candidates: int = 20,
        steps: int = 1000,
        batch: int = 50,
        workers: int = 0,
        strategy: str | None = None,
        space: str = "default",
        objectives: Sequence[str] = (),
        by: str | None = None,
        validation: float = 0.15,
        executor: str = "auto",
        baselines: str = "quick",
        random_state: Any = None,
        runs: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        self.outputs = outputs
        self.candidates = candidates
        self.steps = steps
        self.batch = batch
        self.workers = workers
        self.strategy = strategy
        self.space = space
        self.objectives = objectives
        self.by = by
        self.validation = validation
        self.executor = executor
        self.baselines = baselines
        self.random_state = random_state
        self.runs = runs
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Searches for a model of y given X.

        Raises:
            ValueError: if X, y or a parameter is wrong, or no candidate is complete.
        """
        table, y = self._checked(X, y)
        self._form, self._targets = targets_of(y, self.outputs)
        self._frame = type(y) if self._form == "frame" else None
        check_consistent_length(table, *(target.values for target in self._targets))
        classes = [target.classes for target in self._targets if target.classes is not None]
        self.__dict__.pop("classes_", None)  # of an earlier fit
        if classes:
            chosen = [target for target in self._targets if target.classes is not None]
            self.classes_ = classes if self._form == "array" else shaped(self._form, chosen, classes)
        with value_errors():
            self._search(self._problem(table), check_random_state(self.random_state).randint(2**31 - 1))
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Predicts every output for the rows of X, in the form of y."""
        found = self._found(X)
        values = [target.predicted(found) for target in self._targets]
        index = getattr(X, "index", None) if hasattr(self._frame, "index") else None
        return shaped(self._form, self._targets, values, self._frame, index)

    @available_if(lambda self: self._tells_classes())  # type: ignore[untyped-decorator] # scikit-learn ships no types
    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """The probabilities of the output of classes, (n, classes), or of labels, (n, k).

        For several such outputs, a list if y was an array, else a mapping.
        """
        found = self._found(X)
        shown = [target for target in self._targets if target.kind in ("discrete", "labels")]
        values = [target.probabilities(found) for target in shown]
        return values if self._form == "array" else shaped(self._form, shown, values)

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """The mean score of the outputs: accuracy of classes and labels, R² of numbers. Samples are left out."""
        found = self._found(X)
        scores = []
        for target, given in zip(self._targets, given_of(self._form, self._targets, y), strict=True):
            if target.kind == "samples":
                continue
            said, there = target.predicted(found), ~missing(given)
            if target.kind == "numeric":
                rows = there.reshape(len(there), -1).all(1)
                scores.append(r2_score(given[rows].astype(np.float64), said[rows]))
            else:
                scores.append(float((given[there] == said[there]).mean()))
        if not scores:
            raise ValueError("y has only samples, which score() cannot score; front_ has the scores of the search")
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Tags:
        """See scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        if self.outputs == "discrete":
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        if self.outputs == "numeric":
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def _tells_classes(self) -> bool:
        """Whether the model has probabilities. Before the fit, whether it may have them."""
        targets = getattr(self, "_targets", None)
        if targets is None:
            return bool(self.outputs not in ("numeric", "samples"))
        return any(target.kind in ("discrete", "labels") for target in targets)

    def _checked(self, X: Any, y: Any) -> tuple[Table, Any]:  # noqa: N803
        """X as a table, and y, both checked by scikit-learn. Stores the features of X."""
        self._categories = text_columns(X)
        if self._categories:
            validate_data(self, X, y, skip_check_array=True)
            if not hasattr(self, "feature_names_in_"):
                raise ValueError("a data frame with categories must have columns whose names are texts")
            return self._table(X), y
        X = with_plain_numbers(X)  # noqa: N806
        asked = {"dtype": np.float64, "ensure_all_finite": "allow-nan", "ensure_min_samples": FEWEST}
        if y is None or not (isinstance(y, Mapping) or is_table(y)):
            rows, y = validate_data(self, X, y, multi_output=True, y_numeric=self.outputs == "numeric", **asked)
        else:
            rows = validate_data(self, X, **asked)
        return self._table(rows), y

    def _table(self, X: Any) -> Table:  # noqa: N803
        """Checked X as a table: a column for each name, or all columns as one array if they have no names."""
        if self._categories:
            return table_of(X, list(self.feature_names_in_))
        names = getattr(self, "feature_names_in_", None)
        columns = {NUMBERS: X} if names is None else dict(zip(names, X.T, strict=True))
        return Table("X", columns, MISSING, lambda row: f"row {row} of X")

    def _found(self, X: Any) -> Arrays:  # noqa: N803
        """The model's outputs for the rows of X, in double precision, so that they do not depend on the batch."""
        check_is_fitted(self, "model_")
        if self._categories:
            if not is_table(X):
                raise ValueError(f"X must be a data frame, as it was in fit, but is of type {type(X).__name__}")
            rows = validate_data(self, X, reset=False, skip_check_array=True)
        else:
            rows = validate_data(
                self, with_plain_numbers(X), reset=False, dtype=np.float64, ensure_all_finite="allow-nan"
            )
        with value_errors():
            found: Arrays = self._exact.predict(raw_inputs(self._table(rows), self.model_.inputs))
            return found

    def _problem(self, table: Table) -> Problem:
        """The problem to search. Its validation rows are also its test rows, because X has no rows to spare for a test.

        Nothing reads its test scores. The user scores the estimator on rows that were not in the fit.
        """
        train, held = self._split(len(table))
        rows = np.concatenate([train, held, held])
        parts = np.split(np.arange(len(rows)), [len(train), len(train) + len(held)])
        splits = (parts[0], parts[1], parts[2])
        columns = {target.name: target.values[rows] for target in self._targets}
        outputs = Reader(Source((Table("y", columns, MISSING, lambda row: f"row {row} of y"),)), splits)
        return Problem.from_arrays(
            "fit",
            inputs=self._inputs(Reader(Source((_taken(table, rows),)), splits)),
            outputs={target.name: target.data(outputs, rows) for target in self._targets},
            splits=splits,
        )

    def _split(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the training and the validation split, stratified by the first output of classes if possible."""
        held = max(FEWEST // 2, round(count * self.validation))
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        classes = next((target.values for target in self._targets if target.classes is not None), None)
        for stratify in (classes, None):
            try:
                train, rows = train_test_split(np.arange(count), test_size=held, random_state=seed, stratify=stratify)
                return np.sort(train), np.sort(rows)
            except ValueError:
                if stratify is None:
                    raise
        raise AssertionError("a split that is not stratified either succeeds or raises")

    def _inputs(self, reader: Reader) -> dict[str, ArrayData]:
        """The problem's inputs: one for all numeric columns, and one for each category."""
        names = [name for name in reader.source.names if name not in self._categories]
        inputs: dict[str, ArrayData] = {}
        if names:
            numbers = own.NumericInput(type="numeric", columns=tuple(names), missing="mean")
            inputs[NUMBERS] = reader.input("X", numbers, tuple(names))
        taken = {NUMBERS, *(target.name for target in self._targets)}
        for name in self._categories:
            category = own.Discrete(type="discrete", column=name)
            inputs[unused(identifier(name), taken)] = reader.input(f"X[{name!r}]", category, (name,))
        return inputs

    def _search(self, problem: Problem, seed: int) -> None:
        from valp.search.facade.launch import launch
        from valp.search.run.temporary_folders import scratch
        from valp.search.show.display import LineDisplay, SilentDisplay

        if self.by is not None:
            problem.metric(self.by, "by")
        asked: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("steps", "batch", "strategy", "space", "objectives", "executor", "baselines")
        }
        name = hashlib.sha256(f"{problem.fingerprint} {asked} {seed}".encode()).hexdigest()[:12]
        with scratch("fit") if self.runs is None else nullcontext(Path(self.runs)) as runs:
            run = launch(
                problem,
                name=f"fit-{name}",
                runs=runs,
                candidates=self.candidates,
                workers=self.workers,
                seed=seed,
                display=LineDisplay() if self.verbose else SilentDisplay(),
                **asked,
            )
            self.model_ = run.best(self.by)
            self.front_ = [entry.listing() for entry in run.stored.front(self.by)]
            self.baselines_ = run.stored.baseline_scores
            self.run_ = None if self.runs is None else str(run.path)
        self._exact = Model(copy.deepcopy(self.model_.module).double(), self.model_.manifest)


def _taken(table: Table, rows: NDArray[np.int64]) -> Table:
    """Some rows of a table."""
    columns = {
        name: values[rows] if isinstance(values, np.ndarray) else values.take(rows)
        for name, values in table.columns.items()
    }
    return replace(table, columns=columns)
