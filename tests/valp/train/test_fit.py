"""Training: order, noise, curves, failures, and that losses fall."""

from collections import Counter
from itertools import pairwise

import pytest
import torch
from sklearn.datasets import load_digits

from tests.spaces.graphs import TINY, TINY_SPACE, random_graph
from tests.valp.graphs import discrete, figure_2, figure_2_rows, numeric, samples, wired
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.graph.graph import Role
from valp.train.fit import CURVE_POINTS, Fitting, fit

ROWS = 23


@pytest.fixture
def data():
    return figure_2_rows(ROWS)


@pytest.fixture
def numbered():
    """Rows whose first variable is their number, and a graph that reads them."""
    rows = torch.arange(ROWS, dtype=torch.float32)[:, None]
    graph = wired([("a", "g", numeric(1), "concatenation")], [("i0", "a"), ("a", "o")], [("o", numeric(1))],
                  [("mse", "o", "o")], inputs=[("i0", 1)])  # fmt: skip
    return graph, {"i0": rows}, {"o": rows / ROWS}


def seen(graph, inputs, truths, **options):
    """The row numbers of each step's batch, as the module got them."""
    module = compile(graph, seed=0)
    batches = []
    module.layers["a-0"].register_forward_pre_hook(lambda _, x: batches.append(x[0][:, 0].long().tolist()))
    made = fit(module, inputs, truths, **options)
    return batches, made


def test_a_seed_repeats_weights_and_curves_bit_for_bit(data):
    modules = [compile(figure_2(), seed=3) for _ in range(2)]
    first, second = (fit(module, *data, steps=60, batch=7, seed=5) for module in modules)
    assert first.curves == second.curves
    states = [module.state_dict() for module in modules]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_seed_repeats_random_graphs_too():
    for number in range(8):
        graph = random_graph(number, TINY, TINY_SPACE)
        generator = torch.Generator().manual_seed(number)
        inputs = {i.name: torch.rand(ROWS, i.unit.size, generator=generator) for i in TINY.inputs}
        truths = {"x": torch.rand(ROWS, 4), "c": torch.arange(ROWS) % 3, "s": torch.rand(ROWS, 8)}
        modules = [compile(graph, seed=3) for _ in range(2)]
        first, second = (fit(module, inputs, truths, steps=15, batch=5) for module in modules)
        assert first.curves == second.curves
        assert first.failure is None


@pytest.mark.parametrize("stirred", [False, True])
def test_training_neither_reads_nor_changes_torchs_generator(data, stirred):
    def trained():
        module = compile(figure_2(), seed=3)
        state = torch.get_rng_state()
        curves = fit(module, *data, steps=20, batch=7, seed=5).curves
        assert torch.equal(torch.get_rng_state(), state)
        return curves

    first = trained()
    if stirred:
        torch.rand(3)
    assert trained() == first


def test_another_seed_gives_another_order_and_other_noise(data):
    curves = [fit(compile(figure_2(), seed=3), *data, steps=20, batch=7, seed=seed).curves for seed in (1, 2)]
    assert curves[0].values != curves[1].values


@pytest.mark.parametrize("batch", [1, 4, 7, 22, 23])
def test_every_example_is_seen_once_before_any_is_seen_again(numbered, batch):
    batches, made = seen(*numbered, steps=60, batch=batch)
    order = [row for rows in batches for row in rows]
    assert all(len(rows) == batch for rows in batches)
    assert made.samples_seen == len(order) == 60 * batch
    for start in range(0, len(order), ROWS):
        counts = Counter(order[start : start + ROWS])
        assert max(counts.values()) == 1
    passes = [tuple(order[start : start + ROWS]) for start in range(0, len(order) - ROWS + 1, ROWS)]
    assert len(set(passes)) == len(passes)


def test_a_batch_takes_at_most_all_rows(numbered):
    batches, made = seen(*numbered, steps=3, batch=500)
    assert [sorted(rows) for rows in batches] == [list(range(ROWS))] * 3
    assert made.samples_seen == 3 * ROWS


@pytest.mark.parametrize(("steps", "points"), [(1, 1), (7, 7), (100, 100), (101, 101), (250, 125), (999, 111)])
def test_a_curve_has_about_a_hundred_points_and_ends_with_the_last_step(numbered, steps, points):
    made = seen(*numbered, steps=steps, batch=5)[1]
    assert len(made.curves.steps) == len(made.curves.values) == points <= 2 * CURVE_POINTS
    assert made.curves.steps[-1] == steps
    assert list(made.curves.steps) == sorted(set(made.curves.steps))


def test_curves_are_means_over_the_steps_since_the_point_before(data):
    """Compared with a training written by hand, in which nothing is averaged."""
    inputs, truths = data
    steps, batch = 250, ROWS  # each batch has all rows, so that their order matters to rounding only
    module, other = compile(figure_2(), seed=3), compile(figure_2(), seed=3)
    made = fit(module, inputs, truths, steps=steps, batch=batch, seed=5)
    assert made.curves.names == ("total", *module.loss_names)

    generator = torch.Generator().manual_seed(5)
    optimizer = torch.optim.Adam(other.parameters(), lr=1e-3)
    every_step = []
    for _ in range(steps):
        rows = torch.randperm(ROWS, generator=generator)
        noise = {name: torch.randn(ROWS, k, generator=generator) for name, k in other.plan.noise.items()}
        taken = {name: truth[rows] for name, truth in truths.items()}
        total, terms = other.losses({"i0": inputs["i0"][rows]}, taken, noise)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        every_step.append(torch.cat([total.detach()[None], terms.detach()]))
    previous = 0
    for step, values in zip(made.curves.steps, made.curves.values, strict=True):
        expected = torch.stack(every_step[previous:step]).mean(0)
        torch.testing.assert_close(torch.tensor(values), expected, rtol=1e-4, atol=1e-5)
        previous = step


