"""Standard errors of scores: analytic ones, and the variation over other rows and other samples."""

from statistics import mean, stdev

import pytest
import torch

from valp.graph.graph import DataType
from valp.score import SCORES, Generated, OutputScore, Predicted, ScoredOutput, Subject
from valp.score.distances import Distances
from valp.score.generation_scores import density_and_coverage, memorising, spread, within_class_diversity
from valp.score.halves import FEWEST, HALVES, MOST, _half, _half_of_groups, standard_errors
from valp.score.prediction_scores import balanced_accuracy, balanced_accuracy_error
from valp.score.subject import Conditioned, Records

CLASSES, SEEDS = 4, 12
CLASS = ScoredOutput("c", DataType.DISCRETE, CLASSES)
NUMBERS = ScoredOutput("y", DataType.NUMERIC, 2)
BALANCED = {"balanced_accuracy": SCORES["balanced_accuracy"]}
SAMPLES = ScoredOutput("s", DataType.SAMPLES, 3, judged=CLASSES)


class Given(Subject):
    """A subject with given predictions and samples."""

    def __init__(self, predicted=None, generated=None):
        self.module, self.inputs = None, {}
        self._predicted, self._generated = predicted, generated

    def predicted(self, output):
        return self._predicted

    def generated(self, output):
        return self._generated


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def drawn(seed):
    return torch.Generator().manual_seed(seed)


def classes(rows, right, seed, present=None):
    """Predicted classes of which a share `right` is correct."""
    random = drawn(seed)
    truth = torch.randint(CLASSES, (rows,), generator=random)
    wrong = (torch.rand(rows, generator=random) >= right).long()
    return Predicted(torch.nn.functional.one_hot((truth + wrong) % CLASSES, CLASSES).float(), truth, present)


def errors_of(subject, output, *codes, seeds=SEEDS):
    """The mean of the standard errors over several choices of halves."""
    scores = {code: SCORES[code] for code in codes}
    found = [standard_errors(subject, output, scores, seed) for seed in range(seeds)]
    return {code: mean(one[code] for one in found) for code in codes}


@pytest.mark.parametrize(("right", "rows"), [(1.0, 22), (0.0, 22), (1.0, 1000)])
def test_the_error_of_a_share_of_0_or_1_is_not_0(right, rows):
    """All halves agree there, but other rows need not: 22 of 22 says 85% or more."""
    found = errors_of(Given(classes(rows, right, 0)), CLASS, "accuracy", seeds=1)["accuracy"]
    share = (right * rows + 2) / (rows + 4)
    assert found == pytest.approx((share * (1 - share) / (rows + 4)) ** 0.5)


@pytest.mark.parametrize(("common", "rare", "recall"), [(990, 10, 0.6), (1000, 1000, 0.8), (100, 40, 0.7)])
def test_the_error_of_balanced_accuracy_is_that_over_other_rows(common, rare, recall):
    """Measured over 2,000 draws of which rows are right."""
    random, truth = drawn(3), torch.tensor([0] * common + [1] * rare)
    values, errors = [], []
    for _ in range(2000):
        right = torch.rand(common + rare, generator=random) < torch.where(truth == 1, recall, 0.9)
        predicted = torch.nn.functional.one_hot(torch.where(right, truth, 1 - truth), 2).float()
        values.append(balanced_accuracy(predicted, truth))
        errors.append(balanced_accuracy_error(predicted, truth))
    assert mean(errors) == pytest.approx(stdev(values), rel=0.15)


def test_a_rare_class_that_is_all_right_is_not_certain():
    """Three of three say little: the share may be a half."""
    truth = torch.tensor([0] * 997 + [1] * 3)
    found = standard_errors(Given(Predicted(torch.eye(2)[truth], truth, None)), CLASS, BALANCED, 0)
    assert 0.05 < found["balanced_accuracy"] < 0.15


@pytest.mark.parametrize("rows", [60, 700, 2 * MOST, 8000])
@pytest.mark.parametrize("right", [0.6, 0.9])
def test_the_error_of_an_accuracy_is_that_of_a_share(rows, right):
    predicted = classes(rows, right, rows)
    share = SCORES["accuracy"].compute(Given(predicted), CLASS)
    analytic = (share * (1 - share) / rows) ** 0.5
    assert errors_of(Given(predicted), CLASS, "accuracy")["accuracy"] == pytest.approx(analytic, rel=0.15)


