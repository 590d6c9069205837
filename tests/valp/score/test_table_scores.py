"""Scores of rows of a table, against other implementations, and cheaters."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, spearmanr
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from valp.score.table_scores import TREES, column_distance, correlation_distance, told_apart, votes

TABLES = {"breast cancer": load_breast_cancer, "wine": load_wine}


@pytest.fixture(params=TABLES)
def halves(request):
    rows = TABLES[request.param]().data
    order = np.random.default_rng(3).permutation(len(rows))
    return rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]


def shuffled(rows):
    """Rows with the right columns, which do not belong together."""
    random = np.random.default_rng(0)
    return np.stack([random.permutation(column) for column in rows.T], 1)


def test_votes_are_those_of_the_forest_out_of_bag(halves):
    train, held = halves
    found = np.concatenate(votes(held, shuffled(train)))
    rows = np.concatenate([held, shuffled(train)]).astype(np.float32)
    forest = RandomForestClassifier(TREES, class_weight="balanced", random_state=0, oob_score=True)
    forest.fit(rows, np.arange(len(rows)) >= len(held))
    assert found == pytest.approx(forest.oob_decision_function_[:, 1])


def test_being_told_apart_is_the_area_under_the_curve():
    random = np.random.default_rng(0)
    for _ in range(50):
        real, made = random.integers(0, 6, 30) / 6, random.integers(0, 8, 20) / 6
        area = roc_auc_score(np.arange(50) >= 30, np.concatenate([real, made]))
        assert told_apart(real, made) == pytest.approx(max(0.5, area))


def test_other_rows_of_the_same_table_cannot_be_told_apart(halves):
    train, held = halves
    assert told_apart(*votes(held, train)) < 0.58


@pytest.mark.parametrize("cheat", [shuffled, lambda rows: np.repeat(rows.mean(0, keepdims=True), len(rows), 0)])
def test_right_columns_alone_and_mean_rows_are_told_apart(cheat, halves):
    train, held = halves
    assert told_apart(*votes(held, cheat(train))) > 0.8


def test_a_few_rows_many_times_are_told_apart_even_if_they_are_real(halves):
    _, held = halves
    assert told_apart(*votes(held, np.resize(held[:10], held.shape))) > 0.8


def test_wrong_columns_and_wrong_correlations_are_found_by_their_scores(halves):
    train, held = halves
    moved = train + train.std(0)
    assert column_distance(held, shuffled(train)) == pytest.approx(column_distance(held, train))
    assert column_distance(held, moved) > 2 * column_distance(held, train)
    assert correlation_distance(held, moved) == pytest.approx(correlation_distance(held, train), abs=0.01)
    assert correlation_distance(held, shuffled(train)) > 2 * correlation_distance(held, train)
    assert column_distance(held, held) == correlation_distance(held, held) == 0


def test_distances_are_those_of_scipy():
    random = np.random.default_rng(0)
    real, made = random.integers(0, 9, (40, 3)).astype(float), random.normal(4, 2, (30, 3))
    wanted = np.mean([ks_2samp(a, b).statistic for a, b in zip(real.T, made.T, strict=True)])
    assert column_distance(real, made) == pytest.approx(wanted)
    differences = np.abs(spearmanr(real).statistic - spearmanr(made).statistic)
    assert correlation_distance(real, made) == pytest.approx(differences[np.triu_indices(3, 1)].mean())


def test_a_constant_column_has_no_correlation_and_one_column_no_pair():
    real = np.random.default_rng(0).normal(size=(20, 2))
    made = np.concatenate([real[:, :1], np.ones((20, 1))], 1)
    assert correlation_distance(real, made) == pytest.approx(abs(spearmanr(real).statistic))
    assert correlation_distance(real[:, :1], made[:, 1:]) == 0


@pytest.mark.parametrize("score", [votes, column_distance, correlation_distance])
@pytest.mark.parametrize("shape", [(0, 2), (3, 1), (3,)])
def test_rows_of_another_width_and_no_rows_are_refused(score, shape):
    with pytest.raises(ValueError, match="There must be rows"):
        score(np.ones((4, 2)), np.ones(shape))


def test_no_votes_are_refused():
    with pytest.raises(ValueError, match="There must be votes"):
        told_apart(np.ones(0), np.ones(3))
