"""Where a class is given, latent variables are drawn from the codes of this class."""

import pytest
import torch

from tests.valp.graphs import class_conditioned, discrete, figure_2, numeric, replaced, samples, wired
from tests.valp.model.candidates import with_mixtures
from tests.valp.rows import rows_of
from valp.compile.compile import compile, lower
from valp.graph.graph import Connection, Loss, Output, Role
from valp.train.fit import fit
from valp.train.fit_priors import fit_priors

ROWS = 120
CONDITIONED = with_mixtures(class_conditioned())


def trained(graph, weights=None, **words):
    module = compile(graph, seed=0)
    words = {"steps": 20, "batch": 20, "seed": 0, "executor": "torch"} | words
    assert fit(module, *rows_of(graph, ROWS), weights=weights, **words).failure is None
    return module


def drawn(module, number=None, count=3000):
    """Latent variables of the decoder, for a given class or for none."""
    noise = module.drawn_noise(count, torch.Generator().manual_seed(1))
    given = {} if number is None else {"o2": torch.full((count,), number)}
    return module.run(given, ["n0->n4.z"], "generate", noise)["n0->n4.z"]


def codes(module):
    """μ of the training rows."""
    inputs, _ = rows_of(CONDITIONED, ROWS)
    return module.run(inputs, ["n0->n4.z"], "predict", {})["n0->n4.z"].detach()


def test_only_samples_that_a_given_class_conditions_have_priors_by_class():
    assert [group.given for group in lower(CONDITIONED).groups] == ["o2"]
    assert [group.given for group in lower(with_mixtures(figure_2())).groups] == [None]
    unused = with_mixtures(figure_2()).model_copy(update={"given": ("o2",)})  # given, but no sample depends on it
    assert [group.given for group in lower(unused).groups] == [None]
    assert lower(class_conditioned()).groups == ()


def test_z_is_near_the_codes_of_the_class():
    module, (inputs, truths) = compile(CONDITIONED, seed=0).eval(), rows_of(CONDITIONED, ROWS)
    layer = module.layers["n0-1"]
    with torch.no_grad():  # codes with a large mean and a small variance
        layer.weight[:3] *= 10
        layer.weight[3:] = 0
        layer.bias[3:] = -4
    z = codes(module)
    classes = (z[:, 0] > z[:, 0].quantile(1 / 3)).long() + (z[:, 0] > z[:, 0].quantile(2 / 3)).long()
    fit_priors(module, inputs, truths | {"o2": classes}, {}, 0)
    spread = z.std(0).max()
    for number in range(3):
        of_class, found = z[classes == number], drawn(module, number)
        assert (found.mean(0) - of_class.mean(0)).abs().max() < 0.1 * spread
        assert (found.std(0) / of_class.std(0)).log().abs().max() < 0.3
    assert (drawn(module).std(0) / z.std(0)).log().abs().max() < 0.3


def test_without_a_class_z_is_drawn_from_the_mixture():
    module = trained(CONDITIONED)
    inputs, _ = rows_of(CONDITIONED, 7)
    noise = module.drawn_noise(7, torch.Generator().manual_seed(1))
    values = module.run(inputs, ["n0->n4.z"], "generate", noise)
    expected = module.priors["n4"](noise["n0->n4"], noise["n4"])
    assert torch.equal(values["n0->n4.z"], expected)
    assert not torch.equal(drawn(module, 0), drawn(module))


def test_rows_without_a_class_do_not_count():
    inputs, truths = rows_of(CONDITIONED, ROWS)
    known = torch.arange(ROWS) % 2 == 0
    wrong = truths | {"o2": torch.where(known, truths["o2"], 0)}
    modules = [compile(CONDITIONED, seed=0).eval() for _ in range(2)]
    for module, labels in zip(modules, (truths, wrong), strict=True):
        fit_priors(module, inputs, labels, {"o2": known.float()}, 0)
    states = [module.state_dict() for module in modules]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_a_class_without_rows_is_drawn_from_the_mixture():
    module = compile(CONDITIONED, seed=0).eval()
    inputs, truths = rows_of(CONDITIONED, ROWS)
    fit_priors(module, inputs, truths, {"o2": (truths["o2"] != 1).float()}, 0)
    assert module.class_priors["n4"].known.tolist() == [1, 0, 1]
    torch.testing.assert_close(drawn(module, 1), drawn(module))