@pytest.mark.parametrize("rows", [60, 700, 8000])
def test_the_error_of_a_mean_is_its_standard_deviation_divided_by_the_root_of_n(rows):
    truth = torch.randn(rows, 1, generator=drawn(0))
    values = truth + torch.randn(rows, 1, generator=drawn(1)) * torch.rand(rows, 1, generator=drawn(2))
    errors, deviations = (truth - values).square(), (truth - truth.mean()).square()
    found = errors_of(Given(Predicted(values, truth, None)), NUMBERS, "mse", "r2")
    assert found["mse"] == pytest.approx(float(errors.std() / rows**0.5), rel=0.15)
    ratio = errors.mean() / deviations.mean()  # R² = 1 − ratio; its error by the delta method
    analytic = (errors - ratio * deviations).std() / (deviations.mean() * rows**0.5)
    assert found["r2"] == pytest.approx(float(analytic), rel=0.2)


def test_only_rows_with_a_truth_count():
    rows = 2000
    present = torch.rand(rows, generator=drawn(5)) < 0.2
    predicted = classes(rows, 0.7, 6, present)
    share = SCORES["accuracy"].compute(Given(predicted), CLASS)
    analytic = (share * (1 - share) / int(present.sum())) ** 0.5
    assert errors_of(Given(predicted), CLASS, "accuracy")["accuracy"] == pytest.approx(analytic, rel=0.15)


def test_a_variable_may_be_missing_in_most_rows():
    truth, values = torch.zeros(1000, 2), torch.randn(1000, 2, generator=drawn(0))
    present = torch.stack([torch.ones(1000, dtype=torch.bool), torch.arange(1000) % 10 == 0], 1)
    found = standard_errors(Given(Predicted(values, truth, present)), NUMBERS, {"mse": SCORES["mse"]}, 0)
    assert 0.02 < found["mse"] < 0.08  # about √(2 / 1100)


def replicate(seed, n, scale, shift=0.0):
    """Samples of a model of three variables, and real rows. The judge tells four classes apart by two of them."""
    random = drawn(seed)
    real, made = (torch.randn(n, 3, generator=random) for _ in range(2))
    made = made * scale + torch.tensor([shift, 0.0, 0.0])

    def labels(rows):
        return (rows[:, 0] > 0).long() * 2 + (rows[:, 1] > 0).long()

    train = torch.randn(3000, 3, generator=drawn(100_000))  # the same for all, like the model
    held = torch.randn(2 * n, 3, generator=random)
    paired = real + torch.randn(n, 3, generator=random) * 0.5
    conditioned = Conditioned(torch.arange(n), paired, real, labels(paired), labels(real))
    records = Records(made, train, held)
    return Generated(made, real, made, real, labels(made), labels(real), None, conditioned, records)


GENERATED_SCORES = (
    "entropy_coverage", "entropy", "coverage", "density", "diversity", "spread", "conditioning", "copying", "memorising"
)  # fmt: skip


@pytest.mark.parametrize(("scale", "shift"), [(0.5, 0.5), (1.0, 0.5)])
def test_the_errors_of_generated_samples_are_their_variation_over_other_samples_and_other_rows(scale, shift):
    subjects = [Given(generated=replicate(seed, 200, scale, shift)) for seed in range(80)]
    found = [errors_of(subject, SAMPLES, *GENERATED_SCORES, seeds=1) for subject in subjects]
    for code in GENERATED_SCORES:
        variation = stdev(SCORES[code].compute(subject, SAMPLES) for subject in subjects)
        assert 0.75 < mean(one[code] for one in found) / variation < 1.5, code


def test_the_error_of_an_entropy_at_its_optimum_is_too_large_rather_than_too_small():
    subjects = [Given(generated=replicate(seed, 200, 1.0)) for seed in range(60)]
    variation = stdev(SCORES["entropy"].compute(subject, SAMPLES) for subject in subjects)
    error = mean(errors_of(subject, SAMPLES, "entropy", seeds=1)["entropy"] for subject in subjects)
    assert 1 < error / variation < 2


def test_half_of_each_group_is_taken():
    groups = torch.tensor([7] * 10 + [3] * 20 + [5] * 31)
    for seed in range(20):
        half = _half(len(groups), drawn(seed), groups)
        assert len(half.unique()) == len(half) == 30
        counts = {group: int((groups[half] == group).sum()) for group in (7, 3, 5)}
        assert counts[7] in (4, 5, 6)
        assert counts[3] in (9, 10, 11)
        assert counts[5] in (14, 15, 16)


