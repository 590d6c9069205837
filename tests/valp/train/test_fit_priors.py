"""Priors are fitted to the codes of the training data after training, and samples are drawn from them."""

import pytest
import torch

from tests.valp.graphs import decoders, numeric, samples, two_decoders, wired
from tests.valp.model.candidates import with_mixtures
from tests.valp.rows import rows_of
from valp.check.keys import content_key
from valp.compile.compile import compile, lower
from valp.compile.residual_spread import MOST_TOGETHER, ROWS_PER_VARIABLE, ResidualSpread
from valp.graph.graph import Graph, Role
from valp.train.fit import Fitting, fit
from valp.train.fit_priors import CODES, fit_priors
from valp.train.inherit import Parent, inherit

ROWS = 120


def vae(prior="mixture"):
    """i0 → a → d → o0."""
    graph = wired(
        [("a", "g", numeric(4), "concatenation"), ("d", "d", samples(5), "concatenation")],
        [("i0", "a"), ("a", "d", Role.LATENT), ("d", "o0")],
        [("o0", samples(5))],
        [("gaussian", "o0", "o0"), ("kl", "a", None)],
    )
    networks = tuple(n.model_copy(update={"prior": prior}) if n.name == "d" else n for n in graph.networks)
    return graph.model_copy(update={"networks": networks})


def trained(graph, seed=0, **words):
    module = compile(graph, seed=seed)
    words = {"steps": 30, "batch": 20, "seed": seed, "executor": "torch"} | words
    assert fit(module, *rows_of(graph, ROWS), **words).failure is None
    return module


def priors_of(module):
    return {name: tensor for name, tensor in module.state_dict().items() if name.startswith("priors.")}


def test_a_graph_without_a_prior_has_n_0_i():
    assert vae("normal").networks[1].prior == "normal"
    document = vae("normal").model_dump(mode="json")
    assert not any("prior" in network for network in document["networks"])  # as in earlier versions
    assert Graph.model_validate(document) == vae("normal")
    assert lower(vae("normal")).groups == ()
    assert priors_of(trained(vae("normal"))) == {}


def test_the_prior_counts_in_the_key_of_a_graph():
    assert content_key(vae()) != content_key(vae("normal"))


def test_a_mixture_is_near_the_codes_of_the_training_data():
    graph = vae()
    module, (inputs, _) = trained(graph, steps=200, learning_rate=0.01), rows_of(graph, ROWS)
    torch.manual_seed(0)  # of the codes
    z = module.run(inputs, ["a->d.z"], "train", {})["a->d.z"]
    noise = module.drawn_noise(4000, torch.Generator().manual_seed(1))
    drawn = module.run({}, ["a->d.z"], "generate", noise)["a->d.z"]
    assert (drawn.mean(0) - z.mean(0)).abs().max() < 0.35
    assert (drawn.std(0) / z.std(0)).log().abs().max() < 0.35


def test_the_connections_into_one_network_have_one_prior():
    graph = with_mixtures(decoders("concatenation"))
    (group,) = lower(graph).groups
    assert (group.name, group.connections, group.size) == ("d", (("a->d", 2), ("b->d", 3)), 5)
    module = trained(graph)
    noise = module.drawn_noise(7, torch.Generator().manual_seed(0))
    assert {name: tuple(values.shape) for name, values in noise.items()} == {"a->d": (7, 2), "b->d": (7, 3), "d": (7,)}
    joint = module.priors["d"](torch.cat([noise["a->d"], noise["b->d"]], 1), noise["d"])
    inputs, _ = rows_of(graph, 7)
    values = module.run(inputs, ["a->d.z", "b->d.z"], "generate", noise)
    assert torch.equal(torch.cat([values["a->d.z"], values["b->d.z"]], 1), joint)


def test_noise_that_is_not_given_is_drawn():
    graph = with_mixtures(two_decoders("gaussian"))
    module, (inputs, _) = trained(graph), rows_of(graph, 6)
    torch.manual_seed(0)
    one, other = (module(inputs, "generate")["o0"] for _ in range(2))
    assert one.shape == (6, 5)
    assert not torch.equal(one, other)


