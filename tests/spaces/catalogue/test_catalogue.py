"""The graphs made by hand: what they are, and which problems they fit."""

import numpy as np
import pytest
import torch

from valp.check.check import check
from valp.compile.compile import compile
from valp.errors import DataError, SettingError
from valp.graph.graph import Graph, Role
from valp.spaces.builtin.problems import PROBLEMS
from valp.spaces.catalogue import CATALOGUE, catalogue_graph
from valp.spaces.own.load_problem import load_problem
from valp.spaces.problem.problem import Problem, discrete, features, labels, numeric, samples
from valp.train.fit import fit

GENERATING = ("figure-2", "figure-7", "vae", "beta-vae", "mt-vae", "mt-vae-separate")
UNCONDITIONAL = ("vae", "beta-vae", "mt-vae", "mt-vae-separate")
MISFITS = {
    "logic": dict.fromkeys(GENERATING, "Samples output") | {"lenet": "image as input"},
    "multi-fashion": dict.fromkeys(GENERATING, "Samples output"),
    "multi-mnist": dict.fromkeys(GENERATING, "Samples output"),
    "sine": {"lenet": "image as input"},
    "two-digits": dict.fromkeys(GENERATING, "Samples output"),
}
"""What a built-in problem lacks for an entry."""

FITS = [(problem, name) for problem in PROBLEMS for name in CATALOGUE if name not in MISFITS.get(problem, {})]
ROWS = 40


def loaded(name) -> Problem:
    try:
        return load_problem(name)
    except DataError as error:
        pytest.skip(f"needs the files of {name}: {error}")


@pytest.fixture(scope="module")
def problems():
    """Each problem that was asked for, loaded once."""
    found: dict[str, Problem] = {}

    def of(name) -> Problem:
        if name not in found:
            found[name] = loaded(name)
        return found[name]

    return of


@pytest.fixture(scope="module")
def several():
    """Inputs and outputs of all types, with names of the catalogue's networks, and an image with odd sides."""
    rng = np.random.default_rng(0)
    rows = rng.random((ROWS, 9))
    return Problem.from_arrays(
        "several",
        inputs={
            "encoder": numeric(rows[:, :1], scale="none"),
            "z": discrete(np.arange(ROWS) % 3),
            "photo": features(rng.random((ROWS, 2, 9, 13)), scale="none"),
            "sound": features(rows.reshape(-1, 1, 9), scale="none"),
        },
        outputs={
            "n3": numeric(rows[:, :2], scale="none", loss=["mse", "huber"]),
            "y": numeric(rows[:, :1], scale="none"),
            "g1": discrete(np.arange(ROWS) % 4),
            "tags": labels(rows[:, :3] > 0.5),
            "d2": samples(rng.random((ROWS, 2 * 9 * 13)), image=(2, 9, 13), loss="bernoulli"),
            "curve": samples(rows, scale="none"),
        },
    )


def some(problem: Problem, rows=ROWS):
    return problem.train.take(torch.arange(min(rows, len(problem.train))))


def noise_of(module, rows):
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(rows, k, generator=generator) for name, k in module.plan.noise.items()}


def holds(graph: Graph, problem: Problem):
    """Asserts what every entry's graph must be."""
    report = check(graph)
    assert report.violations == report.notes == ()
    assert (graph.inputs, graph.outputs) == (problem.inputs, problem.outputs)
    judged = {name: {loss.kind for loss in graph.losses if loss.truth == name} for name in problem.losses}
    assert judged == {name: set(kinds) for name, kinds in problem.losses.items()}
    assert Graph.model_validate_json(graph.model_dump_json()) == graph