def test_groups_of_one_row_give_different_halves():
    halves = {tuple(sorted(_half(40, drawn(seed), torch.arange(40)).tolist())) for seed in range(30)}
    assert len(halves) == 30


def test_all_samples_of_a_row_are_taken_or_none():
    rows = torch.arange(50) % 12
    half = _half_of_groups(rows, drawn(0))
    taken = rows[half].unique()
    assert len(taken) == 6
    assert torch.equal(half, torch.isin(rows, taken).nonzero()[:, 0])


def test_samples_of_few_conditions_vary_within_them_only():
    centres = torch.randn(10, 3, generator=drawn(0)) * 100
    groups = torch.arange(300) % 10
    made = centres[groups] + torch.randn(300, 3, generator=drawn(1)) * 1e-3
    real = torch.randn(300, 3, generator=drawn(2))
    labels = torch.arange(300) % CLASSES
    generated = Generated(made, real, made, real, groups % CLASSES, labels, groups)
    error = standard_errors(Given(generated=generated), SAMPLES, {"entropy": SCORES["entropy"]}, 0)["entropy"]
    free = Generated(made, real, made, real, groups % CLASSES, labels)
    other = standard_errors(Given(generated=free), SAMPLES, {"entropy": SCORES["entropy"]}, 0)["entropy"]
    assert error < other


def test_the_same_seed_gives_the_same_errors_and_another_seed_others():
    subject = Given(classes(200, 0.7, 0))
    found = [standard_errors(subject, CLASS, {"accuracy": SCORES["accuracy"]}, seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_a_score_has_no_error_on_few_rows():
    rows = FEWEST - 1
    scores = {"accuracy": SCORES["accuracy"]}
    assert standard_errors(Given(classes(rows, 0.5, 0)), CLASS, scores, 0) == {}
    assert standard_errors(Given(classes(rows + 1, 0.5, 0)), CLASS, scores, 0).keys() == {"accuracy"}
    scores = {"coverage": SCORES["coverage"]}
    assert standard_errors(Given(generated=replicate(0, rows, 1.0)), SAMPLES, scores, 0) == {}
    assert standard_errors(Given(generated=None), SAMPLES, scores, 0) == {}


class Failing(OutputScore):
    code, title, direction = "failing", "a score that fails in some halves", "maximize"
    calls = 0

    def applies(self, output):
        return True

    def compute(self, subject, output):
        type(self).calls += 1
        if self.calls > 3:
            raise RuntimeError("no")
        return 1.0


class Slow(Failing):
    code, has_error = "slow", False

    def compute(self, subject, output):
        raise AssertionError("it must not be computed again")


def test_a_score_that_fails_on_a_half_or_takes_long_has_no_error_and_the_others_have_theirs():
    scores = {"failing": Failing(), "slow": Slow(), "accuracy": SCORES["accuracy"]}
    assert standard_errors(Given(classes(200, 0.7, 0)), CLASS, scores, 0).keys() == {"accuracy"}
    assert Failing.calls == 4 < HALVES


def test_halves_are_compared_with_half_of_the_held_out_rows():
    found = replicate(0, 60, 1.0).records
    parts = torch.arange(found.nearest.to_held.shape[1])[::2]
    part = found.part(parts)
    assert len(part.held) == 60
    assert part.nearest.memorising == memorising(found.train, part.held, found.samples)
    assert found.nearest.memorising == memorising(found.train, found.held, found.samples)


@pytest.mark.parametrize("seed", range(5))
def test_scores_from_distances_are_those_from_features(seed):
    found = replicate(seed, 60, 0.8)
    distances = Distances(found.real_features, found.features)
    for taken in (torch.arange(60), torch.randperm(60, generator=drawn(seed))[:30]):
        part = distances.part(taken, taken)
        real, made = found.real_features[taken], found.features[taken]
        real_labels, labels = found.real_labels[taken], found.labels[taken]
        assert part.density_and_coverage(5) == density_and_coverage(real, made, 5)
        assert part.diversity(real_labels, labels) == pytest.approx(
            within_class_diversity(real, real_labels, made, labels)
        )
        assert part.spread(real_labels, labels) == pytest.approx(spread(real, real_labels, made, labels))
