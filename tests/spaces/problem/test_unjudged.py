"""Scores of samples where no class can teach a judge: they are compared with the data as they are."""

import numpy as np
import pytest
import torch

from tests.valp.graphs import numeric as numeric_unit
from tests.valp.graphs import samples as samples_unit
from tests.valp.graphs import wired
from valp.compile.compile import compile
from valp.graph.graph import Role
from valp.score.generation_scores import density_and_coverage
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem, numeric, samples
from valp.spaces.problem.sampling import generate
from valp.spaces.problem.scoring import GENERATED, Scorer

ROWS, SIZE = 400, 4
DATA = np.random.default_rng(0).normal(size=(ROWS, SIZE))


def problem_of(rows) -> Problem:
    return Problem.from_arrays(
        "points", inputs={"x": numeric(DATA, scale="none")}, outputs={"s": samples(rows, scale="none")}, validation=0.25
    )


def copying(factors, offset=0.0, noise=0.0):
    """A VAE that gives x · factors + offset, and some noise in every variable."""
    size = len(factors)
    graph = wired(
        [("code", "g", numeric_unit(2), "concatenation"), ("paint", "d", samples_unit(size), "concatenation")],
        [("x", "code"), ("code", "paint", Role.LATENT), ("x", "paint", Role.CONDITION), ("paint", "s")],
        [("s", samples_unit(size))],
        [("gaussian", "s", "s"), ("kl", "code", None)],
        inputs=[("x", SIZE)],
    )
    module = compile(graph, seed=1)
    layer = module.layers["paint-0"]  # its inputs: one latent variable, then x
    with torch.no_grad():
        layer.weight[:, 0] = factors * noise
        layer.weight[:, 1:] = torch.eye(size, SIZE) * factors[:, None]
        layer.bias.copy_(torch.as_tensor(offset))
    return module


def all_scores_of(problem, module, few=True):
    scores = Scorer(problem, judges_of(problem), few=few).score(module, problem.validation)
    assert scores.pop("parameters") == module.parameter_count
    return scores


def scores_of(problem, module):
    """Coverage and density with one condition for each sample."""
    scores = all_scores_of(problem, module, few=False)
    return {name: scores[name] for name in ("coverage", "density")}


def test_copies_are_known_without_a_judge():
    problem = problem_of(DATA)
    scores = all_scores_of(problem, copying(torch.ones(SIZE)))
    listed = ["told_apart", "coverage", "density", "spread", "copying", "memorising"]
    assert list(scores) == [*listed, "column_distance", "correlation_distance"]
    assert set(scores) < set(problem.metrics)
    assert scores["copying"] == 1
    assert scores["spread"] == 0
    assert scores["coverage"] < 0.5  # ten conditions, each of which lies in the balls of a few rows
    assert scores["told_apart"] > 0.8  # its samples are ten rows, each often


def test_samples_of_few_conditions_that_vary_as_the_data_are_no_copies():
    problem = problem_of(DATA)
    module = copying(torch.zeros(SIZE))
    assert module.plan.inputs_of("s", "generate") == {"x"}
    with torch.no_grad():
        module.layers["paint-0"].weight[:, 0] = 1.0
    scores = all_scores_of(problem, module)
    assert scores["copying"] < 0.1
    assert scores["spread"] > 0.5


