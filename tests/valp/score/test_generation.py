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
@given(label_lists)
def test_entropy_lies_between_0_and_1(labels):
    assert 0.0 <= class_entropy(torch.tensor(labels), CLASSES) <= 1.0


@settings(deadline=None)
@given(label_lists, st.permutations(range(CLASSES)), st.randoms())
def test_entropy_ignores_order_and_names_of_classes(labels, names, random):
    renamed = [names[label] for label in labels]
    random.shuffle(renamed)
    assert class_entropy(torch.tensor(renamed), CLASSES) == pytest.approx(class_entropy(torch.tensor(labels), CLASSES))


@settings(deadline=None)
@given(label_lists, st.integers(2, 4))
def test_entropy_ignores_repetition_of_all_samples(labels, times):
    once, repeated = torch.tensor(labels), torch.tensor(labels * times)
    assert class_entropy(repeated, CLASSES) == pytest.approx(class_entropy(once, CLASSES))


@settings(deadline=None)
@given(st.integers(2, 12), st.integers(1, 5))
def test_entropy_is_1_for_uniform_labels_and_0_for_one_class(classes, times):
    assert class_entropy(torch.arange(classes).repeat(times), classes) == pytest.approx(1.0)
    assert str(class_entropy(torch.full((times,), classes - 1), classes)) == "0.0"  # not -0.0, which a table would show


def test_entropy_of_two_of_four_classes_is_a_half():
    assert class_entropy(torch.tensor([0, 3, 3, 0]), 4) == pytest.approx(0.5)


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
    expected = sum(ratios) / len(ratios) if ratios else 0.0
    assert within_class_diversity(real, real_labels, generated, generated_labels) == pytest.approx(expected)


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


def test_data_without_variety_gives_diversity_0():
    alike, labels = torch.ones(6, 3), torch.arange(6) % 2
    assert within_class_diversity(alike, labels, gaussian(0, 6), labels) == 0.0
    assert within_class_diversity(gaussian(0, 2), torch.tensor([0, 1]), gaussian(0, 6), labels) == 0.0


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
        lambda: class_entropy(EMPTY, 3),
        lambda: class_entropy(LABELS, 1),
        lambda: class_entropy(torch.tensor([3]), 3),
        lambda: class_entropy(torch.tensor([-1]), 3),
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
