"""The number of Gaussians of a prior is chosen by codes that the fit has not seen."""

import pytest
import torch

from valp.parts.priors.class_mixtures import ClassMixtures
from valp.parts.priors.expectation_maximisation import MOST, fitted_mixture, likeliest_mixture, log_likelihoods
from valp.parts.priors.mixture_module import MixtureModule

SIZE = 4


def clusters(count, number, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(number, SIZE, generator=generator) * 5
    rows = centres[torch.randint(number, (count,), generator=generator)]
    return (rows + torch.randn(count, SIZE, generator=generator) * 0.3).double()


@pytest.mark.parametrize(("number", "found"), [(4, 4), (8, 8), (6, 8)])
def test_as_many_gaussians_as_there_are_clusters(number, found):
    weights, means, factors = likeliest_mixture(clusters(3000, number), 0)
    assert len(weights) == found
    assert means.shape == (found, SIZE)
    assert factors.shape == (found, SIZE, SIZE)


def test_noise_does_not_get_more_gaussians_with_more_variables():
    assert len(likeliest_mixture(torch.randn(2000, 20, dtype=torch.float64), 0)[0]) == 1


def test_large_codes_whose_products_are_not_kept_give_the_same(monkeypatch):
    wanted = fitted_mixture(clusters(3000, 3), 3, 0)
    monkeypatch.setattr("valp.parts.priors.expectation_maximisation.KEPT", 100)
    monkeypatch.setattr("valp.parts.priors.expectation_maximisation.AT_ONCE", 1000)
    for one, other in zip(fitted_mixture(clusters(3000, 3), 3, 0), wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_at_most_so_many_are_tried():
    assert len(likeliest_mixture(clusters(6000, 200), 0)[0]) == MOST


def test_the_likelihood_is_that_of_the_formula():
    codes = clusters(200, 3)
    weights, means, factors = fitted_mixture(codes, 3, 0)
    each = []
    for weight, mean, factor in zip(weights, means, factors, strict=True):
        gaussian = torch.distributions.MultivariateNormal(mean, scale_tril=factor)
        each.append(weight.log() + gaussian.log_prob(codes))
    wanted = torch.stack(each).logsumexp(0)
    torch.testing.assert_close(log_likelihoods(codes, (weights, means, factors)), wanted)


def test_expectation_maximisation_ends_where_it_stays():
    codes = clusters(2000, 3)
    weights, means, factors = fitted_mixture(codes, 3, 0)
    shares = torch.stack(
        [
            w.log() + torch.distributions.MultivariateNormal(m, scale_tril=f).log_prob(codes)
            for w, m, f in zip(weights, means, factors, strict=True)
        ]
    ).softmax(0)
    assert (shares.mean(1) - weights).abs().max() < 1e-6
    assert (shares @ codes / shares.sum(1, keepdim=True) - means).abs().max() < 1e-6


def test_codes_far_from_zero_are_fitted_as_well():
    codes = clusters(500, 2)
    _, near, spread = fitted_mixture(codes, 2, 0)
    _, far, same = fitted_mixture(codes + 1e5, 2, 0)
    torch.testing.assert_close(far - 1e5, near, atol=1e-6, rtol=0)
    torch.testing.assert_close(same, spread, atol=1e-6, rtol=0)


def test_a_class_of_two_clusters_has_both_and_nothing_between():
    generator = torch.Generator().manual_seed(0)
    sides = torch.where(torch.rand(2000, 1, generator=generator) < 0.25, -3.0, 3.0)
    codes = torch.cat([sides + 0.2 * torch.randn(2000, 2, generator=generator), torch.randn(2000, 2) * 0.1])
    prior = ClassMixtures(3, 2)
    prior.fit(codes, torch.arange(4000) // 2000, 0)
    classes = torch.nn.functional.one_hot(torch.arange(9000) % 3, 3).float()
    drawn = prior(torch.randn(9000, 2), torch.rand(9000), classes, torch.full((9000, 2), 7.0))
    first, second, third = (drawn[number::3] for number in range(3))
    assert first.abs().min() > 1.5
    assert (first[:, 0] < 0).float().mean() == pytest.approx(0.25, abs=0.03)
    assert second.abs().max() < 1
    assert (third == 7).all()


def test_weights_of_versions_with_ten_gaussians_or_one_for_each_class_are_loaded():
    mixture, noise, uniform = MixtureModule(2), torch.randn(50, 2), torch.rand(50)
    old = {"edges": torch.full((10,), 2.0), "means": torch.randn(10, 2), "factors": torch.eye(2).repeat(10, 1, 1)}
    old["edges"][0] = 0.5
    mixture.load_state_dict(old)
    wanted = noise + torch.where((uniform < 0.5)[:, None], old["means"][0], old["means"][1])
    torch.testing.assert_close(mixture(noise, uniform), wanted)
    by_class, numbers = ClassMixtures(3, 2), torch.arange(50) % 3
    state = {"known": torch.ones(3), "means": torch.randn(3, 2), "factors": torch.eye(2).repeat(3, 1, 1)}
    by_class.load_state_dict(state)
    classes = torch.nn.functional.one_hot(numbers, 3).float()
    made = by_class(noise, uniform, classes, torch.zeros(50, 2))
    torch.testing.assert_close(made, noise + state["means"][numbers])


def test_weights_that_do_not_fit_together_are_refused():
    state = {"edges": torch.ones(2), "means": torch.zeros(3, 2), "factors": torch.eye(2).repeat(3, 1, 1)}
    with pytest.raises(RuntimeError, match="size mismatch"):
        MixtureModule(2).load_state_dict(state)
