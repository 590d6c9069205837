"""Scores of models: closed forms, modes, missing scores, and models that cannot be scored."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.valp.graphs import discrete as discrete_unit
from tests.valp.graphs import numeric as numeric_unit
from tests.valp.graphs import samples as samples_unit
from tests.valp.graphs import wired
from valp.compile.compile import compile
from valp.graph.graph import Role
from valp.score.judge import train_judge
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.problem import Problem, discrete, numeric, samples
from valp.spaces.problem.sampling import ScoringError, generate, predictions
from valp.spaces.problem.scoring import Scorer
from valp.train.fit import fit

ROWS, CLASSES, SIZE = 600, 3, 9
ON_DEMAND = {"latency", "inferences_per_second"}


@pytest.fixture(scope="module")
def problem():
    """Three kinds of rows, told apart by which third of the variables is large."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    labels = np.arange(ROWS) % CLASSES
    rows = np.eye(CLASSES)[labels].repeat(3, axis=1) * 0.8 + random.random((ROWS, SIZE)) * 0.2
    return Problem.from_arrays(
        "thirds",
        inputs={"x": numeric(rows, scale="none"), "k": discrete(labels)},
        outputs={"c": discrete(labels), "y": numeric(rows[:, :2], scale="none"), "s": samples(rows, scale="none")},
        validation=0.25,
    )


@pytest.fixture(scope="module")
def judge(problem):
    truths = problem.train.truths
    return train_judge(truths["s"], truths["c"], (SIZE,), CLASSES, seed=0, epochs=20, width=16)


@pytest.fixture(scope="module")
def scorer(problem, judge):
    return Scorer(problem, {"s": judge})


def graph_of(*, conditions=(), through_decoder=False):
    """Class and number from x, samples by a VAE; `through_decoder`: the class from what the decoder makes."""
    return wired(
        [
            ("code", "g", numeric_unit(6), "concatenation"),
            ("paint", "d", samples_unit(SIZE), "concatenation"),
            ("class", "delta", discrete_unit(CLASSES), "concatenation"),
            ("number", "g", numeric_unit(2), "concatenation"),
        ],
        [("x", "code"), ("k", "number"), ("code", "paint", Role.LATENT),
         *((name, "paint", Role.CONDITION) for name in conditions),
         ("paint" if through_decoder else "x", "class"), ("x", "number"),
         ("class", "c"), ("number", "y"), ("paint", "s")],
        [("c", discrete_unit(CLASSES)), ("y", numeric_unit(2)), ("s", samples_unit(SIZE))],
        [("cross_entropy", "c", "c"), ("mse", "y", "y"), ("gaussian", "s", "s"), ("kl", "code", None)],
        inputs=[("x", SIZE), ("k", CLASSES)],
    )  # fmt: skip


def conditioned_by_class():
    """The graph above with its Discrete input as what conditions the samples."""
    graph = graph_of(conditions=("k",))
    k = graph.inputs[1].model_copy(update={"unit": discrete_unit(CLASSES)})
    return graph.model_copy(update={"inputs": (graph.inputs[0], k)})


def constant(graph, **values):
    """The module whose networks' last layers give these values, whatever they get."""
    module = compile(graph, seed=1)
    for name, value in values.items():
        layer = module.layers[f"{name}-0"]
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.copy_(torch.as_tensor(value))
    return module


def trained(problem, graph, steps=400):
    module = compile(graph, seed=1)
    split = problem.train
    truths = {name: split.truths[name] for name in module.plan.outputs}
    assert fit(module, split.inputs, truths, steps=steps, batch=50, learning_rate=0.02).failure is None
    return module


def test_a_constant_prediction_has_the_scores_of_the_closed_form(problem, scorer):
    module = constant(graph_of(), number=[0.25, 0.5], **{"class": [0.0, 5.0, 0.0]})
    split = problem.validation
    scores = scorer.score(module, split)
    assert scores["accuracy"] == pytest.approx((split.truths["c"] == 1).double().mean().item())
    error = (split.truths["y"].double() - torch.tensor([0.25, 0.5])) ** 2
    assert scores["mse"] == pytest.approx(error.mean().item())
    spread = (split.truths["y"].double() - split.truths["y"].double().mean(0)) ** 2
    assert scores["r2"] == pytest.approx(1 - (error.sum() / spread.sum()).item())


