"""The comparison of latent spaces: equal parameters, β, few labels, probes, the page, and resuming."""

import json

import networkx as nx
import numpy as np
import pytest
import torch

from benchmarks import mt_vae
from benchmarks.mt_vae import Job, masks, prepare, trained
from benchmarks.mt_vae_graphs import CONTENDERS, REFERENCE, graph_of
from benchmarks.mt_vae_page import DISCUSSION
from benchmarks.mt_vae_probes import codes_of, labelled_rows, probed
from benchmarks.sharing_graphs import parameters
from valp.check.check import check
from valp.compile.compile import compile, lower
from valp.parts.losses import KL
from valp.parts.priors import MIXTURE
from valp.spaces.problem.problem import Problem, discrete, numeric, samples

SAMPLED = 2
BETA = 0.07


@pytest.fixture(scope="module")
def problem():
    """120 rows: the class is whether the first number is positive, and the numbers are to be generated."""
    torch.set_num_threads(1)
    x = np.random.default_rng(0).normal(size=(120, 6))
    return Problem.from_arrays(
        "small",
        inputs={"x": numeric(x)},
        outputs={"side": discrete(x[:, 0] > 0), "sum": numeric(x.sum(1)), "copy": samples(x)},
    )


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda one: one.code)
def test_all_contenders_are_valid_and_have_equal_parameters(contender, problem):
    graph = graph_of(contender, problem.description, BETA)
    assert check(graph).passed
    assert parameters(graph) == pytest.approx(parameters(CONTENDERS[0].build(problem.description)), rel=0.02)


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda one: one.code)
def test_only_the_latent_spaces_of_samples_get_the_chosen_beta_and_a_mixture(contender, problem):
    graph = graph_of(contender, problem.description, BETA)
    assert [one.name for one in graph.networks if one.prior == MIXTURE.code] == ["copy_decoder"]
    space = "code" if contender.code == "one-space" else "copy_code"
    others = {loss.prediction: loss.beta for loss in graph.losses if loss.kind == KL and loss.prediction != space}
    assert others == {
        loss.prediction: loss.beta
        for loss in contender.build(problem.description).losses
        if loss.kind == KL and loss.prediction != space
    }


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda one: one.code)
def test_a_nat_of_the_space_of_samples_weighs_the_same_in_all_contenders(contender, problem):
    """Also where the space feeds heads, whose KL is not divided by the variables of the samples."""
    space = "code" if contender.code == "one-space" else "copy_code"
    (term,) = [
        one for one in lower(graph_of(contender, problem.description, BETA)).divergences if one.name == f"kl:{space}"
    ]
    assert term.beta * sum(1 / size for _, _, size in term.latents) == pytest.approx(BETA / 6)


def test_single_task_networks_have_nothing_in_common(problem):
    contender = next(one for one in CONTENDERS if one.code == "single")
    graph = graph_of(contender, problem.description, BETA).digraph
    for network in (node for node in graph if node.startswith(("side", "sum", "copy")) and "_" in node):
        reached = {name for name in ("side", "sum", "copy") if graph.has_node(name)} & set(
            nx.descendants(graph, network)
        )
        assert len(reached) == 1


def test_few_labels_are_as_many_as_asked_for_and_all_rows_of_samples_count(problem):
    few = masks(problem, 30, seed=1)
    assert few.keys() == {"side", "sum"}
    assert all(mask.sum() == 30 and set(mask.unique().tolist()) == {0.0, 1.0} for mask in few.values())
    assert not torch.equal(few["side"], masks(problem, 30, seed=2)["side"])
    assert masks(problem, 0, seed=1) == {}


def test_codes_are_the_means_that_a_module_reports_and_probes_read_them(problem):
    module = compile(graph_of(CONTENDERS[0], problem.description, BETA), seed=0).eval()
    codes = codes_of(module, problem.test)
    assert codes.keys() == {"copy_code", "side_code", "sum_code"}
    with torch.no_grad():
        reported = module(problem.test.inputs, "train")["copy_code->copy_decoder"]
    assert np.allclose(codes["copy_code"], reported[:, : reported.shape[1] // SAMPLED], atol=1e-5)
    inputs = problem.train.inputs["x"].double().numpy(), problem.test.inputs["x"].double().numpy()
    every = np.arange(len(problem.train))
    found = probed(problem, {"x": inputs[0]}, {"x": inputs[1]}, every)
    assert found["x"]["sum"] == pytest.approx(1, abs=1e-3)  # the sum is linear in the inputs
    assert found["x"]["side"] > 0.8
    assert probed(problem, {"noise": inputs[0][::-1]}, {"noise": inputs[1]}, every)["noise"]["sum"] < 0.5
    few = probed(problem, {"x": inputs[0]}, {"x": inputs[1]}, labelled_rows(masks(problem, 4, 0)["sum"], len(every)))
    assert few["x"]["sum"] < found["x"]["sum"]  # four rows do not determine six numbers


def test_probes_learn_only_from_rows_that_have_labels(problem):
    mask = masks(problem, 30, seed=1)["side"]
    assert labelled_rows(mask, len(mask)).tolist() == np.flatnonzero(mask.numpy()).tolist()
    assert labelled_rows(None, 9).tolist() == list(range(9))


def test_the_page_has_a_verdict_for_each_rival_and_the_benchmark_resumes(problem, tmp_path, monkeypatch):
    monkeypatch.setattr(mt_vae, "load_problem", lambda name, say: problem)
    monkeypatch.setattr(mt_vae, "CONTENDERS", CONTENDERS[:2])
    ordered = ["--problems", "small", "--samples", "100", "--labels", "0", "--betas", "0.05", "1"]
    ordered += ["--seeds", "4", "--workers", "0"]
    base = tmp_path / "page"
    mt_vae.main([*ordered, "--runs", str(tmp_path), "-o", str(base)])
    text = base.with_suffix(".md").read_text()
    assert text.count("the MT-VAE, against") == 1
    assert "too few seeds" not in text
    document = json.loads(base.with_suffix(".json").read_text())
    found = document["problems"]["small"]["0"]
    assert all(len(one["trainings"]) == 4 and one["beta"] in (0.05, 1.0) for one in found.values())
    base.with_suffix(".md").write_text(text.rstrip() + "\n\nBy hand.\n")
    monkeypatch.setattr(mt_vae, "trained", lambda job: pytest.fail("nothing is left to train"))
    mt_vae.main([*ordered, "--runs", str(tmp_path), "-o", str(base)])
    kept = base.with_suffix(".md").read_text()
    assert kept[kept.index(DISCUSSION) :].endswith("By hand.\n")


def test_more_labels_than_rows_are_refused(problem, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mt_vae, "load_problem", lambda name, say: problem)
    with pytest.raises(SystemExit):
        mt_vae.main(["--problems", "small", "--labels", "5000", "--runs", str(tmp_path), "-o", str(tmp_path / "p")])
    assert f"--labels must not exceed the {len(problem.train)} training rows of small" in capsys.readouterr().err


def test_a_training_has_probes_of_its_latent_spaces_and_of_the_data(problem, monkeypatch):
    monkeypatch.setattr(mt_vae, "load_problem", lambda name, say: problem)
    prepare(["small"])
    row = trained(Job("small", REFERENCE, 100, 30, 0.2, 0))
    assert {"principal components", "all inputs", "latent space of copy_code"} <= row["probes"].keys()
    assert row["failure"] is None
