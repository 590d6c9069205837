"""Compiled graphs against torch code written by hand, to 1e-10 in float64."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.valp.graphs import decoders, discrete, figure_2, numeric, samples, two_decoders, wired, with_part
from valp.check.check import GraphError
from valp.compile.compile import compile, lower
from valp.graph.graph import Role
from valp.plan.plan import MODES

BATCH = 11


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


class HandWritten(nn.Module):
    """Garciarena et al., Fig. 2, written without this library."""

    def __init__(self):
        super().__init__()
        self.n0_hidden, self.n0_last = nn.Linear(5, 8), nn.Linear(8, 7)
        self.n1_hidden, self.n1_last = nn.Linear(10 + 7, 9), nn.Linear(9, 6)
        self.n3_hidden, self.n3_last = nn.Linear(6, 4), nn.Linear(4, 1)
        self.n2_hidden, self.n2_last = nn.Linear(1, 5), nn.Linear(5, 3)
        self.n4_first, self.n4_second, self.n4_last = nn.Linear(3, 6), nn.Linear(6, 7), nn.Linear(7, 5)

    def forward(self, data, epsilon, mode):
        n0 = self.n0_last(torch.relu(self.n0_hidden(data[:, [0, 2, 5, 6, 7]])))
        n1 = self.n1_last(torch.tanh(self.n1_hidden(torch.cat([data, n0], dim=1))))
        n3 = self.n3_last(F.softplus(self.n3_hidden(n1)))
        logits = self.n2_last(F.elu(self.n2_hidden(n3)))
        mean, log_variance = n0[:, 0:3], n0[:, 3:6]
        z = {
            "train": mean + torch.exp(0.5 * log_variance) * epsilon,
            "predict": mean,
            "generate": epsilon,
        }[mode]
        n4 = self.n4_last(torch.relu(self.n4_second(torch.relu(self.n4_first(z)))))
        return n4, n3, logits, mean, log_variance

    def total(self, data, epsilon, samples_truth, number, classes):
        n4, n3, logits, mean, log_variance = self(data, epsilon, "train")
        l0 = -torch.distributions.Normal(n4, 1.0).log_prob(samples_truth).mean()
        l1 = ((n3 - number) ** 2).mean()
        l2 = -torch.log_softmax(logits, 1)[torch.arange(len(classes)), classes].mean()
        l3 = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean() / 5
        return 0.5 * l3 + 0.8 * l0 + 0.9 * l1 + l2


LAYERS = {
    "n0-0": "n0_hidden", "n0-1": "n0_last", "n1-0": "n1_hidden", "n1-1": "n1_last", "n3-0": "n3_hidden",
    "n3-1": "n3_last", "n2-0": "n2_hidden", "n2-1": "n2_last", "n4-0": "n4_first", "n4-1": "n4_second",
    "n4-2": "n4_last",
}  # fmt: skip


@pytest.fixture
def pair():
    """Figure 2 compiled and written by hand, with the same weights, biases included."""
    compiled, written = compile(figure_2(), seed=1), HandWritten()
    assert compiled.layers.keys() == LAYERS.keys()
    for ours, theirs in LAYERS.items():
        compiled.layers[ours].load_state_dict(getattr(written, theirs).state_dict())
    return compiled, written


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(7)
    return {
        "data": torch.randn(BATCH, 10, generator=generator),
        "epsilon": torch.randn(BATCH, 3, generator=generator),
        "o0": torch.randn(BATCH, 5, generator=generator),
        "o1": torch.randn(BATCH, 1, generator=generator),
        "o2": torch.randint(3, (BATCH,), generator=generator),
    }


@pytest.mark.parametrize("mode", MODES)
def test_figure_2_runs_as_written_by_hand(pair, batch, mode):
    compiled, written = pair
    noise = None if mode == "predict" else {"n0->n4": batch["epsilon"]}
    outputs = compiled({"i0": batch["data"]}, mode, noise)
    n4, n3, logits, mean, log_variance = written(batch["data"], batch["epsilon"], mode)
    close(outputs["o0"], n4)
    close(outputs["o1"], n3)
    close(outputs["o2"], logits.softmax(1))
    assert outputs.keys() == {"o0", "o1", "o2"} | ({"n0->n4"} if mode == "train" else set())
    if mode == "train":
        close(outputs["n0->n4"], torch.cat([mean, log_variance], 1))


def test_predicting_with_noise_samples_the_latent_variables(pair, batch):
    compiled, written = pair
    outputs = compiled({"i0": batch["data"]}, "predict", {"n0->n4": batch["epsilon"]})
    n4, n3, *_ = written(batch["data"], batch["epsilon"], "train")
    close(outputs["o0"], n4)
    close(outputs["o1"], n3)


def test_figure_2_learns_as_written_by_hand(pair, batch):
    compiled, written = pair
    ours, theirs = (batch["data"].clone().requires_grad_() for _ in range(2))
    truths = {name: batch[name] for name in ("o0", "o1", "o2")}
    total, terms = compiled.losses({"i0": ours}, truths, {"n0->n4": batch["epsilon"]})
    expected = written.total(theirs, batch["epsilon"], batch["o0"], batch["o1"], batch["o2"])
    close(total, expected)
    close(total, 0.8 * terms[0] + 0.9 * terms[1] + terms[2] + 0.5 * terms[3])
    assert compiled.loss_names == ("gaussian:n4:o0", "mse:n3:o1", "cross_entropy:n2:o2", "kl:n0")

    total.backward()
    expected.backward()
    close(ours.grad, theirs.grad)
    for ours_name, theirs_name in LAYERS.items():
        for kind in ("weight", "bias"):
            close(
                getattr(compiled.layers[ours_name], kind).grad,
                getattr(getattr(written, theirs_name), kind).grad,
            )
    assert compiled.parameter_count == sum(p.numel() for p in written.parameters())


def random_biases(module):
    """Biases start at 0, which hides mistakes."""
    with torch.no_grad():
        for layer in module.layers.values():
            layer.bias.normal_()
    return module


@pytest.mark.parametrize(
    ("combiner", "merged"),
    [
        ("addition", lambda a, b, c: a + b + c),
        ("mean", lambda a, b, c: (a + b + c) / 3),
        ("product", lambda a, b, c: a * b * c),
    ],
)
def test_combiners_that_merge_variable_by_variable_cut_to_the_shortest_source(combiner, merged):
    graph = wired(
        [("a", "g", numeric(5), combiner), ("b", "g", numeric(3), combiner), ("c", "g", numeric(2), combiner)],
        [("i0", "a"), ("i0", "b"), ("a", "c"), ("b", "c"), ("i0", "c", Role.DATA, (5, 4, 3, 2)), ("c", "o0")],
        [("o0", numeric(2))],
        [("mse", "o0", "o0")],
    )
    module = random_biases(compile(graph, seed=0))
    x = torch.randn(BATCH, 6)
    a, b = module.layers["a-0"](x), module.layers["b-0"](x)
    assert module.layers["c-0"].in_features == 3
    close(module({"i0": x})["o0"], module.layers["c-0"](merged(a[:, :3], b, x[:, [5, 4, 3]])))


def test_concatenation_keeps_the_order_of_the_connections_and_of_the_indices():
    graph = wired(
        [("a", "g", numeric(2), "concatenation"), ("c", "g", numeric(2), "concatenation")],
        [("i0", "a"), ("i0", "c", Role.DATA, (4, 0)), ("a", "c", Role.DATA, (1,)), ("c", "o0")],
        [("o0", numeric(2))],
        [("mse", "o0", "o0")],
    )
    module = random_biases(compile(graph, seed=0))
    x = torch.randn(BATCH, 6)
    a = module.layers["a-0"](x)
    close(module({"i0": x})["o0"], module.layers["c-0"](torch.stack([x[:, 4], x[:, 0], a[:, 1]], 1)))


@pytest.mark.parametrize("combiner", ["concatenation", "addition"])
@pytest.mark.parametrize("mode", MODES)
def test_each_latent_connection_is_sampled_separately_then_merged_with_conditions(combiner, mode):
    module = random_biases(compile(decoders(combiner), seed=0))
    assert module.plan.noise == {"a->d": 2, "b->d": 3}
    x, noise = torch.randn(BATCH, 6), {"a->d": torch.randn(BATCH, 2), "b->d": torch.randn(BATCH, 3)}
    a, b = module.layers["a-0"](x), module.layers["b-0"](x)[:, [8, 7, 6, 5, 4, 3, 2]]
    probabilities = module.layers["k-0"](x).softmax(1)
    if mode == "generate":
        za, zb = noise["a->d"], noise["b->d"]
    else:
        sign = 1.0 if mode == "train" else 0.0
        za = a[:, :2] + sign * (a[:, 2:] / 2).exp() * noise["a->d"]
        zb = b[:, :3] + sign * (b[:, 3:6] / 2).exp() * noise["b->d"]
    arrived = [x[:, [1, 2, 3]], za, probabilities, zb]
    merged = torch.cat(arrived, 1) if combiner == "concatenation" else sum(unit[:, :2] for unit in arrived)
    result = module({"i0": x}, mode, None if mode == "predict" else noise)
    close(result["o0"], module.layers["d-0"](merged))
    if mode == "train":
        close(result["a->d"], a)
        close(result["b->d"], b[:, :6])


def test_the_divergence_is_divided_by_the_generated_variables():
    module = random_biases(compile(decoders("concatenation"), seed=0))
    x = torch.randn(BATCH, 6)
    _, terms = module.losses({"i0": x}, {"o0": torch.randn(BATCH, 8)})
    b = module.layers["b-0"](x)[:, [8, 7, 6, 5, 4, 3]]
    normal = torch.distributions.Normal(b[:, :3], (b[:, 3:] / 2).exp())
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(1).mean() / 8
    close(terms[2], expected)


def test_a_divergence_counts_the_variables_of_all_outputs_its_decoder_reaches_and_sums_its_connections():
    graph = wired(
        [
            ("a", "g", numeric(4), "concatenation"),
            ("d", "d", samples(3), "concatenation"),
            ("e", "d", samples(5), "concatenation"),
            ("s", "g", samples(3), "concatenation"),
        ],
        [
            ("i0", "a"),
            ("a", "d", Role.LATENT),
            ("a", "e", Role.LATENT),
            ("d", "s"),
            ("e", "s"),
            ("d", "o0"),
            ("s", "o1"),
            ("e", "o2"),
        ],
        [("o0", samples(3)), ("o1", samples(3)), ("o2", samples(5))],
        [("gaussian", f"o{i}", f"o{i}") for i in range(3)] + [("kl", "a", None)],
    )
    module = random_biases(compile(graph, seed=0))
    x = torch.randn(BATCH, 6)
    _, terms = module.losses({"i0": x}, {f"o{i}": torch.zeros(BATCH, size) for i, size in enumerate((3, 3, 5))})
    a = module.layers["a-0"](x)
    whole = 0.5 * (a[:, :2] ** 2 + a[:, 2:].exp() - 1 - a[:, 2:]).sum(1).mean()
    close(terms[3], whole / (3 + 3) + whole / (5 + 3))


def test_networks_read_probabilities_and_a_discrete_output_normalises_summed_logits_once():
    graph = wired(
        [
            ("p", "delta", discrete(4), "concatenation"),
            ("q", "delta", discrete(4), "concatenation"),
            ("g", "g", numeric(2), "concatenation"),
        ],
        [("i0", "p"), ("i0", "q"), ("p", "g"), ("p", "o0"), ("q", "o0", Role.DATA, (3, 2, 1, 0)), ("g", "o1")],
        [("o0", discrete(4)), ("o1", numeric(2))],
        [("cross_entropy", "o0", "o0"), ("mse", "o1", "o1")],
    )
    module = random_biases(compile(graph, seed=0))
    x, classes = torch.randn(BATCH, 6), torch.randint(4, (BATCH,))
    p, q = module.layers["p-0"](x), module.layers["q-0"](x)
    result = module({"i0": x})
    close(result["o0"], (p + q.flip(1)).softmax(1))
    close(result["o0"].sum(1), torch.ones(BATCH))
    close(result["o1"], module.layers["g-0"](p.softmax(1)))
    _, terms = module.losses({"i0": x}, {"o0": classes, "o1": torch.zeros(BATCH, 2)})
    close(terms[0], F.cross_entropy(p + q.flip(1), classes))


@pytest.mark.parametrize("loss", ["bernoulli", "gaussian", "mse"])
def test_a_bernoulli_output_is_the_sigmoid_of_the_summed_logits(loss):
    module = random_biases(compile(two_decoders(loss), seed=0))
    z, y = torch.randn(BATCH, 2), torch.randn(BATCH, 2)
    summed = module.layers["d-0"](z) + module.layers["e-0"](y)
    result = module({}, "generate", {"a->d": z, "a->e": y})["o0"]
    close(result, summed.sigmoid() if loss == "bernoulli" else summed)


def test_a_bernoulli_loss_reads_logits():
    module = random_biases(compile(two_decoders("bernoulli"), seed=0))
    x, truth = torch.randn(BATCH, 6), torch.rand(BATCH, 5)
    noise = {"a->d": torch.randn(BATCH, 2), "a->e": torch.randn(BATCH, 2)}
    probability = module({"i0": x}, "train", noise)["o0"]
    _, terms = module.losses({"i0": x}, {"o0": truth}, noise)
    close(terms[0], -(truth * probability.log() + (1 - truth) * (1 - probability).log()).mean())


def test_each_loss_term_has_its_own_name():
    graph = wired(
        [("a", "g", numeric(2), "concatenation")],
        [("i0", "a"), ("a", "o0"), ("a", "o1")],
        [("o0", numeric(2)), ("o1", numeric(2))],
        [("mse", "a", "o0"), ("mse", "a", "o1"), ("mse", "o0", "o0")],
    )
    assert [term.name for term in lower(graph).losses] == ["mse:a:o0", "mse:a:o1", "mse:o0"]


def test_the_plan_lists_the_inputs_that_an_output_needs_in_each_mode():
    plan = lower(figure_2())
    assert plan.inputs_of("o0", "predict") == {"i0"}
    assert plan.inputs_of("o0", "generate") == frozenset()
    assert plan.inputs_of("o2", "generate") == {"i0"}


def test_a_broken_graph_is_not_compiled():
    with pytest.raises(GraphError, match="psi-empty"):
        compile(with_part(figure_2(), "connections", 0, indices=()))


def test_the_plan_runs_sources_before_users():
    plan = lower(decoders("concatenation"))
    ready = set(plan.inputs)
    for operation in plan.operations:
        assert ready.issuperset(operation.sources)
        assert operation.out not in ready
        ready.add(operation.out)
    assert ready.issuperset(plan.outputs.values())
