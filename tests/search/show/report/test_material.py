"""The content of the report, before it becomes a page."""

import json
import shlex
from copy import deepcopy
from dataclasses import replace
from inspect import signature
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.conftest import files_of
from tests.search.show.report.untrained import untrained_run
from valp.compile.compile import compile
from valp.graph.graph import DataType
from valp.model.preprocessing import Column
from valp.search.cli import cli
from valp.search.facade.launch import launch
from valp.search.pareto.hypervolume import hypervolume
from valp.search.run.folder import CURVES
from valp.search.run.run import open_run
from valp.search.show.report import REPORT
from valp.search.show.report.choice_features import features_of
from valp.search.show.report.details import details
from valp.search.show.report.evidence import Evidence, evidence_of
from valp.search.show.report.graph_drawing import compact_svg, conditioning_paths
from valp.search.show.report.graph_structure import conditioned, legend_of, structure
from valp.search.show.report.importance import FEWEST, importance
from valp.search.show.report.material import DETAILED, effort, gather
from valp.search.show.report.page import write_report
from valp.search.show.report.prediction_counts import predicted
from valp.search.show.report.progress import progress
from valp.search.show.report.rounding import rounded
from valp.search.show.report.sample_pictures import generated_samples, real_samples
from valp.search.show.report.search_command import command
from valp.search.strategies.strategy import Question, draw_at_random
from valp.spaces.candidate import Candidate, Training
from valp.spaces.catalogue import CATALOGUE
from valp.spaces.generate.space import DEFAULT
from valp.spaces.problem.arrays import numeric, samples
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.splits import Split


@pytest.fixture(scope="module")
def drawn(digits_problem):
    """Candidates at random."""
    question = Question(digits_problem, DEFAULT, Training(steps=10), 0, 10)
    return [draw_at_random(question, number) for number in range(2 * FEWEST)]


# The whole


def test_it_is_json_and_names_every_candidate_and_single_task_model(run, evidence):
    steps = []
    material = gather(run, evidence, lambda: steps.append(1))
    summary = json.loads(json.dumps(material.summary))
    assert [row["n"] for row in summary["candidates"]] == [entry.number for entry in run.ledger.entries()]
    assert [single["output"] for single in summary["singles"]] == [output.name for output in run.problem.outputs]
    assert all(single["speed"] > 0 for single in summary["singles"])
    assert sorted(material.details) == sorted(entry.number for entry in run.front())
    assert sum(summary["states"].values()) == 4
    assert 0 < len(steps) <= effort(run)


def test_curves_of_a_single_task_network_are_of_its_own_output(run, monkeypatch):
    names = ["total", "cross_entropy:digit", "mse:stroke", "bernoulli:image", "kl:encoder"]
    curves = {"steps": [1], "losses": {name: [1.0] for name in names}}
    monkeypatch.setattr("valp.search.show.report.material.read_curves", lambda _: deepcopy(curves))
    singles = gather(run, Evidence(None, missing="no data")).summary["singles"]
    found = {single["output"]: [*single["curves"]["losses"]] for single in singles}
    assert found["image"] == ["total", "bernoulli:image", "kl:encoder"]
    assert found["digit"] == ["total", "cross_entropy:digit", "kl:encoder"]


def test_its_figures_agree_with_the_scores(run, evidence):
    """The confusion matrix and the generated samples give the accuracy and the entropy on the validation split."""
    entry = run.front()[0]
    made = details(run, entry, evidence)
    (classes,) = [one for one in made["predicted"] if "confusion" in one]
    counts = np.array(classes["confusion"])
    assert counts.trace() / counts.sum() == pytest.approx(entry.result.scores["accuracy"])
    (generated,) = made["generated"]
    rows = len(evidence.split)
    shares = (np.array(generated["shares"]) * rows + 1) / (rows + 10)  # one count is added to each class
    entropy = -(shares * np.log(shares)).sum() / np.log(10)
    assert entropy == pytest.approx(entry.result.scores["entropy"], abs=0.1)  # the page shows more samples


def test_without_the_data_the_report_gives_the_reason_and_shows_the_rest(run, tmp_path):
    gone = replace(run, settings=run.settings.model_copy(update={"source": str(tmp_path / "gone.toml")}))
    missing = evidence_of(gone, print)
    assert "gone.toml" in missing.missing
    material = gather(gone, missing)
    assert all(made["svg"] and made["curves"] and "gone.toml" in made["missing"] for made in material.details.values())
    assert not any("predicted" in made for made in material.details.values())


def test_data_that_differ_from_those_of_the_run_are_not_used(run):
    other = replace(run, settings=run.settings.model_copy(update={"fingerprint": "another"}))
    assert "changed" in evidence_of(other, print).missing