def test_the_total_is_the_weighted_sum_of_the_other_curves(data):
    module = compile(figure_2(), seed=3)
    curves = fit(module, *data, steps=30, batch=7).curves
    for total, *terms in curves.values:
        assert total == pytest.approx(sum(b * term for b, term in zip(module.betas.tolist(), terms, strict=True)))


def test_an_absurd_learning_rate_ends_the_training_with_the_reason(data):
    module = compile(figure_2(), seed=3)
    made = fit(module, *data, steps=1000, batch=7, learning_rate=1e30)
    assert made.failure is not None
    assert made.failure.startswith("the loss is not a finite number after ")
    assert "total" in made.failure
    assert made.curves.steps[-1] < 1000
    assert made.samples_seen == 7 * made.curves.steps[-1]
    assert not module.training


@pytest.mark.parametrize("where", ["input", "truth"])
def test_data_that_is_not_a_number_ends_the_training_with_the_reason(data, where):
    inputs, truths = data
    (inputs["i0"] if where == "input" else truths["o1"])[4] = float("nan")
    made = fit(compile(figure_2(), seed=3), inputs, truths, steps=1000, batch=7)
    assert made.failure is not None
    assert "mse:n3:o1" in made.failure
    assert made.curves.steps[-1] <= 10
    assert "\n" not in made.failure


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"steps": 0}, "the steps must be positive, but is 0"),
        ({"steps": -3}, "steps"),
        ({"batch": 0}, "the batch must be positive, but is 0"),
        ({"learning_rate": 0.0}, r"the learning rate must be positive, but is 0\.0"),
        ({"learning_rate": float("nan")}, "the learning rate must be positive, but is nan"),
        ({"kl_warmup": 1.5}, r"the KL warm-up must lie in \[0, 1\], but is 1\.5"),
        ({"kl_warmup": -0.1}, "KL warm-up"),
        ({"decay": 2}, r"the decay must lie in \[0, 1\], but is 2"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(data, setting, said):
    module = compile(figure_2(), seed=3)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(SettingError, match=said):
        fit(module, *data, **{"steps": 10, **setting})
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_progress_is_reported_at_every_point(data):
    told = []
    made = fit(compile(figure_2(), seed=3), *data, steps=250, batch=7, progress=told.append)
    assert tuple(told) == made.curves.steps


def test_the_module_is_ready_to_predict_afterwards(data):
    module = compile(figure_2(), seed=3)
    made = fit(module, *data, steps=5, batch=7)
    assert not module.training
    assert made.seconds > 0
    assert made.failure is None


def test_training_reduces_every_loss_of_the_digits():
    images, labels = load_digits(return_X_y=True)
    pixels = torch.tensor(images / 16, dtype=torch.float32)
    truths = {"digit": torch.tensor(labels), "mean": pixels.mean(1, keepdim=True), "image": pixels}
    graph = wired(
        [
            ("code", "g", numeric(32), "concatenation"),
            ("class", "delta", discrete(10), "concatenation"),
            ("grey", "g", numeric(1), "concatenation"),
            ("paint", "d", samples(64), "concatenation"),
        ],
        [("pixels", "code"), ("code", "class"), ("pixels", "grey"), ("code", "paint", Role.LATENT),
         ("class", "digit"), ("grey", "mean"), ("paint", "image")],
        [("digit", discrete(10)), ("mean", numeric(1)), ("image", samples(64))],
        [("cross_entropy", "digit", "digit"), ("mse", "mean", "mean"), ("bernoulli", "image", "image"),
         ("kl", "code", None)],
        inputs=[("pixels", 64)],
    )  # fmt: skip
    module = compile(graph, seed=1)
    made = fit(module, {"pixels": pixels[:1500]}, {k: v[:1500] for k, v in truths.items()}, steps=600, batch=50)
    curves = {name: [row[i] for row in made.curves.values] for i, name in enumerate(made.curves.names)}
    for name, values in curves.items():
        if not name.startswith("kl"):
            assert values[-1] < 0.8 * values[0], name
    predicted = module({"pixels": pixels[1500:]}, "predict")["digit"].argmax(1)
    assert (predicted == truths["digit"][1500:]).double().mean() > 0.75


@pytest.mark.parametrize("executor", ["torch", "native"])
def test_training_in_parts_takes_the_same_steps(executor, data):
    whole, parts = compile(figure_2(), seed=3), compile(figure_2(), seed=3)
    made = fit(whole, *data, steps=60, batch=7, seed=5, executor=executor)
    training = Fitting(parts, *data, steps=60, batch=7, seed=5, executor=executor)
    seen = []
    for to in (10, 11, 45, 60):
        training.advance(to)
        assert training.made == to
        assert not parts.training
        seen.append(parts.state_dict()["layers.n0-0.weight"].clone())
    assert all(not torch.equal(a, b) for a, b in pairwise(seen))
    assert training.fit.samples_seen == made.samples_seen
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, rtol=0, atol=0)