def test_a_condition_with_fewer_variables_than_the_sample_is_copied_too():
    """Half of the variables are inputs: a model that has the other half from them reproduces the row."""
    half = DATA[:, : SIZE // 2]
    rows = np.concatenate([half, half * 3 + 1], 1)
    problem = Problem.from_arrays(
        "halves", inputs={"x": numeric(half)}, outputs={"s": samples(rows, scale="none")}, validation=0.25
    )
    graph = wired(
        [("code", "g", numeric_unit(2), "concatenation"), ("paint", "d", samples_unit(SIZE), "concatenation")],
        [("x", "code"), ("code", "paint", Role.LATENT), ("x", "paint", Role.CONDITION), ("paint", "s")],
        [("s", samples_unit(SIZE))],
        [("gaussian", "s", "s"), ("kl", "code", None)],
        inputs=[("x", SIZE // 2)],
    )
    module, column = compile(graph, seed=1), problem.columns.inputs[0]
    raw = torch.diag(torch.tensor(column.scale)), torch.tensor(column.offset)
    with torch.no_grad():
        layer = module.layers["paint-0"]
        layer.weight.zero_()
        layer.weight[:, 1:] = torch.cat([raw[0], raw[0] * 3])
        layer.bias.copy_(torch.cat([raw[1], raw[1] * 3 + 1]))
    assert problem.view("s") is None
    assert all_scores_of(problem, module)["copying"] == 1


def test_copies_of_the_data_cover_it_if_each_sample_has_its_own_condition():
    problem = problem_of(DATA)
    scores = scores_of(problem, copying(torch.ones(SIZE)))
    assert scores["coverage"] == 1
    assert scores["density"] == pytest.approx(1.2, abs=0.02)  # (k + 1) / k, for each is in its own ball too


@pytest.mark.parametrize("offset", [9.0, 1e30])
def test_samples_far_from_the_data_cover_nothing(offset):
    assert scores_of(problem_of(DATA), copying(torch.zeros(SIZE), offset)) == {"coverage": 0, "density": 0}


@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1e3, 1e20])
def test_the_unit_of_a_variable_does_not_matter(scale):
    units = torch.tensor([1.0, 1.0, 1.0, scale])
    plain = scores_of(problem_of(DATA), copying(torch.ones(SIZE), noise=0.5))
    scaled = scores_of(problem_of(DATA * units.numpy()), copying(units, noise=0.5))
    assert scaled == pytest.approx(plain, abs=0.01)
    assert 0.1 < plain["density"] < 1


def test_a_constant_variable_is_compared_unscaled():
    rows = np.concatenate([DATA, np.full((ROWS, 1), 0.1)], 1)
    factors = torch.tensor([1.0] * SIZE + [0])
    assert scores_of(problem_of(rows), copying(factors, [0, 0, 0, 0, 0.1]))["coverage"] == 1
    assert scores_of(problem_of(rows), copying(factors, [0, 0, 0, 0, 99.0]))["coverage"] == 0


def test_units_are_those_of_the_training_split():
    """Other data in the test split changes nothing for the validation split."""
    splits = (range(200), range(200, 300), range(300, 400))
    other = DATA.copy()
    other[300:] *= 100
    first, second = (
        Problem.from_arrays(
            "points",
            inputs={"x": numeric(DATA, scale="none")},
            outputs={"s": samples(rows, scale="none")},
            splits=splits,
        )
        for rows in (DATA, other)
    )
    module = copying(torch.ones(SIZE), noise=0.5)
    assert scores_of(first, module) == scores_of(second, module)


def test_as_many_samples_as_rows_are_compared():
    """Many samples would cover few rows wherever they lie."""
    problem = problem_of(DATA)
    module, split = copying(torch.ones(SIZE), noise=2.0), problem.validation
    train = problem.train.truths["s"]
    generated, alike = (generate(module, split, "s", count, seed=0)[0] for count in (GENERATED, len(split)))
    real, alike = ((rows - train.mean(0)) / train.std(0) for rows in (split.truths["s"], alike))
    density, coverage = density_and_coverage(real, alike)
    scores = scores_of(problem, module)
    assert scores == {"coverage": pytest.approx(coverage, abs=0.02), "density": pytest.approx(density, abs=0.02)}
    assert coverage < density_and_coverage(real, (generated - train.mean(0)) / train.std(0))[1]


def test_missing_samples_are_left_out():
    gaps = np.arange(ROWS) % 3 == 0
    holed = np.where(gaps[:, None], np.nan, DATA)
    splits = tuple(np.array_split(np.arange(ROWS), 3))
    kept = [part[~gaps[part]] for part in splits]
    with_gaps, without = (
        Problem.from_arrays(
            "points",
            inputs={"x": numeric(DATA, scale="none")},
            outputs={"s": samples(rows, scale="none")},
            splits=parts,
        )
        for rows, parts in ((holed, splits), (DATA, kept))
    )
    module = copying(torch.zeros(SIZE), noise=0.0)
    with torch.no_grad():
        module.layers["paint-0"].weight[:, 0] = torch.arange(1, SIZE + 1) / 3
    scores = scores_of(with_gaps, module)
    assert scores == scores_of(without, module)
    assert 0 < scores["coverage"] < 1