def test_deleted_weights_are_mentioned(runs_copy, evidence):
    run = open_run(runs_copy, "small")
    entry = run.front()[0]
    (run.folder.candidate(entry.number) / "weights.safetensors").unlink()
    (run.folder.candidate(entry.number) / CURVES).unlink()
    made = details(run, entry, evidence)
    assert "no weights" in made["missing"]
    assert made["curves"] is None


def test_a_run_without_candidates_has_a_report(run, evidence, tmp_path):
    empty = untrained_run(run, [], None, tmp_path)
    assert gather(empty, evidence).details == {}
    assert write_report(empty, tmp_path / "empty.html").stat().st_size > 0


# The command


def test_the_command_of_the_report_is_accepted_by_the_program(run):
    words = shlex.split(command(run, 4))
    assert words[:3] == ["valp", "search", "digits"]
    context = cli.commands["search"].make_context("search", words[2:])
    for name in ("strategy", "space", "steps", "batch", "seed", "protocol", "keep", "executor", "halving", "baselines"):
        assert context.params[name] == getattr(run.settings, name)
    assert context.params["objectives"] == run.settings.objectives
    assert context.params["candidates"] == 4


def test_a_run_of_arrays_is_repeated_from_python(run):
    """The command line does not know its problem."""
    settings = run.settings.model_copy(update={"problem": "mine"})
    call = command(replace(run, settings=settings), 4)
    asked = eval(call, {"valp": SimpleNamespace(launch=lambda problem, **words: words), "problem": None})
    assert asked.keys() <= signature(launch).parameters.keys()
    assert asked["baselines"] == run.settings.baselines
    assert asked["objectives"] == list(run.settings.objectives)
    assert asked["candidates"] == 4


def test_a_run_of_an_earlier_version_says_that_it_is_not_repeated(run):
    settings = run.settings.model_copy(update={"priors": ("normal",)})
    assert "earlier version" in command(replace(run, settings=settings), 4)
    assert "earlier version" not in command(run, 4)


def test_the_command_line_writes_the_page_and_prints_its_path(valp, runs_copy):
    before = files_of(runs_copy)
    done = valp("report", "small", "--runs", runs_copy, "--json")
    assert done.code == 0, done.err
    path = runs_copy / "small" / REPORT
    assert done.json == {"report": str(path)}
    assert path.read_text().startswith("<!doctype html>")
    assert set(files_of(runs_copy)) - set(before) == {f"small/{REPORT}"}


def test_a_run_that_is_not_there_is_refused(valp, tmp_path):
    outcome = valp("report", "none", "--runs", tmp_path)
    assert (outcome.code, outcome.out) == (1, "")
    assert "no run 'none'" in outcome.err