def test_constant_samples_have_no_entropy_no_diversity_and_cover_nothing(problem, scorer):
    scores = scorer.score(constant(graph_of(), paint=[9.0] * SIZE), problem.validation)
    assert scores["diversity"] == scores["density"] == scores["coverage"] == scores["spread"] == 0
    assert scores["entropy"] < 0.1  # one count is added to each class


def test_the_conditioning_of_constant_samples_is_the_frequency_of_their_class(problem, judge, scorer):
    row = problem.train.truths["s"][0]
    module = constant(graph_of(conditions=("x",)), paint=row)
    expected = (judge.judge(problem.validation.inputs["x"])[0] == judge.judge(row[None])[0]).double().mean().item()
    assert scorer.score(module, problem.validation)["conditioning"] == pytest.approx(expected, abs=0.02)
    assert expected == pytest.approx(1 / 3, abs=0.1)


def copier(factor=1.0, offset=0.0):
    """A decoder that gives x · factor + offset, whatever the noise is."""
    module = compile(graph_of(conditions=("x",)), seed=1)
    layer = module.layers["paint-0"]  # its inputs: three latent variables, then x
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[:, 3:].copy_(torch.eye(SIZE) * factor)
        layer.bias.fill_(offset)
    return module


def test_copies_of_the_data_cover_almost_nothing_because_there_are_few_conditions(problem, scorer):
    scores = scorer.score(copier(), problem.validation)
    assert scores["conditioning"] == scores["copying"] == 1
    assert scores["entropy"] > 0.98
    assert scores["coverage"] < 0.25
    assert scores["diversity"] == pytest.approx(0, abs=1e-6)
    assert scores["spread"] == pytest.approx(0, abs=1e-6)


def test_with_a_condition_for_each_sample_copies_look_like_the_data(problem, judge):
    scores = Scorer(problem, {"s": judge}, few=False).score(copier(), problem.validation)
    assert scores["coverage"] > 0.98
    assert scores["diversity"] == pytest.approx(1, abs=0.1)


def test_the_scaling_of_the_condition_does_not_matter(problem, judge):
    """The input is standardised and the output is not: both show the same row."""
    raw = torch.cat([getattr(problem, split).truths["s"] for split in ("train", "validation", "test")])
    labels = torch.cat([getattr(problem, split).truths["c"] for split in ("train", "validation", "test")])
    made = Problem.from_arrays(
        "scaled",
        inputs={"x": numeric(raw, scale=2.0, offset=0.5), "k": discrete(labels)},
        outputs={"c": discrete(labels), "y": numeric(raw[:, :2]), "s": samples(raw, scale="none")},
    )
    scores = Scorer(made, {"s": judge}).score(copier(2.0, 0.5), made.validation)
    assert scores["conditioning"] == scores["copying"] == 1
    shown = Scorer(made, {"s": judge}).references.conditions("s", made.validation, torch.arange(5))
    torch.testing.assert_close(shown, made.validation.truths["s"][:5])


def test_at_a_rung_as_many_real_rows_are_compared_as_samples(problem, scorer):
    module = copier()
    with torch.no_grad():
        module.layers["paint-0"].weight[:, :3] = 0.05
    few, many = (scorer.score(module, problem.validation, count) for count in (60, 1000))
    part = problem.validation.take(torch.arange(60))
    assert few["coverage"] == pytest.approx(scorer.score(module, part)["coverage"])
    assert few["coverage"] != many["coverage"]


def test_the_noise_of_the_test_split_differs(problem, scorer):
    same = problem.model_copy(update={"test": problem.validation.take(torch.arange(len(problem.validation)))})
    module = compile(graph_of(), seed=1)
    first, other = (replace(scorer, problem=same).score(module, split) for split in (same.validation, same.test))
    assert first["mse"] == other["mse"]
    assert first["density"] != other["density"]


