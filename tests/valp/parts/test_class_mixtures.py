"""A Gaussian for each class: it is that of the codes, and few codes do not come back as samples."""

import pytest
import torch

from valp.parts.priors import MIXTURE, STANDARD_NORMAL
from valp.parts.priors.class_mixtures import ClassMixtures

SIZE, CLASSES = 3, 2


def drawn(prior, number, count, size=SIZE):
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(count, size, generator=generator)
    classes = torch.nn.functional.one_hot(torch.full((count,), number), len(prior.known)).float()
    return prior(noise, torch.rand(count, generator=generator), classes, torch.full((count, size), 9.0))


def test_samples_of_a_class_are_distributed_as_its_codes():
    generator = torch.Generator().manual_seed(0)
    factor = torch.tensor([[0.5, 0, 0], [0.4, 0.3, 0], [0, 0, 0.1]])
    first = torch.randn(3000, SIZE, generator=generator) @ factor.T + 2
    other = torch.randn(3000, SIZE, generator=generator) - 2
    prior = MIXTURE.build_by_class(SIZE, CLASSES)
    prior.fit(torch.cat([first, other]), torch.arange(6000) // 3000, 0)
    for number, codes in enumerate((first, other)):
        samples = drawn(prior, number, 20_000)
        assert (samples.mean(0) - codes.mean(0)).abs().max() < 0.05
        assert (samples.T.cov() - codes.T.cov()).abs().max() < 0.05


def test_few_codes_of_many_variables_have_the_covariance_of_all_classes():
    size, generator = 20, torch.Generator().manual_seed(0)
    many, few = torch.randn(2000, size, generator=generator), torch.randn(3, size, generator=generator)
    prior = ClassMixtures(CLASSES, size)
    prior.fit(torch.cat([many, few]), (torch.arange(2003) >= 2000).long(), 0)
    samples = drawn(prior, 1, 2000, size)
    nearest = torch.cdist(samples, few).amin(1)
    assert nearest.quantile(0.01) > 1  # three codes alone would be repeated
    assert torch.linalg.eigvalsh(samples.T.cov())[0] > 0.5


@pytest.mark.parametrize("rows_of_a_class", [1, 2])
def test_classes_of_one_or_two_rows_do_not_repeat_them(rows_of_a_class):
    classes = 60 // rows_of_a_class
    codes = torch.randn(60, SIZE, generator=torch.Generator().manual_seed(0))
    prior = ClassMixtures(classes, SIZE)
    prior.fit(codes, torch.arange(60) % classes, 0)
    samples = torch.cat([drawn(prior, number, 50) for number in range(classes)])
    around = (samples - prior.means.repeat_interleave(50, 0)).std(0)
    assert (around > 0.6).all()  # 1 for a class of many rows


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_codes_give_finite_numbers(count):
    prior = ClassMixtures(CLASSES, SIZE)
    prior.fit(torch.randn(count, SIZE), torch.zeros(count, dtype=torch.int64), 0)
    assert bool(drawn(prior, 0, 100).isfinite().all())
    assert (drawn(prior, 1, 100) == 9).all()
    assert prior.known.tolist() == [float(count > 0), 0]


def test_equal_codes_are_one_point():
    prior = ClassMixtures(CLASSES, SIZE)
    prior.fit(torch.ones(50, SIZE), torch.zeros(50, dtype=torch.int64), 0)
    assert (drawn(prior, 0, 200) - 1).abs().max() < 0.5


def test_an_unknown_class_has_the_prior_without_a_class():
    prior = ClassMixtures(CLASSES, SIZE)
    prior.fit(torch.randn(50, SIZE), torch.arange(50) % 2, 0)
    otherwise = torch.full((4, SIZE), 9.0)
    assert torch.equal(prior(torch.randn(4, SIZE), torch.rand(4), torch.zeros(4, CLASSES), otherwise), otherwise)


def test_n_0_i_does_not_depend_on_a_class():
    assert not STANDARD_NORMAL.by_class
    with pytest.raises(NotImplementedError, match="'normal' of 2 variables does not depend on 10 classes"):
        STANDARD_NORMAL.build_by_class(2, 10)