def test_predicting_and_training_do_not_read_the_prior():
    graph = vae()
    module, (inputs, truths) = trained(graph), rows_of(graph, ROWS)
    noise = {"a->d": torch.randn(ROWS, 2)}
    before = module(inputs, "predict")["o0"], module.losses(inputs, truths, noise)[0]
    module.priors["d"].means += 3
    assert torch.equal(module(inputs, "predict")["o0"], before[0])
    assert torch.equal(module.losses(inputs, truths, noise)[0], before[1])


def test_the_same_weights_have_the_same_prior_whichever_executor_trained_them():
    torch_made, native_made = (priors_of(trained(vae(), executor=name)) for name in ("torch", "native"))
    for name, tensor in torch_made.items():
        torch.testing.assert_close(native_made[name], tensor, rtol=1e-3, atol=1e-3)
    module, (inputs, truths) = compile(vae(), seed=3), rows_of(vae(), ROWS)
    module.eval()
    fit_priors(module, inputs, truths, {}, seed=5)
    again = compile(vae(), seed=3).eval()
    fit_priors(again, inputs, truths, {}, seed=5)
    assert all(torch.equal(tensor, priors_of(again)[name]) for name, tensor in priors_of(module).items())


def test_a_training_in_parts_has_a_prior_after_each_and_ends_like_one_in_whole():
    graph = vae()
    module = compile(graph, seed=0)
    training = Fitting(module, *rows_of(graph, ROWS), steps=30, batch=20, seed=0, executor="torch")
    before = priors_of(module)["priors.d.means"].clone()
    training.advance(10)
    at_rung = priors_of(module)["priors.d.means"].clone()
    assert not torch.equal(before, at_rung)
    training.advance(30)
    whole = priors_of(trained(graph))
    assert all(torch.allclose(tensor, whole[name]) for name, tensor in priors_of(module).items())


def test_a_child_does_not_inherit_the_prior_of_its_parent():
    parent, child = trained(vae()), compile(vae(), seed=9)
    inherit(child, vae(), [Parent(vae(), parent.state_dict())], {"a": (0, "a"), "d": (0, "d")})
    assert torch.equal(child.layers["d-0"].weight, parent.layers["d-0"].weight)
    assert torch.equal(child.priors["d"].means, torch.zeros_like(child.priors["d"].means))


def test_codes_that_are_not_finite_leave_the_prior_as_it_is():
    module = compile(vae(), seed=0).eval()
    with torch.no_grad():
        module.layers["a-0"].weight.fill_(float("inf"))
    fit_priors(module, *rows_of(vae(), ROWS), {}, seed=0)
    assert torch.equal(module.priors["d"].means, torch.zeros_like(module.priors["d"].means))


@pytest.mark.parametrize("count", [50, CODES + 500])
def test_at_most_so_many_codes_are_used(count, monkeypatch):
    module, seen = compile(vae(), seed=0).eval(), []
    monkeypatch.setattr(type(module.priors["d"]), "fit", lambda self, codes, seed: seen.append(len(codes)))
    fit_priors(module, *rows_of(vae(), count), {}, seed=0)
    assert seen == [min(count, CODES)]


def test_the_spread_is_the_error_of_training_rows():
    graph = vae("normal")
    module, (inputs, truths) = trained(graph), rows_of(graph, ROWS)
    errors = module(inputs, "train", {"a->d": torch.randn(ROWS, 2)})["o0"] - truths["o0"]
    found = module.spreads["o0"].deviation
    assert (found / errors.square().mean(0).sqrt()).log().abs().max() < 0.3
    noise = {"a->d": torch.randn(9, 2)}
    means = module({}, "generate", noise)["o0"]
    unit = torch.ones(9, 5)
    factor = module.spreads["o0"].factor
    torch.testing.assert_close(module({}, "generate", noise | {"o0": unit})["o0"], means + factor.sum(0))
    torch.testing.assert_close(factor, factor.T)
    assert torch.equal(module(inputs, "predict", {"o0": torch.ones(ROWS, 5)})["o0"], module(inputs, "predict")["o0"])