def learns(graph: Graph, problem: Problem):
    """Asserts that a graph trains, and runs in its three modes."""
    module, split = compile(graph, seed=1), some(problem)
    sizes = {output.name: (len(split), output.unit.size) for output in graph.outputs}
    made = fit(module, split.inputs, split.truths, steps=20, batch=10, learning_rate=1e-3)
    assert made.failure is None
    first, last = (sum(total for total, *_ in made.curves.values[part]) for part in (slice(5), slice(-5, None)))
    assert last < first
    noise = noise_of(module, len(split))
    for mode in ("train", "predict", "generate"):
        values = module(split.inputs, mode, noise if mode != "predict" else {})
        assert {name: tuple(values[name].shape) for name in sizes} == sizes
        assert all(bool(value.isfinite().all()) for value in values.values())


@pytest.mark.parametrize(("problem", "name"), FITS)
def test_a_graph_of_the_catalogue_is_a_valp_of_the_problem_and_learns(problems, problem, name):
    graph = catalogue_graph(name, problems(problem))
    holds(graph, problems(problem))
    learns(graph, problems(problem))


@pytest.mark.parametrize("name", CATALOGUE)
def test_any_number_of_inputs_and_outputs_with_any_names_is_supported(several, name):
    graph = catalogue_graph(name, several)
    holds(graph, several)
    learns(graph, several)


@pytest.mark.parametrize(("problem", "name"), [(problem, name) for problem in MISFITS for name in MISFITS[problem]])
def test_a_problem_that_the_graph_does_not_fit_is_refused(problems, problem, name):
    said = f"^{name} needs an? {MISFITS[problem][name]}, but {problem} has none$"
    with pytest.raises(SettingError, match=said):
        catalogue_graph(name, problems(problem))


@pytest.mark.parametrize("name", ["mtvib", "lenet"])
def test_an_image_that_is_too_small_for_the_convolutions_is_refused(name):
    rows = np.random.default_rng(0).random((ROWS, 6))
    small = Problem.from_arrays(
        "small",
        inputs={"dots": features(rows.reshape(-1, 1, 2, 3), scale="none")},
        outputs={"y": numeric(rows, scale="none")},
    )
    with pytest.raises(SettingError, match=f"^{name} needs larger inputs than 'dots' of small, 1×2×3$"):
        catalogue_graph(name, small)


@pytest.mark.parametrize(("name", "hint"), [("figure2", "; did you mean 'figure-2'?"), ("xyz", "")])
def test_an_unknown_name_is_refused_with_the_nearest_one(several, name, hint):
    with pytest.raises(SettingError) as refused:
        catalogue_graph(name, several)
    listed = ", ".join(CATALOGUE)
    assert str(refused.value) == f"a graph of the catalogue must be one of {listed}, but got {name!r}{hint}"


def kinds(graph):
    return [network.kind for network in graph.networks]


def targets(graph, source, role=None):
    return [c.target for c in graph.connections if c.source == source and role in (None, c.role)]


def test_figure_2_is_as_the_paper_defines_it(digits_problem):
    graph = catalogue_graph("figure-2", digits_problem)
    assert {n.name: n.kind for n in graph.networks} == {"n0": "g", "n1": "g", "n2": "delta", "n3": "g", "n4": "d"}
    assert {c.name for c in graph.connections} == {
        "pixels->n0",
        "pixels->n1",
        "n0->n1",
        "n0->n4",
        "n1->n3",
        "n3->n2",
        "n4->image",
        "n3->stroke",
        "n2->digit",
    }
    (first, *_) = graph.incoming("n0")
    assert first.indices[:10] == (0, 2, 5, 6, 7, 10, 12, 15, 16, 17)
    assert {loss.kind: loss.beta for loss in graph.losses} == {
        "kl": 0.5,
        "bernoulli": 0.8,
        "mse": 0.9,
        "cross_entropy": 1.0,
    }


def test_figure_7_is_conditioned_along_one_path_through_its_first_decoder(digits_problem):
    graph = catalogue_graph("figure-7", digits_problem)
    assert kinds(graph).count("d") == 2
    assert sorted(c.role for c in graph.incoming("d2")) == [Role.CONDITION, Role.LATENT]
    assert [c.role for c in graph.incoming("d8")] == [Role.LATENT]
    assert targets(graph, "d8") == ["g9"]
    assert targets(graph, "g9") == ["image"]
    digraph = graph.generating_digraph()
    assert list(digraph.predecessors("d2")) == ["g1"]
    assert list(digraph.predecessors("d8")) == []
    assert compile(graph, seed=0).plan.inputs_of("image", "generate") == {"pixels"}


