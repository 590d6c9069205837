"""`VALPSearch`: scikit-learn's own checks, and outputs of different kinds at once."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import valp
from valp.search.estimator.estimator import VALPSearch
from valp.search.estimator.read_targets import targets_of
from valp.search.run.run import open_run, run_names

FAST = {
    "check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types", "check_estimator_repr",
    "check_no_attributes_set_in_init", "check_estimators_unfitted", "check_mixin_order", "check_complex_data",
    "check_do_not_raise_errors_in_init_or_set_params", "check_estimators_empty_data_messages",
    "check_estimator_sparse_tag", "check_estimator_sparse_array", "check_estimator_sparse_matrix",
    "check_classifiers_one_label", "check_classifiers_regression_target", "check_supervised_y_no_nan",
    "check_parameters_default_constructible", "check_fit2d_1sample", "check_get_params_invariance", "check_set_params",
    "check_fit1d", "check_requires_y_none",
}  # fmt: skip
"""The checks that fit nothing."""

FITTED = {"check_fit_idempotent", "check_methods_subset_invariance", "check_classifier_multioutput"}
"""Checks with few fits, which run every time for one estimator."""


def small(outputs="auto", **asked):
    settings = {"candidates": 1, "steps": 200, "strategy": "random", "random_state": 0}
    return VALPSearch(outputs, **settings | asked)


def checks():
    for outputs in ("discrete", "numeric", "auto"):
        for estimator, check in estimator_checks_generator(small(outputs)):
            name = check.func.__name__ if not hasattr(check.func, "func") else check.func.func.__name__
            fast = name in FAST or (outputs == "discrete" and name in FITTED)
            yield pytest.param(estimator, check, id=f"{outputs}-{name}", marks=() if fast else pytest.mark.slow)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_scikit_learns_checks_pass_without_an_exception(estimator, check):
    check(estimator)


# Outputs of different kinds


@pytest.fixture(scope="module")
def rows():
    """Inputs with a category and missing values; outputs: a class, a number, one with missing values, and rows."""
    random = np.random.default_rng(0)
    x = pd.DataFrame({"length": random.normal(5, 2, 300), "width": random.normal(0, 1, 300)})
    x["colour"] = np.where(x["width"] > 0, "red", "blue")
    big = np.where(x["length"] > 5, "big", "small")
    area = x["length"] * 3 + x["width"]
    y = pd.DataFrame({"size": big, "area": area, "sparse": area.where(random.random(300) < 0.5)})
    x.loc[::9, "width"] = np.nan
    return x, y


@pytest.fixture(scope="module")
def mixed(rows):
    return small(steps=600, candidates=2).fit(*rows)


def test_a_frame_of_mixed_outputs_comes_back_as_a_frame(mixed, rows):
    x, y = rows
    found = mixed.predict(x)
    assert isinstance(found, pd.DataFrame)
    assert list(found) == ["size", "area", "sparse"]
    assert (found["size"] == y["size"]).mean() > 0.8
    assert np.corrcoef(found["area"], y["area"])[0, 1] > 0.8
    assert np.isfinite(found["sparse"]).all()
    assert mixed.classes_["size"].tolist() == ["big", "small"]
    (shares,) = mixed.predict_proba(x).values()
    assert shares.shape == (300, 2)
    assert mixed.score(x, y) > 0.5
    assert mixed.feature_names_in_.tolist() == ["length", "width", "colour"]
    assert mixed.n_features_in_ == 3


def test_its_model_can_be_saved_and_used_like_any_other(mixed, rows, tmp_path):
    valp.save(mixed.model_, tmp_path / "m.valp")
    found = valp.load(tmp_path / "m.valp").predict(rows[0])
    assert found["size"].tolist() == mixed.predict(rows[0])["size"].tolist()
    np.testing.assert_allclose(found["area"].to_numpy(), mixed.predict(rows[0])["area"], rtol=1e-4)
    assert mixed.front_[0]["scores"].keys() >= mixed.baselines_.keys() & {"accuracy"}
    assert mixed.run_ is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.drop(columns="colour"), "colour"),
        (lambda x: x.assign(length="long"), "column 'length' must hold numbers, but has 'long'"),
        (lambda x: x[["colour", "length", "width"]], "order"),
        (lambda x: x.to_numpy(), "X must be a data frame, as it was in fit, but is of type ndarray"),
    ],
)
def test_rows_that_do_not_fit_are_refused(mixed, rows, change, words):
    with pytest.raises(ValueError, match=words):
        mixed.predict(change(rows[0]))


def test_a_mapping_may_hold_arrays_labels_and_samples():
    x = load_iris().data
    y = {"kind": load_iris().target, "long": x[:, 2:] > 3, "flower": x, "sides": x[:, :2] * 2}
    search = small({"long": "labels", "flower": "samples"}).fit(x, y)
    found = search.predict(x)
    assert {name: values.shape for name, values in found.items()} == {
        "kind": (150,), "long": (150, 2), "flower": (150, 4), "sides": (150, 2),
    }  # fmt: skip
    assert set(np.unique(found["long"])) <= {0, 1}
    assert {name: values.shape for name, values in search.predict_proba(x).items()} == {
        "kind": (150, 3),
        "long": (150, 2),
    }
    assert search.model_.conditions() <= {"kind"}
    generated = search.model_.generate(5, seed=0)
    assert generated["flower"].shape == (5, 4)
    assert -1 < search.score(x, y) <= 1


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (["a", "b"] * 6, ["discrete"]),
        ([True, False] * 6, ["discrete"]),
        ([0, 1, 2.0] * 4, ["discrete"]),
        ([None, 3, 4] * 4, ["discrete"]),
        (range(12), ["numeric"]),
        (np.arange(12.0), ["numeric"]),
        ([0.5, 1] * 6, ["numeric"]),
        ([f"0{i}" for i in range(12)] * 2, ["discrete"]),
        (np.array(["1.5", None, "2.5"] * 4, object), ["discrete"]),
        (np.eye(12, 3), ["discrete"] * 3),
        (np.ones((12, 3)) / 2, ["numeric"]),
    ],
)
def test_the_type_of_an_output_follows_from_its_values(values, kinds):
    assert [target.kind for target in targets_of(values, "auto")[1]] == kinds


def test_tools_of_scikit_learn_accept_it():
    x, y = load_iris(return_X_y=True)
    chain = make_pipeline(StandardScaler(), small("discrete")).set_params(valpsearch__steps=150)
    assert cross_val_score(chain, x, y, cv=2, scoring="roc_auc_ovr").mean() > 0.8


def test_it_is_a_classifier_or_a_regressor_if_the_type_of_its_outputs_is_given():
    assert is_classifier(small("discrete"))
    assert is_regressor(small("numeric"))
    assert not is_classifier(small())
    assert not is_regressor(small())
    assert hasattr(small("discrete"), "predict_proba")
    assert not hasattr(small("numeric"), "predict_proba")
    assert clone(small("numeric", objectives=("mse",))).get_params()["objectives"] == ("mse",)


def test_a_run_is_kept_in_the_named_folder_and_resumed(tmp_path, capsys):
    x, y = load_iris(return_X_y=True)
    first = small("discrete", steps=20, runs=tmp_path, verbose=True).fit(x, y)
    assert "candidate 0" in capsys.readouterr().err
    again = small("discrete", steps=20, runs=tmp_path, candidates=2).fit(x, y)
    assert capsys.readouterr().err == ""
    assert first.run_ == again.run_
    (name,) = run_names(tmp_path)
    run = open_run(tmp_path, name)
    assert [entry.state for entry in run.ledger.entries()] == ["complete"] * 2


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"outputs": "number"}, "an output must be auto, numeric, discrete, labels, samples, but is 'number'"),
        ({"outputs": {"z": "numeric"}}, "outputs names 'z', but y has 'y'"),
        (
            {"by": "beauty"},
            "by must be one of accuracy, balanced_accuracy, parameters, .*, robust_accuracy@0.1, but is 'beauty'",
        ),
        ({"strategy": "luck"}, "strategy must be one of"),
        ({"steps": 0}, "steps must be positive, but is 0"),
        ({"workers": -1}, "workers must not be negative, but is -1"),
        (
            {"objectives": ("mse",)},
            "objective must be one of accuracy, balanced_accuracy, parameters, latency, .*, but is 'mse'",
        ),
    ],
)
def test_an_impossible_setting_is_a_value_error(asked, words):
    x, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=words):
        small(**asked).fit(x, y)


@pytest.mark.parametrize("kind", [object, "Float64"])
def test_numbers_stay_numbers_whatever_the_type_of_their_column(rows, kind):
    x, y = rows
    for columns in (["length", "width", "colour"], ["length", "width"]):
        same = x[columns].assign(width=x["width"].astype(kind).where(x["width"].notna(), pd.NA))
        found, usual = (small(steps=50).fit(rows, y) for rows in (same, x[columns]))
        assert found.model_.inputs == usual.model_.inputs
        pd.testing.assert_frame_equal(found.predict(same), usual.predict(x[columns]))


def test_a_column_of_dates_is_refused(rows):
    x, y = rows
    with pytest.raises(ValueError, match="column 'day' holds timestamp"):
        small().fit(x.assign(day=pd.date_range("2020-01-01", periods=len(x))), y)


def test_a_column_may_not_occur_twice(rows):
    x, y = rows
    with pytest.raises(ValueError, match="X must name each column once, but 'colour' occurs more than once"):
        small().fit(pd.concat([x, x["colour"]], axis=1), y)


def test_categories_must_have_a_name(rows):
    with pytest.raises(ValueError, match="must have columns whose names are texts"):
        small().fit(rows[0].set_axis([0, 1, 2], axis=1), rows[1])


def test_outputs_without_values_or_classes_or_with_fewer_rows_are_refused(rows):
    x, y = rows
    with pytest.raises(ValueError, match="has no value"):
        small().fit(x, y.assign(area=np.nan))
    with pytest.raises(ValueError, match=r"must have two classes or more to learn, but has one class, 'big'"):
        small().fit(x, y.assign(size="big"))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(x, y.iloc[:9])