def test_missing_rows_do_not_count_in_the_spread():
    graph = vae("normal")
    module, (inputs, truths) = compile(graph, seed=0).eval(), rows_of(graph, ROWS)
    weights = {"o0": (torch.arange(ROWS) < ROWS // 2).float()}
    half = {"o0": torch.where(weights["o0"][:, None] > 0, truths["o0"], 1e6)}
    fit_priors(module, inputs, half, weights, seed=0)
    assert module.spreads["o0"].deviation.max() < 10


def test_the_spread_has_the_correlations_of_the_errors():
    random = torch.Generator().manual_seed(0)
    errors = torch.randn(4000, 3, generator=random) @ torch.tensor([[1.0, 0.9, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 5.0]])
    weights = (torch.arange(4000) % 4 > 0).float()
    spread = ResidualSpread(3)
    spread.estimate(torch.where(weights[:, None] > 0, errors, torch.nan), weights)
    drawn = spread(torch.zeros(9000, 3), torch.randn(9000, 3, generator=random))
    kept = errors[weights > 0]
    torch.testing.assert_close(drawn.T.corrcoef(), kept.T.corrcoef(), atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.std(0), kept.std(0), atol=0, rtol=0.05)
    torch.testing.assert_close(spread.deviation, kept.square().mean(0).sqrt())


@pytest.mark.parametrize(("size", "rows"), [(MOST_TOGETHER + 1, 900), (4, 4 * ROWS_PER_VARIABLE - 1)])
def test_many_variables_and_few_rows_have_no_correlations(size, rows):
    spread = ResidualSpread(size)
    errors = torch.randn(rows, 1, generator=torch.Generator().manual_seed(0)).expand(rows, size)
    spread.estimate(errors, torch.ones(rows))
    factor = spread.factor if spread.factor.ndim == 2 else spread.factor.diag()
    torch.testing.assert_close(factor, (errors.square().mean().sqrt() * torch.ones(size)).diag())


def test_equal_and_constant_variables_are_drawn_as_they_are():
    """The covariance is singular."""
    spread = ResidualSpread(3)
    errors = torch.randn(100, 1, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1.0, 0.0])
    spread.estimate(errors, torch.ones(100))
    drawn = spread(torch.zeros(50, 3), torch.randn(50, 3))
    torch.testing.assert_close(drawn[:, 0], drawn[:, 1], atol=1e-5, rtol=0)
    assert drawn[:, 2].abs().max() < 1e-5
    assert drawn[:, 0].std() > 0.5


@pytest.mark.parametrize("errors", [torch.full((50, 3), torch.inf), torch.full((50, 3), torch.nan)])
def test_errors_that_are_not_finite_leave_the_spread_as_it_is(errors):
    spread = ResidualSpread(3)
    spread.estimate(torch.ones(50, 3), torch.ones(50))
    before = spread.factor.clone()
    spread.estimate(errors, torch.ones(50))
    assert torch.equal(spread.factor, before)


@pytest.mark.parametrize("size", [3, MOST_TOGETHER + 1])
def test_a_spread_of_a_version_without_correlations_draws_as_before(size):
    deviation, noise = torch.rand(size), torch.randn(7, size)
    spread = ResidualSpread(size)
    spread.load_state_dict({"deviation": deviation})
    torch.testing.assert_close(spread(torch.zeros(7, size), noise), deviation * noise)
    torch.testing.assert_close(spread.deviation, deviation)


def test_only_a_gaussian_likelihood_has_a_spread():
    assert lower(vae()).spreads == {"o0": 5}
    loss = vae().losses[0].model_copy(update={"kind": "bernoulli"})
    assert lower(vae().model_copy(update={"losses": (loss, vae().losses[1])})).spreads == {}


def test_weights_of_earlier_versions_have_no_spread():
    module = trained(vae("normal"))
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("spreads.")}
    again = compile(vae("normal"), seed=1)
    again.load_state_dict(state)
    assert torch.equal(again.spreads["o0"].deviation, torch.zeros(5))
    noise = {"a->d": torch.randn(4, 2), "o0": torch.randn(4, 5)}
    assert torch.equal(again({}, "generate", noise)["o0"], again({}, "generate", {"a->d": noise["a->d"]})["o0"])


def test_noise_of_draws_comes_last_so_that_other_noise_stays():
    module = compile(vae(), seed=0)
    one, other = (module.drawn_noise(3, torch.Generator().manual_seed(0), drawn) for drawn in ((), ("o0", "x")))
    assert other.keys() - one.keys() == {"o0"}
    assert all(torch.equal(one[name], other[name]) for name in one)
