"""Two tables that ship with scikit-learn, as problems with a class, numbers and rows to be generated."""

from collections.abc import Callable

from sklearn.datasets import load_breast_cancer, load_diabetes

from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem, discrete, numeric, samples


def breast_cancer() -> Problem:
    """From ten means: the diagnosis, the ten worst values, and rows of means. Settings were chosen on it."""
    data = load_breast_cancer()
    means, worst = data.data[:, :10], data.data[:, 20:]
    return Problem.from_arrays(
        "breast-cancer",
        inputs={"means": numeric(means)},
        outputs={"diagnosis": discrete(data.target), "worst": numeric(worst), "rows": samples(means)},
    )


def diabetes() -> Problem:
    """From nine measurements: the sex, the progression of the disease, and rows of measurements. Nothing was chosen on
    it."""
    data = load_diabetes(scaled=False)
    sex = data.feature_names.index("sex")
    measured = [column for column in range(data.data.shape[1]) if column != sex]
    return Problem.from_arrays(
        "diabetes",
        inputs={"measured": numeric(data.data[:, measured])},
        outputs={
            "sex": discrete(data.data[:, sex].astype(int) - 1),
            "progression": numeric(data.target[:, None]),
            "rows": samples(data.data[:, measured]),
        },
    )


TABLES: dict[str, Callable[[], Problem]] = {"breast-cancer": breast_cancer, "diabetes": diabetes}


def benchmark_problem(name: str, say: Callable[[str], None]) -> Problem:
    """A table by its name, or a problem as of `valp.spaces.own.load_problem.load_problem`."""
    return TABLES[name]() if name in TABLES else load_problem(name, say)