def test_a_report_that_cannot_be_written_leaves_nothing(valp, small_runs, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = valp("report", "small", "--runs", small_runs, "-o", tmp_path / "file" / "report.html")
    assert outcome.code == 1
    assert "cannot be written" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# Parts


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
def test_the_hypervolume_of_whole_numbers_is_the_number_of_cells_below_a_point(dimensions):
    points = np.random.default_rng(dimensions).integers(0, 5, (6, dimensions))
    cells = np.stack(np.meshgrid(*[np.arange(4)] * dimensions, indexing="ij"), -1).reshape(-1, dimensions)
    below = (cells[:, None] < points[None]).all(2).any(1)
    assert hypervolume(points.astype(float)) == pytest.approx(below.sum())


def test_progress_follows_the_order_in_which_candidates_ended(run, drawn, tmp_path):
    scores = [(0.5, 0.4, 0.1), (0.7, 0.5, 0.2), (0.6, 0.1, 0.3), (0.9, 0.2, 0.4)]
    made = progress(*_with_entries(untrained_run(run, drawn[:4], scores.__getitem__, tmp_path)))
    assert made["best"]["accuracy"] == [(0, 0.5), (1, 0.7), (3, 0.9)]
    assert made["best"]["mse"] == [(0, 0.4), (2, 0.1)]
    assert made["spent"]["samples seen"] == [100, 200, 300, 400]
    volumes = [volume for _, volume in made["hypervolume"]]
    assert volumes == sorted(volumes)
    assert 0 < volumes[-1] <= 1


def _with_entries(run):
    return run, run.ledger.entries()


def test_importance_needs_a_minimum_of_candidates(run, drawn, tmp_path):
    few = untrained_run(run, drawn[: FEWEST - 1], lambda number: (0.1, 0.1, 0.1), tmp_path)
    assert importance(few, few.ledger.entries()) == {"enough": False, "candidates": FEWEST - 1, "needed": FEWEST}


def test_the_decisive_choice_comes_first_and_noise_has_no_important_choice(run, drawn, tmp_path):
    noise = np.random.default_rng(0).random((len(drawn), 2))

    def score(number):
        return features_of(drawn[number])["learning rate (log)"], noise[number, 0], noise[number, 1]

    many = untrained_run(run, drawn, score, tmp_path)
    made = importance(many, many.ledger.entries())["objectives"]
    name, mean, deviation, rho = made["accuracy"]["choices"][0]
    assert name == "learning rate (log)"
    assert mean > deviation
    assert rho > 0.9
    assert made["mse"]["choices"] == made["entropy_coverage"]["choices"] == []


def test_a_structure_names_every_component_connection_and_loss(drawn):
    legend = legend_of(drawn)
    for candidate in drawn[:10]:
        graph, made = candidate.graph, structure(candidate, legend)
        assert [node[0] for node in made["v"]] == [component.name for component in graph.components]
        names = [node[0] for node in made["v"]]
        assert [(names[a], names[b]) for a, b, *_ in made["e"]] == [(c.source, c.target) for c in graph.connections]
        assert len(made["l"]) == len(graph.losses)


def test_a_drawing_names_its_nodes_and_follows_the_colours_of_the_page(drawn):
    graph = drawn[0].graph
    svg = compact_svg(graph)
    assert all(f'data-node="{component.name}"' in svg for component in graph.components)
    assert all(f'data-from="{c.source}" data-to="{c.target}"' in svg for c in graph.connections)
    assert "font-family" not in svg
    assert "<title>" not in svg
    assert "#" not in svg.replace("xmlns", "")


@pytest.mark.parametrize("name", ["vae", "mt-vae"])
def test_a_vae_has_no_conditioning_path(digits_problem, name):
    assert conditioning_paths(CATALOGUE[name].build(digits_problem)) == []


def test_a_conditioning_path_goes_from_inputs_to_samples_by_connections_that_are_kept(drawn):
    found = 0
    for candidate in drawn:
        graph = candidate.graph
        paths = conditioning_paths(graph)
        module = compile(graph, seed=0)
        assert bool(paths) == conditioned(graph) == bool(module.plan.inputs_of("image", "generate"))
        found += bool(paths)
    assert found > 0


def test_numbers_have_as_many_digits_as_are_shown():
    assert rounded([0.123456789, 1234567.0, float("nan"), float("inf")]) == [0.12346, 1234600.0, 0.0, 0.0]


def test_missing_true_values_are_not_counted():
    column = Column(name="y", type=DataType.NUMERIC, size=2)
    truth = torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]])
    present = torch.tensor([[True, False], [True, True], [True, False]])
    made = predicted(column, truth.clone(), Split({"x": truth}, {"y": truth}, {"y": present}))
    assert sum(count for _, _, count in made["panels"][0]["cells"]) + made["panels"][0]["outside"] == 4
    assert made["r2"] == [1.0, 0.0]


def test_labels_are_counted_one_by_one():
    column = Column(name="y", type=DataType.DISCRETE, size=2, labels=True)
    truth = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    values = torch.tensor([[0.9, 0.8], [0.7, 0.1], [0.2, 0.9]])
    made = predicted(column, values, Split({"x": truth}, {"y": truth}))
    assert made["labels"] == [("0", 1, 1, 1, 0), ("1", 1, 1, 0, 1)]


def test_samples_that_are_not_images_are_drawn_as_lines_without_classes():
    rows = np.random.default_rng(0).normal(size=(80, 5))
    problem = Problem.from_arrays("lines", inputs={"x": numeric(rows)}, outputs={"copy": samples(rows)})
    evidence = Evidence(problem)
    made = real_samples(evidence)["copy"]
    assert all(len(line) == 5 for row in made["shown"]["lines"] for line in row)
    module = compile(CATALOGUE["vae"].build(problem), seed=0)
    generated = generated_samples(module, evidence, "copy")
    assert generated["classes"] == []
    assert generated["shown"]["lines"]
    assert "shares" not in generated


def test_a_large_front_is_shown_in_full_up_to_a_limit(run, drawn, tmp_path):
    def score(number):  # all on the front
        return number, number, 0.5

    large = untrained_run(run, [drawn[0]] * (DETAILED + 5), score, tmp_path)
    material = gather(large, Evidence(None, missing="left out"))
    assert material.summary["front"] == DETAILED + 5
    assert len(material.details) == DETAILED


def test_lineages_count_each_ancestor_once(run, drawn, tmp_path):
    def child(*parents):
        origins = {f"n{i}": (parent, "n0") for i, parent in enumerate(parents)}
        return Candidate(graph=drawn[0].graph, training=Training(), inherits=origins)

    bred = untrained_run(run, [child(), child(0), child(0, 1)], lambda number: (number, 1, 1), tmp_path)
    rows = gather(bred, Evidence(None, missing="left out")).summary["candidates"]
    assert [row["m"] for row in rows] == [100, 200, 300]


def test_details_say_if_samples_reproduce_their_condition(run, evidence):
    entry = run.front()[0]
    copies = replace(entry, result=replace(entry.result, scores=entry.result.scores | {"copying": 0.9}))
    remark, *_ = details(run, copies, evidence)["remarks"]
    assert remark.startswith("The samples of image reproduce their condition: 90%")
