"""A search keeps to the conditions of its problem, and a class-conditioned sampler makes what it is asked for."""

from collections import Counter

import numpy as np
import pytest
import torch

from tests.search.listener import Listener
from valp.compile.compile import lower
from valp.errors import SettingError
from valp.graph.graph import Connection, Dense, Graph, Role
from valp.model.bundle import load
from valp.search.facade.launch import launch
from valp.search.run.run import open_run
from valp.search.run.settings import read_settings
from valp.spaces.catalogue import CATALOGUE
from valp.spaces.problem.interface import require_conditions
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.sampling import generate

pytestmark = pytest.mark.usefixtures("narrow")


def search(problem, runs, **settings):
    usual = {
        "name": "s",
        "runs": runs,
        "steps": 3,
        "batch": 20,
        "workers": 0,
        "baselines": "none",
        "display": Listener(),
    }
    return launch(problem, **usual | settings).stored


def asked_by(graph: Graph) -> frozenset[str]:
    return lower(graph).inputs_of("image", "generate")


def class_conditional(problem) -> Graph:
    """A VAE whose decoder gets the class that a Discretizer predicts, with a mixture as its prior."""
    graph = CATALOGUE["vae"].build(problem)
    small = {"encoder": 128, "image_decoder": 128, "digit_head": 64, "stroke_head": 32}
    networks = tuple(
        network.model_copy(update={"layers": (Dense(units=small[network.name]),)}) if network.name in small else network
        for network in graph.networks
    )
    networks = tuple(n.model_copy(update={"prior": "mixture"}) if n.name == "image_decoder" else n for n in networks)
    condition = Connection(source="digit_head", target="image_decoder", role=Role.CONDITION)
    update = {"networks": networks, "connections": (*graph.connections, condition), "given": ("digit",)}
    return graph.model_copy(update=update)


@pytest.mark.parametrize("strategy", ["random", "evolution", "tpe"])
def test_candidates_of_a_search_are_asked_for_a_class_or_for_nothing(strategy, digits_problem, tmp_path):
    run = search(digits_problem, tmp_path, strategy=strategy, candidates=14)
    graphs = [entry.candidate.graph for entry in run.ledger.entries()]
    assert all(asked_by(graph) <= {"digit"} for graph in graphs)
    assert all(graph.given == tuple(filter(graph.predictors, ["digit"])) for graph in graphs)
    assert run.settings.conditions == run.problem.conditions == ("digit",)
    again = search(digits_problem, tmp_path, strategy=strategy, candidates=15)
    assert [entry.candidate.graph for entry in again.ledger.entries()][:14] == graphs


def test_a_search_with_other_conditions_proposes_other_samplers(digits_problem, tmp_path):
    nothing, anything = (digits_problem.model_copy(update={"conditions": some}) for some in ((), None))
    run = search(nothing, tmp_path, candidates=8, seed=1)
    assert all(asked_by(entry.candidate.graph) == frozenset() for entry in run.ledger.entries())
    with pytest.raises(SettingError, match="run 's' has conditions none, but digit was given"):
        search(digits_problem, tmp_path, candidates=9, seed=1)
    run = search(anything, tmp_path, name="any", candidates=12, seed=2)
    assert "conditions" not in run.folder.settings.read_text()
    assert {"pixels"} in [asked_by(entry.candidate.graph) for entry in run.ledger.entries()]
    before = [entry.candidate.graph for entry in run.ledger.entries()]
    resumed = search(digits_problem, tmp_path, name="any", candidates=13, seed=2)  # as a run of an earlier version
    assert read_settings(resumed.folder.settings).conditions is None
    assert [entry.candidate.graph for entry in resumed.ledger.entries()][:12] == before
    assert resumed.problem.conditions is None


def test_the_papers_space_has_samplers_with_any_condition(digits_problem, tmp_path):
    run = search(digits_problem, tmp_path, space="paper", candidates=12)
    assert {"pixels"} in [asked_by(entry.candidate.graph) for entry in run.ledger.entries()]
    assert {entry.candidate.graph.given for entry in run.ledger.entries()} == {()}


def test_a_search_does_not_start_from_a_graph_with_another_condition(digits_problem, tmp_path):
    start = [CATALOGUE["figure-7"].build(digits_problem)]
    sentence = "^samples of digits may be asked for by digit, but 'image' of the graph depends on input 'pixels' when"
    with pytest.raises(SettingError, match=sentence):
        search(digits_problem, tmp_path, start_from=start, candidates=1)
    assert list(tmp_path.iterdir()) == []
    assert search(digits_problem, tmp_path, start_from=start, candidates=1, space="paper").ledger.entries()
    asked = class_conditional(digits_problem)
    require_conditions(asked, "digits", ("digit",))
    with pytest.raises(
        SettingError, match="asked for by nothing, but 'image' of the graph depends on the class 'digit'"
    ):
        require_conditions(asked, "digits", ())
    with pytest.raises(SettingError, match="depends on input 'pixels'"):
        require_conditions(asked.model_copy(update={"given": ()}), "digits", ("digit",))


@pytest.fixture(scope="module")
def trained(digits_problem, tmp_path_factory):
    """A class-conditional VAE of the digits, from a run of one candidate, and its bundle."""
    runs = tmp_path_factory.mktemp("class")
    start = [class_conditional(digits_problem)]
    run = search(digits_problem, runs, start_from=start, candidates=1, steps=2000, batch=50, keep="all")
    path = open_run(runs, run.folder.name).folder.path / "m.valp"
    from valp.search.engine.models import model_of

    model_of(run, run.ledger.entry(0)).save(path)
    return run, path


def labels_of(problem, images):
    judge = judges_of(problem)["image"]
    column = problem.columns.output("image")
    return judge.judge(column.prepare(images.reshape(len(images), -1)))[0].numpy()


@pytest.mark.heavy
def test_samples_asked_for_by_a_class_are_of_this_class(digits_problem, trained, valp, tmp_path):
    run, path = trained
    scores = run.ledger.entry(0).result.scores
    assert scores["conditioning"] >= 0.8
    done = valp("generate", path, "-n", 300, "--condition", "digit=7", "--seed", 1, "-o", tmp_path / "g.npz")
    assert done.code == 0, done.err
    with np.load(tmp_path / "g.npz") as arrays:
        images = arrays["image"]
    sevens = (labels_of(digits_problem, images) == 7).mean()
    every = [
        (
            labels_of(digits_problem, load(path).generate(200, conditions={"digit": digit}, seed=2)["image"]) == digit
        ).mean()
        for digit in range(10)
    ]
    assert sevens >= 0.8
    assert np.mean(every) >= 0.8


@pytest.mark.heavy
def test_without_a_condition_the_classes_come_as_often_as_in_the_training_split(digits_problem, trained):
    model = load(trained[1])
    count = 3000
    labels = labels_of(digits_problem, model.generate(count, seed=5)["image"])
    asked = np.array(model.manifest.shares["digit"])
    real = torch.bincount(digits_problem.train.truths["digit"]).double()
    assert asked == pytest.approx((real / real.sum()).numpy())
    made = np.bincount(labels, minlength=10) / count
    assert np.abs(made - asked).max() < 0.05


@pytest.mark.heavy
def test_the_rows_that_condition_samples_give_their_true_class(digits_problem, trained):
    model = load(trained[1])
    samples, rows = generate(model.module, digits_problem.validation, "image", 400, seed=0)
    labels = judges_of(digits_problem)["image"].judge(samples)[0]
    assert (labels == digits_problem.validation.truths["digit"][rows]).double().mean() > 0.8
    assert max(Counter(labels.tolist()).values()) < 80
