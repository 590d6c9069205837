"""The scores of generation: their bounds, their symmetries, and agreement with naive loops over the definitions."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from valp.score import generation_scores as generation
from valp.score.generation_scores import (
    class_entropy,
    conditioning_accuracy,
    conditioning_matrix,
    copying,
    density_and_coverage,
    memorising,
    spread,
    within_class_diversity,
)

CLASSES = 6
label_lists = st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=60)
seeds = st.integers(0, 100_000)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def gaussian(seed: int, n: int, f: int = 3) -> Tensor:
    return torch.randn(n, f, generator=torch.Generator().manual_seed(seed))


def labels_of(seed: int, n: int, classes: int = 3) -> Tensor:
    return torch.randint(classes, (n,), generator=torch.Generator().manual_seed(seed))


def naive_density_and_coverage(real: Tensor, generated: Tensor, k: int) -> tuple[float, float]:
    hits, covered = 0, 0
    for i, centre in enumerate(real.double()):
        others = sorted(math.dist(centre, other) for j, other in enumerate(real.double()) if j != i)
        inside = [math.dist(centre, sample) <= others[k - 1] for sample in generated.double()]
        hits += sum(inside)
        covered += any(inside)
    return hits / (k * len(generated)), covered / len(real)


def naive_spread(features: Tensor) -> float:
    pairs = [(a, b) for a in range(len(features)) for b in range(len(features)) if a != b]
    return sum(math.dist(features[a].double(), features[b].double()) for a, b in pairs) / len(pairs) if pairs else 0.0


@settings(deadline=None)
@given(label_lists, label_lists)
def test_entropy_lies_between_0_and_1(labels, real):
    assert 0.0 <= class_entropy(torch.tensor(labels), torch.tensor(real), CLASSES) <= 1.0


@settings(deadline=None)
@given(label_lists, label_lists, st.permutations(range(CLASSES)), st.randoms())
def test_entropy_ignores_order_and_names_of_classes(labels, real, names, random):
    renamed, real_renamed = ([names[label] for label in each] for each in (labels, real))
    random.shuffle(renamed)
    expected = class_entropy(torch.tensor(labels), torch.tensor(real), CLASSES)
    assert class_entropy(torch.tensor(renamed), torch.tensor(real_renamed), CLASSES) == pytest.approx(expected)


@settings(deadline=None)
@given(label_lists)
def test_samples_with_the_classes_of_the_data_have_entropy_1_however_unequal_they_are(labels):
    assert class_entropy(torch.tensor(labels), torch.tensor(labels), CLASSES) == pytest.approx(1.0)


@settings(deadline=None)
@given(label_lists)
def test_for_balanced_data_it_is_the_normalised_entropy_with_one_count_added_to_each_class(labels):
    counts = torch.tensor(labels).bincount(minlength=CLASSES) + 1
    shares = (counts / counts.sum()).tolist()
    expected = -sum(share * math.log(share) for share in shares) / math.log(CLASSES)
    assert class_entropy(torch.tensor(labels), torch.arange(CLASSES), CLASSES) == pytest.approx(expected, abs=1e-6)


def test_one_class_of_balanced_data_has_almost_no_entropy_and_a_rare_one_none():
    many = torch.arange(10).repeat(100)
    assert 0 < class_entropy(torch.full((1000,), 9), many, 10) < 0.05
    assert str(class_entropy(torch.ones(1000).long(), torch.zeros(1000).long(), 10)) == "0.0"  # not -0.0


def test_uniform_samples_of_unequal_classes_are_worse_than_samples_like_the_data():
    data = torch.tensor([0] * 90 + [1] * 10)
    assert class_entropy(torch.arange(2).repeat(50), data, 2) < 0.5 < class_entropy(data, data, 2)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(7, 30), st.integers(1, 30), st.integers(1, 6), st.floats(-3, 3))
def test_density_and_coverage_agree_with_a_loop_over_the_definition(seed, m, n, k, offset):
    real, generated = gaussian(seed, m), gaussian(seed + 1, n) + offset
    assert density_and_coverage(real, generated, k) == pytest.approx(naive_density_and_coverage(real, generated, k))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(6, 60), st.integers(1, 5), st.booleans())
def test_copies_of_the_data_cover_it(seed, m, k, repeated):
    real = gaussian(seed, m)
    if repeated:
        real = real.repeat(2, 1)
    density, coverage = density_and_coverage(real, real.clone(), k)
    assert coverage == 1.0
    assert density >= 1.0


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(6, 40), st.integers(1, 40))
def test_samples_far_from_the_data_score_0(seed, m, n):
    assert density_and_coverage(gaussian(seed, m), gaussian(seed + 1, n) + 1e4) == (0.0, 0.0)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(6, 40), st.integers(1, 40))
def test_density_and_coverage_ignore_order(seed, m, n):
    real, generated = gaussian(seed, m), gaussian(seed + 1, n)
    shuffle = torch.Generator().manual_seed(seed)
    shuffled = real[torch.randperm(m, generator=shuffle)], generated[torch.randperm(n, generator=shuffle)]
    assert density_and_coverage(*shuffled) == pytest.approx(density_and_coverage(real, generated))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(6, 40), st.integers(1, 20), st.integers(1, 20))
def test_coverage_never_falls_when_samples_are_added(seed, m, n, more):
    real, generated = gaussian(seed, m), gaussian(seed + 1, n + more)
    assert density_and_coverage(real, generated)[1] >= density_and_coverage(real, generated[:n])[1]


def test_collapsed_samples_are_dense_and_cover_little():
    real = gaussian(0, 200)
    density, coverage = density_and_coverage(real, real[real.norm(dim=1).argmin()].repeat(200, 1))
    assert density > 1.0
    assert coverage < 0.1


def test_blocks_of_rows_do_not_change_the_result(monkeypatch):
    real, generated = gaussian(0, 50), gaussian(1, 40)
    labels, generated_labels = labels_of(2, 50), labels_of(3, 40)
    whole = density_and_coverage(real, generated)
    diversity = within_class_diversity(real, labels, generated, generated_labels)
    monkeypatch.setattr(generation, "ROWS", 7)
    assert density_and_coverage(real, generated) == whole
    assert within_class_diversity(real, labels, generated, generated_labels) == pytest.approx(diversity)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(2, 30), st.integers(1, 30))
def test_diversity_agrees_with_a_loop_over_the_definition(seed, m, n):
    real, generated = gaussian(seed, m), gaussian(seed + 1, n)
    real_labels, generated_labels = labels_of(seed + 2, m), labels_of(seed + 3, n)
    ratios = [
        naive_spread(generated[generated_labels == label]) / naive_spread(real[real_labels == label])
        for label in range(3)
        if (real_labels == label).sum() >= 2
    ]
    expected = pytest.approx(sum(ratios) / len(ratios)) if ratios else None
    assert within_class_diversity(real, real_labels, generated, generated_labels) == expected


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.1, 10))
def test_diversity_of_the_data_is_1_and_grows_with_its_spread(seed, factor):
    real, labels = gaussian(seed, 30), labels_of(seed, 30)
    assume(labels.bincount().max() >= 2)
    assert within_class_diversity(real, labels, real, labels) == pytest.approx(1.0)
    assert within_class_diversity(real, labels, real * factor + 5, labels) == pytest.approx(factor, rel=1e-4)


def test_a_class_without_generated_samples_counts_as_0():
    real, labels = gaussian(0, 40), torch.arange(40) % 4
    kept = labels < 2
    assert within_class_diversity(real, labels, real[kept], labels[kept]) == pytest.approx(0.5)


def test_copies_of_one_sample_have_no_diversity():
    real, labels = gaussian(0, 40), torch.arange(40) % 4
    assert within_class_diversity(real, labels, real[:1].repeat(40, 1), labels) == 0.0


def test_data_without_variety_has_no_diversity_and_no_spread():
    alike, labels = torch.ones(6, 3), torch.arange(6) % 2
    for score in (within_class_diversity, spread):
        assert score(alike, labels, gaussian(0, 6), labels) is None
        assert score(gaussian(0, 2), torch.tensor([0, 1]), gaussian(0, 6), labels) is None


@pytest.mark.parametrize("factor", [0.0, 0.5, 2.0])
def test_spread_is_the_variation_of_one_conditions_samples_divided_by_that_of_a_class(factor):
    real, labels = gaussian(0, 40), torch.arange(40) % 4
    centres = 100 * gaussian(1, 4)[labels]  # how far the conditions are apart does not matter
    assert spread(real, labels, factor * real + centres, labels) == pytest.approx(factor, abs=1e-6)


def test_samples_with_a_condition_each_have_no_spread():
    assert spread(gaussian(0, 6), torch.zeros(6).long(), gaussian(1, 6), torch.arange(6)) is None


def test_training_rows_are_memorised_and_rows_of_the_same_distribution_are_not():
    train, held, fresh = gaussian(0, 4000), gaussian(1, 500), gaussian(2, 2000)
    assert memorising(train, held, train[:300]) == 1
    assert memorising(train, held, fresh) == pytest.approx(0.5, abs=0.05)
    assert memorising(train, held, torch.cat([train[:1000], fresh[:1000]])) == pytest.approx(0.75, abs=0.05)
    assert memorising(train, held, held) == 0


def test_with_as_many_held_out_rows_it_is_the_share_of_samples_nearest_to_a_training_row():
    train, held, made = gaussian(0, 300), gaussian(1, 300), gaussian(2, 500)
    share = (torch.cdist(made, train).amin(1) < torch.cdist(made, held).amin(1)).double().mean().item()
    assert memorising(train, held, made) == pytest.approx(share)


def test_a_sample_that_is_equally_near_counts_half():
    rows = gaussian(0, 1500).round()  # many are equal
    assert memorising(rows, rows, rows[:400]) == pytest.approx(0.5)


@settings(deadline=None)
@given(label_lists, seeds)
def test_conditioning_accuracy_is_the_share_on_the_diagonal(labels, seed):
    condition = torch.tensor(labels)
    generated = labels_of(seed, len(labels), CLASSES)
    matrix = conditioning_matrix(condition, generated, CLASSES)
    assert matrix.sum() == len(labels)
    assert torch.equal(matrix.sum(1), condition.bincount(minlength=CLASSES))
    assert torch.equal(matrix.sum(0), generated.bincount(minlength=CLASSES))
    assert conditioning_accuracy(condition, generated) == pytest.approx(matrix.trace().item() / len(labels))


@settings(deadline=None)
@given(label_lists)
def test_samples_that_keep_their_condition_score_1(labels):
    assert conditioning_accuracy(torch.tensor(labels), torch.tensor(labels)) == 1.0


def test_rows_of_the_matrix_are_conditions():
    matrix = conditioning_matrix(torch.tensor([0, 0, 2]), torch.tensor([1, 1, 2]), 3)
    assert matrix.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]


EMPTY = torch.zeros(0, dtype=torch.int64)
ROWS = torch.zeros(8, 3)
LABELS = torch.zeros(8, dtype=torch.int64)


@pytest.mark.parametrize(
    "call",
    [
        lambda: class_entropy(EMPTY, LABELS, 3),
        lambda: class_entropy(LABELS, EMPTY, 3),
        lambda: class_entropy(LABELS, LABELS, 1),
        lambda: class_entropy(torch.tensor([3]), LABELS, 3),
        lambda: class_entropy(torch.tensor([-1]), LABELS, 3),
        lambda: spread(ROWS, LABELS, ROWS, LABELS[:3]),
        lambda: memorising(ROWS, ROWS[:0], ROWS),
        lambda: memorising(ROWS[:0], ROWS, ROWS),
        lambda: memorising(ROWS, ROWS, ROWS[:0]),
        lambda: density_and_coverage(ROWS, ROWS[:0]),
        lambda: density_and_coverage(ROWS[:0], ROWS),
        lambda: density_and_coverage(ROWS[:5], ROWS, 5),
        lambda: density_and_coverage(ROWS, ROWS, 0),
        lambda: density_and_coverage(ROWS, ROWS[:, :2]),
        lambda: within_class_diversity(ROWS[:0], EMPTY, ROWS, LABELS),
        lambda: within_class_diversity(ROWS, LABELS, ROWS[:0], EMPTY),
        lambda: within_class_diversity(ROWS, LABELS, ROWS, LABELS[:3]),
        lambda: conditioning_accuracy(EMPTY, EMPTY),
        lambda: copying(EMPTY, EMPTY, EMPTY),
        lambda: conditioning_accuracy(LABELS, LABELS[:2]),
        lambda: conditioning_matrix(EMPTY, EMPTY, 3),
        lambda: conditioning_matrix(torch.tensor([3]), torch.tensor([0]), 3),
        lambda: conditioning_matrix(torch.tensor([0]), torch.tensor([3]), 3),
    ],
)
def test_input_that_cannot_be_scored_is_refused(call):
    with pytest.raises(ValueError, match="but got"):
        call()


def test_copies_lie_nearest_to_what_conditioned_them_and_shuffled_ones_do_not():
    features, rows = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)), torch.arange(50)
    assert copying(features, features + 1e-3, rows) == 1
    assert copying(features, features.roll(1, 0), rows) == 0


def test_a_row_that_conditions_several_samples_is_copied_by_each():
    features = torch.tensor([[0.0], [0.0], [5.0]])
    assert copying(features, torch.tensor([[0.1], [0.1], [5.1]]), torch.tensor([3, 3, 9])) == 1
    assert copying(features, torch.tensor([[5.1], [0.1], [0.1]]), torch.tensor([3, 3, 9])) == pytest.approx(1 / 3)