def test_training_rows_are_memorised(problem, scorer):
    module = compile(graph_of(), seed=1)
    assert scorer.score(module, problem.validation)["memorising"] >= 0
    rows = problem.train.truths["s"][:1]
    memory = constant(graph_of(), paint=rows[0])
    assert scorer.score(memory, problem.validation)["memorising"] == 1
    held = constant(graph_of(), paint=problem.validation.truths["s"][5])
    assert scorer.score(held, problem.validation)["memorising"] == 0


def test_on_the_training_split_nothing_is_held_out(problem, scorer):
    assert "memorising" not in scorer.score(compile(graph_of(), seed=1), problem.train)


def test_samples_without_conditions_have_no_scores_of_conditioning(problem, scorer):
    scores = scorer.score(compile(graph_of(), seed=1), problem.validation)
    assert problem.metrics.keys() - scores.keys() == {"conditioning", "copying", *ON_DEMAND}


def test_samples_conditioned_by_their_class_are_compared_with_the_row_that_has_it(problem, scorer):
    module = trained(problem, conditioned_by_class())
    assert module.plan.inputs_of("s", "generate") == {"k"}
    scores = scorer.score(module, problem.validation)
    assert scores["conditioning"] > 0.9
    assert scores["copying"] < 0.2


def test_predictions_through_a_decoder_fail_when_they_are_scored_by_generating(problem, judge, scorer):
    module = trained(problem, graph_of(through_decoder=True))
    predicting = scorer.score(module, problem.validation)
    generating = Scorer(problem, {"s": judge}, protocol="generate").score(module, problem.validation)
    assert predicting["accuracy"] > 0.95
    assert generating["accuracy"] == pytest.approx(1 / CLASSES, abs=0.1)
    assert predicting["mse"] == generating["mse"]
    for name in ("entropy", "density", "coverage", "diversity", "entropy_coverage"):
        assert predicting[name] == generating[name]


def test_outputs_without_a_latent_connection_have_equal_scores_in_both_modes(problem, judge, scorer):
    module = compile(graph_of(), seed=1)
    assert scorer.score(module, problem.validation) == Scorer(problem, {"s": judge}, protocol="generate").score(
        module, problem.validation
    )


def test_a_trained_model_is_better_than_an_untrained_one(problem, scorer):
    module = trained(problem, graph_of())
    before, after = scorer.score(compile(graph_of(), seed=1), problem.test), scorer.score(module, problem.test)
    assert after["accuracy"] > 0.95 > before["accuracy"]
    assert after["mse"] < before["mse"]