def test_weights_of_earlier_versions_draw_from_the_mixture():
    module = trained(CONDITIONED)
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("class_priors.")}
    again = compile(CONDITIONED, seed=1)
    again.load_state_dict(state)
    for number in range(3):
        assert torch.equal(drawn(again.eval(), number), drawn(module))


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_whichever_executor_trains_the_priors_are_fitted(executor):
    module = trained(CONDITIONED, executor=executor)
    assert module.class_priors["n4"].known.tolist() == [1, 1, 1]


def test_predicting_and_training_do_not_read_them():
    module = trained(CONDITIONED)
    inputs, truths = rows_of(CONDITIONED, ROWS)
    noise = {"n0->n4": torch.randn(ROWS, 3)}
    before = module(inputs, "predict")["o0"], module.losses(inputs, truths, noise)[0]
    module.class_priors["n4"].means += 3
    assert torch.equal(module(inputs, "predict")["o0"], before[0])
    assert torch.equal(module.losses(inputs, truths, noise)[0], before[1])


def test_the_prior_of_several_connections_is_one_of_all_their_variables():
    graph = wired(
        [
            ("a", "g", numeric(4), "concatenation"),
            ("b", "g", numeric(6), "concatenation"),
            ("c", "delta", discrete(3), "concatenation"),
            ("d", "d", samples(5), "concatenation"),
        ],
        [
            ("i0", "a"),
            ("i0", "b"),
            ("i0", "c"),
            ("a", "d", Role.LATENT),
            ("b", "d", Role.LATENT),
            ("c", "d", Role.CONDITION),
            ("d", "o0"),
            ("c", "o1"),
        ],
        [("o0", samples(5)), ("o1", discrete(3))],
        [("gaussian", "o0", "o0"), ("cross_entropy", "o1", "o1"), ("kl", "a", None), ("kl", "b", None)],
    )
    module = trained(with_mixtures(graph.model_copy(update={"given": ("o1",)})))
    assert module.class_priors["d"].means.shape == (3, 5)
    noise = module.drawn_noise(9, torch.Generator().manual_seed(0))
    classes = torch.arange(9) % 3
    values = module.run({"o1": classes}, ["a->d.z", "b->d.z"], "generate", noise)
    parts = torch.cat([noise["a->d"], noise["b->d"]], 1)
    one_hot = torch.eye(3)[classes]
    expected = module.class_priors["d"](parts, noise["d"], one_hot, torch.zeros(9, 5))
    assert torch.equal(torch.cat([values["a->d.z"], values["b->d.z"]], 1), expected)


def test_codes_too_large_for_a_covariance_leave_the_priors_as_they_are():
    module, (inputs, truths) = compile(CONDITIONED, seed=0).eval(), rows_of(CONDITIONED, ROWS)
    with torch.no_grad():
        module.layers["n0-1"].weight[:3] = module.layers["n0-1"].weight[:1] * 1e9  # equal codes, all very large
        module.layers["n0-1"].weight[3:] = 0
    before = {name: tensor.clone() for name, tensor in module.state_dict().items() if "priors" in name}
    fit_priors(module, inputs, truths, {}, 0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items() if name in before)


def test_samples_without_a_condition_depend_on_the_class_of_their_prior():
    graph = class_conditioned()
    between, decoder = (next(network for network in graph.networks if network.name == name) for name in ("n3", "n4"))
    connections = [c for c in graph.connections if (c.source, c.target) != ("n2", "n4")]
    connections += [Connection(source="n0", target="n5", role=Role.LATENT), Connection(source="n5", target="o3")]
    connections += [Connection(source=source, target="n5", role=Role.CONDITION) for source in ("n2", "n6")]
    connections.append(Connection(source="n4", target="n6"))
    loss = Loss(kind="gaussian", prediction="o3", truth="o3")
    several = replaced(
        graph,
        networks=(
            *graph.networks,
            decoder.model_copy(update={"name": "n5"}),
            between.model_copy(update={"name": "n6"}),
        ),
        outputs=(*graph.outputs, Output(name="o3", unit=decoder.output)),
        connections=tuple(connections),
        losses=(*graph.losses, loss),
    )
    plain, fitted = lower(several), lower(with_mixtures(several))
    assert [plan.inputs_of("o0", "generate") for plan in (plain, fitted)] == [frozenset(), {"o2"}]
    assert [plan.inputs_of("o3", "generate") for plan in (plain, fitted)] == [{"o2"}] * 2
    assert fitted.inputs_of("o0", "train") == plain.inputs_of("o0", "train")
    assert [group.given for group in fitted.groups] == ["o2", "o2"]
