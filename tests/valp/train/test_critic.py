"""The adversarial loss: a critic learns together with the model, and is not part of it."""

import pytest
import torch

from tests.valp.graphs import discrete, numeric, samples, wired, without
from tests.valp.rows import noise_of, rows_of
from valp.check.check import check
from valp.compile.compile import compile
from valp.graph.graph import Role
from valp.plan.plan import MODES
from valp.train.critic import Critic, critics_of
from valp.train.fit import fit

ROWS = 64


def generator_graph(*losses):
    """A decoder with a latent connection and a Discrete condition, judged by some losses."""
    return wired(
        [
            ("e", "g", numeric(4), "concatenation"),
            ("k", "delta", discrete(3), "concatenation"),
            ("d", "d", samples(2), "concatenation"),
        ],
        [("i0", "e"), ("i0", "k"), ("e", "d", Role.LATENT), ("k", "d", Role.CONDITION), ("d", "o0")],
        [("o0", samples(2))],
        [*((loss, "o0", "o0") for loss in losses), ("kl", "e", None)],
    )


def test_a_critic_learns_to_tell_samples_from_data():
    torch.manual_seed(0)
    critic = Critic(2, seed=0)
    data, made = torch.randn(ROWS, 2) + 2, torch.randn(ROWS, 2)
    before = [parameter.clone() for parameter in critic.network.parameters()]
    for _ in range(150):
        critic(made, data)
    with torch.no_grad():
        assert critic(data, data).mean() > 0.5
        assert critic(made, data).mean() < -0.5
    assert not any(torch.equal(a, b) for a, b in zip(before, critic.network.parameters(), strict=True))


def test_a_critic_learns_nothing_without_gradients_and_nothing_from_rows_without_weight():
    def learnt(data, weights=None):
        critic = Critic(2, seed=0)
        critic(torch.zeros(ROWS, 2), data, weights)
        return [parameter.detach().clone() for parameter in critic.network.parameters()]

    untouched = list(Critic(2, seed=0).network.parameters())
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(learnt(torch.ones(ROWS, 2)), untouched, strict=True))
    data, mask = torch.ones(ROWS, 2), torch.arange(ROWS) < 40
    spoilt = torch.where(mask[:, None], data, 1e3)
    for weights in (mask.float(), mask.float()[:, None].expand(ROWS, 2)):
        pairs = zip(learnt(data, weights), learnt(spoilt, weights), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    nothing = learnt(spoilt, torch.zeros(ROWS))
    assert all(torch.equal(a, b) for a, b in zip(nothing, untouched, strict=True))


def test_the_gradient_of_a_critic_reaches_the_generator_and_all_that_feeds_it():
    graph = generator_graph("adversarial")
    assert check(graph).passed
    module = compile(graph, seed=0)
    total, terms = module.losses(*rows_of(graph, ROWS), critics=critics_of(module, 0))
    gradients = torch.autograd.grad(terms[0], list(module.parameters()))
    assert total.isfinite()
    assert all(gradient.any() for gradient in gradients)


def test_the_critic_judges_samples_as_they_are_made_in_training():
    """What the critic judges is what the model makes while it trains: z ~ N(μ, σ), and not N(0, I)."""
    graph = generator_graph("adversarial")
    module = compile(graph, seed=0)
    inputs, truths = rows_of(graph, ROWS)
    seen = []
    noise = noise_of(module, ROWS)
    critic = lambda made, data, weights: seen.append((made, data, weights)) or made[:, 0]  # noqa: E731
    module.losses(inputs, truths, noise, critics={"adversarial:o0": critic})
    ((made, data, weights),) = seen
    torch.testing.assert_close(made, module(inputs, "train", noise)["o0"])
    assert torch.equal(data, truths["o0"])
    assert weights is None


def test_the_critic_is_no_part_of_the_model():
    with_critic, without_one = generator_graph("adversarial"), generator_graph("mse")
    one, other = compile(with_critic, seed=0), compile(without_one, seed=0)
    critics = critics_of(one, 0)
    assert list(critics) == ["adversarial:o0"]
    assert critics_of(other, 0) == {}
    one.losses(*rows_of(with_critic, ROWS), critics=critics)
    assert one.state_dict().keys() == other.state_dict().keys()
    assert one.parameter_count == other.parameter_count


def test_an_adversarial_loss_without_its_critic_is_named():
    graph = generator_graph("mse", "adversarial")
    module = compile(graph, seed=0)
    with pytest.raises(ValueError, match=r"the loss adversarial:o0 needs a critic; valp\.train\.critic"):
        module.losses(*rows_of(graph, ROWS))


def test_training_moves_the_samples_towards_the_data():
    graph = generator_graph("adversarial")
    torch.manual_seed(0)
    inputs = {"i0": torch.randn(400, 6)}
    truths = {"o0": torch.randn(400, 2) * 0.3 + torch.tensor([2.0, -1.0])}
    distances = []
    for steps in (1, 400):
        module = compile(graph, seed=0)
        made = fit(module, inputs, truths, steps=steps, learning_rate=5e-3)
        assert made.failure is None
        drawn = module(inputs, "generate", noise_of(module, 400))["o0"]
        distances.append((drawn.mean(0) - truths["o0"].mean(0)).norm().item())
    assert distances[1] < 0.5 * distances[0]


def test_a_seed_repeats_a_training_with_a_critic():
    graph = generator_graph("gaussian", "adversarial")
    states = []
    for stir in (False, True):
        if stir:
            torch.rand(5)
        module = compile(graph, seed=2)
        before = torch.get_rng_state()
        fit(module, *rows_of(graph, 30), steps=20, batch=7, seed=4)
        assert torch.equal(before, torch.get_rng_state())
        states.append(module.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("mode", MODES)
def test_a_model_runs_without_its_critic(mode):
    graph = generator_graph("adversarial")
    assert compile(graph, seed=0)(rows_of(graph, 5)[0], mode)["o0"].shape == (5, 2)
    assert "latent-kl" in {violation.code for violation in check(without(graph, "kl")).violations}