def test_the_same_seed_gives_the_same_scores_and_torchs_generator_is_left_alone(problem, judge):
    module = compile(graph_of(through_decoder=True), seed=1)
    state = torch.get_rng_state()
    first, again, other = (
        Scorer(problem, {"s": judge}, protocol="generate", seed=seed).score(module, problem.validation)
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert first == again != other


def test_scores_are_finite_and_named_as_the_problem_names_its_metrics(problem, scorer):
    scores = scorer.score(compile(graph_of(conditions=("x",)), seed=1), problem.validation)
    assert list(scores) == [name for name in problem.metrics if name not in ON_DEMAND]
    assert all(math.isfinite(value) for value in scores.values())


def test_every_score_of_an_output_has_a_standard_error_and_those_of_the_graph_have_none(problem, scorer):
    module = compile(graph_of(conditions=("x",)), seed=1)
    scores, errors = scorer.score_with_errors(module, problem.validation)
    assert scores == scorer.score(module, problem.validation)
    assert list(errors) == [name for name in scores if name != "parameters"]
    assert all(math.isfinite(error) and error >= 0 for error in errors.values())
    assert scorer.score_with_errors(module, problem.validation)[1] == errors
    share, rows = scores["accuracy"], len(problem.validation)
    assert errors["accuracy"] == pytest.approx((share * (1 - share) / rows) ** 0.5, rel=0.4)  # one estimate varies


def test_a_model_of_fewer_outputs_has_fewer_scores(problem, scorer):
    graph = wired([("a", "g", numeric_unit(2), "concatenation")], [("x", "a"), ("k", "a"), ("a", "y")],
                  [("y", numeric_unit(2))], [("mse", "y", "y")], inputs=[("x", SIZE), ("k", CLASSES)])  # fmt: skip
    assert scorer.score(compile(graph, seed=1), problem.validation).keys() == {"mse", "r2", "parameters"}


def test_without_a_judge_samples_have_no_scores(problem):
    scores = Scorer(problem, {}).score(compile(graph_of(), seed=1), problem.validation)
    assert scores.keys() == {"accuracy", "balanced_accuracy", "mse", "r2", "parameters"}


@pytest.mark.parametrize(("network", "output"), [("number", "y"), ("class", "c"), ("paint", "s")])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_with_the_name_of_the_output(problem, scorer, network, output, value):
    module = compile(graph_of(), seed=1)
    with torch.no_grad():
        module.layers[f"{network}-0"].bias.fill_(value)
    with pytest.raises(ScoringError, match=f"output {output!r} is not finite on \\d+ rows"):
        scorer.score(module, problem.validation)


def test_the_module_is_left_in_evaluation_mode_without_gradients(problem, scorer):
    module = compile(graph_of(), seed=1).train()
    scorer.score(module, problem.validation)
    assert not module.training
    assert all(parameter.grad is None for parameter in module.parameters())


def test_predictions_do_not_depend_on_the_number_of_rows_in_a_pass(problem, monkeypatch):
    module = compile(graph_of(through_decoder=True), seed=1)
    whole = predictions(module, problem.train, ["c", "y"], "generate", 3)
    monkeypatch.setattr("valp.spaces.problem.sampling.ROWS", 7)
    parts = predictions(module, problem.train, ["c", "y"], "generate", 3)
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name])


@pytest.mark.parametrize("count", [1, 150, 1000])
def test_samples_are_conditioned_by_every_row_about_as_often(problem, count):
    module = compile(graph_of(conditions=("x",)), seed=1)
    generated, rows = generate(module, problem.validation, "s", count, seed=4)
    assert generated.shape == (count, SIZE)
    counts = torch.bincount(rows, minlength=len(problem.validation))
    assert counts.max() - counts.min() <= 1


def test_two_samples_outputs_of_different_sizes_are_both_scored(problem, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    several = Problem.from_arrays(
        "two",
        inputs={"x": numeric(problem.train.inputs["x"], scale="none")},
        outputs={
            "c": discrete(problem.train.truths["c"]),
            "s": samples(problem.train.truths["s"], scale="none"),
            "t": samples(problem.train.truths["s"][:, :5], scale="none"),
        },
    )
    graph = wired(
        [("code", "g", numeric_unit(6), "concatenation"), ("p", "d", samples_unit(SIZE), "concatenation"),
         ("q", "d", samples_unit(5), "concatenation"), ("class", "delta", discrete_unit(CLASSES), "concatenation")],
        [("x", "code"), ("code", "p", Role.LATENT), ("code", "q", Role.LATENT), ("code", "class"),
         ("class", "c"), ("p", "s"), ("q", "t")],
        [("c", discrete_unit(CLASSES)), ("s", samples_unit(SIZE)), ("t", samples_unit(5))],
        [("cross_entropy", "c", "c"), ("gaussian", "s", "s"), ("gaussian", "t", "t"), ("kl", "code", None)],
        inputs=[("x", SIZE)],
    )  # fmt: skip
    scores = Scorer(several, judges_of(several)).score(compile(graph, seed=1), several.validation)
    unconditioned = {f"{code}.{name}" for code in ("conditioning", "copying") for name in "st"}
    assert several.metrics.keys() - scores.keys() == {*unconditioned, *ON_DEMAND}


def test_a_split_of_two_rows_can_be_scored(problem, scorer):
    few = problem.validation.take(torch.arange(2))
    scores, errors = replace(scorer, seed=1).score_with_errors(compile(graph_of(), seed=1), few)
    assert errors.keys() <= {"balanced_accuracy"}  # it has a formula
    assert all(math.isfinite(value) for value in scores.values())