def test_mtvib_has_one_bottleneck_that_every_head_reads(problems):
    problem = problems("multi-mnist")
    graph = catalogue_graph("mtvib", problem)
    assert kinds(graph) == ["c", "g", "b", "delta", "delta"]
    assert targets(graph, "z") == ["left_head", "right_head"]
    assert {loss.beta for loss in graph.losses if loss.kind == "kl"} == {1e-3}
    convolutions, encoder, z, *_ = graph.networks
    assert (convolutions.output.shape, encoder.output.shape, z.output.shape) == ((64, 7, 7), (512,), (256,))


def test_a_large_image_gets_the_convolutions_of_the_papers_second_table():
    faces = Problem.from_arrays(
        "faces",
        inputs={"face": features(np.zeros((ROWS, 1, 150, 150), np.float32), scale="none")},
        outputs={"side": discrete(np.arange(ROWS) % 5)},
    )
    assert catalogue_graph("mtvib", faces).networks[0].output.shape == (64, 8, 8)


def test_the_kl_of_mtvib_weighs_the_same_where_it_is_divided_by_the_generated_variables(digits_problem):
    graph = catalogue_graph("mtvib", digits_problem)
    module = compile(graph, seed=0)
    (term,) = module.plan.divergences
    assert [part[-1] for part in term.latents] == [64]
    assert [loss.beta for loss in graph.losses if loss.kind == "kl"] == [pytest.approx(64 * 1e-3)]


@pytest.mark.parametrize("name", UNCONDITIONAL)
def test_what_a_vae_generates_depends_on_no_input(several, name):
    module = compile(catalogue_graph(name, several), seed=0)
    for output in ("d2", "curve"):
        assert module.plan.inputs_of(output, "generate") == frozenset()
        assert module.plan.inputs_of(output, "predict") == {"encoder", "z", "photo", "sound"}
    assert module({}, "generate", noise_of(module, 4), ["curve"])["curve"].shape == (4, 9)


@pytest.mark.parametrize(("name", "beta"), [("vae", 1), ("beta-vae", 4)])
def test_a_vae_is_a_likelihood_and_a_kl(digits_problem, name, beta):
    graph = catalogue_graph(name, digits_problem)
    losses = {(loss.kind, loss.truth): loss.beta for loss in graph.losses}
    assert losses == {
        ("cross_entropy", "digit"): 1,
        ("mse", "stroke"): 1,
        ("bernoulli", "image"): 1,
        ("kl", None): beta,
    }


@pytest.mark.parametrize(("name", "encoders"), [("mt-vae", 1), ("mt-vae-separate", 3)])
def test_an_mt_vae_has_a_latent_space_for_each_task(digits_problem, name, encoders):
    graph = catalogue_graph(name, digits_problem)
    latent = [c for c in graph.connections if c.role is Role.LATENT]
    assert [c.source for c in latent] == ["digit_code", "stroke_code", "image_code"]
    assert len({c.target for c in latent}) == 3
    assert len(targets(graph, "pixels")) == encoders
    for connection in latent:
        (decoder,) = targets(graph, connection.target)
        assert connection.source.removesuffix("_code") in (decoder, decoder.removesuffix("_head"))


def test_lenet_has_one_trunk_that_every_head_reads(problems):
    graph = catalogue_graph("lenet", problems("multi-mnist"))
    assert kinds(graph) == ["c", "g", "delta", "delta"]
    assert targets(graph, "pixels") == ["pixels_features"]
    assert targets(graph, "pixels_features") == ["trunk"]
    assert targets(graph, "trunk") == ["left_head", "right_head"]
    assert [layer.channels for layer in graph.networks[0].layers] == [10, 20]
