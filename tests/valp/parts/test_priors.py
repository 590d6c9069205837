"""What every prior must do, and the mixture of Gaussians: fitting, and sampling by given noise."""

import pytest
import torch

from valp.parts.priors import PRIORS, STANDARD_NORMAL, PriorKind
from valp.parts.priors.expectation_maximisation import REGULARISATION, fitted_mixture
from valp.parts.priors.mixture_module import MixtureModule
from valp.testing import check_prior

SIZE = 3


def clusters(count, seed=0):
    """Codes of two clusters: 3/4 around (2, 0, 0) with correlated variables, 1/4 around (−2, −2, 0)."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(3 * count // 4, SIZE, generator=generator) @ FACTOR.T + torch.tensor([2.0, 0, 0])
    other = torch.randn(count // 4, SIZE, generator=generator) * 0.2 + torch.tensor([-2.0, -2, 0])
    return torch.cat([first, other])


FACTOR = torch.tensor([[0.5, 0, 0], [0.4, 0.3, 0], [0, 0, 0.1]])


def drawn(prior, count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return prior(torch.randn(count, SIZE, generator=generator), torch.rand(count, generator=generator))


@pytest.mark.parametrize("prior", PRIORS.values(), ids=lambda prior: prior.code)
def test_each_prior_keeps_its_contract(prior):
    check_prior(prior)


def test_two_gaussians_are_found():
    weights, means, factors = fitted_mixture(clusters(4000).double(), 2, seed=0)
    first, other = weights.argsort(descending=True).tolist()
    assert weights[first] == pytest.approx(0.75, abs=0.01)
    assert means[first].tolist() == pytest.approx([2, 0, 0], abs=0.05)
    assert means[other].tolist() == pytest.approx([-2, -2, 0], abs=0.05)
    wanted = FACTOR @ FACTOR.T + REGULARISATION * torch.eye(SIZE)
    assert (factors[first] @ factors[first].T - wanted).abs().max() < 0.02


def test_samples_of_the_mixture_are_distributed_as_the_codes():
    prior, codes = PRIORS["mixture"].build(SIZE), clusters(2000)
    prior.fit(codes, 0)
    samples = drawn(prior, 20_000)
    assert (samples.mean(0) - codes.mean(0)).abs().max() < 0.05
    assert (samples.T.cov() - codes.T.cov()).abs().max() < 0.1
    assert (samples[:, 0] > 0).float().mean() == pytest.approx(0.75, abs=0.01)


def test_before_the_fit_the_noise_is_the_code():
    noise = torch.randn(5, SIZE)
    assert torch.equal(PRIORS["mixture"].build(SIZE)(noise, torch.rand(5)), noise)


def test_the_uniform_number_picks_the_component_in_whose_interval_it_lies():
    prior = PRIORS["mixture"].build(1)
    prior.load_state_dict(
        {
            "edges": torch.tensor([0.25, 0.75, 2]),
            "means": torch.tensor([[10.0], [20], [30]]),
            "factors": torch.ones(3, 1, 1),
        }
    )
    uniform = torch.tensor([0.0, 0.24, 0.25, 0.5, 0.75, 0.99, 1.0])
    assert prior(torch.zeros(7, 1), uniform)[:, 0].tolist() == [10, 10, 20, 20, 30, 30, 30]


@pytest.mark.parametrize("count", [1, 2, 7, 25, 60])
def test_few_codes_get_few_components_and_finite_numbers(count):
    prior = PRIORS["mixture"].build(SIZE)
    prior.fit(clusters(100)[:count], 0)
    assert bool(drawn(prior, 500).isfinite().all())
    assert len(prior.edges) <= max(1, count // (5 * SIZE))


@pytest.mark.parametrize("codes", [torch.zeros(50, SIZE), torch.ones(50, 1) * torch.randn(1, SIZE)])
def test_codes_that_are_all_equal_are_one_point(codes):
    prior = PRIORS["mixture"].build(SIZE)
    prior.fit(codes, 0)
    assert (drawn(prior, 200) - codes[0]).abs().max() < 0.5


def test_a_fit_is_repeatable():
    states = []
    for _ in range(2):
        prior = PRIORS["mixture"].build(SIZE)
        prior.fit(clusters(500), 3)
        states.append(prior.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_standard_normal_is_never_built():
    with pytest.raises(NotImplementedError, match="needs no module"):
        STANDARD_NORMAL.build(2)


class Shrunk(type(PRIORS["mixture"])):
    """A mixture whose row breaks a promise."""

    code, title = "shrunk", "a mixture"


class Moved(MixtureModule):
    """Not N(0, I) before the fit."""

    def __init__(self, size):
        super().__init__(size)
        self.means += 1


class Forgetful(MixtureModule):
    """Keeps a part of what it learned outside its buffers."""

    shift = 0.0

    def fit(self, codes, seed):
        super().fit(codes, seed)
        self.shift = codes.mean()

    def forward(self, noise, uniform):
        return super().forward(noise, uniform) + self.shift


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"title": ""}, "a prior must have a title"),
        ({"build": lambda self, size: torch.nn.Identity()}, "must build a FittedPrior"),
        ({"build": lambda self, size: Moved(size)}, "must be N\\(0, I\\) before it is fitted"),
        ({"build": lambda self, size: Forgetful(size)}, "the same numbers when its state is loaded"),
    ],
)
def test_a_prior_that_breaks_its_word_is_told_so(words, said, monkeypatch):
    for name, value in words.items():
        monkeypatch.setattr(Shrunk, name, value)
    with pytest.raises(AssertionError, match=said):
        check_prior(Shrunk())


def test_priors_are_rows_of_a_table():
    assert [*PRIORS] == ["normal", "mixture"]
    assert all(isinstance(prior, PriorKind) for prior in PRIORS.values())
