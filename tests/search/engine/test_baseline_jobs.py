"""The baselines of real searches."""

import pytest

from tests.search.listener import Listener
from valp.files import read_model
from valp.search.facade.launch import launch
from valp.search.run.folder import CANDIDATE
from valp.spaces.baselines.baseline_codes import LONGER
from valp.spaces.baselines.baselines import FEWEST
from valp.spaces.candidate import Candidate

STEPS = 90


def searched(problem, runs, **settings):
    asked = {"name": "r", "candidates": 20, "steps": STEPS, "workers": 0, "strategy": "evolution"} | settings
    return launch(problem, runs=runs, display=Listener(), **asked)


@pytest.fixture(scope="module")
def tuned(digits_problem, tmp_path_factory):
    """A search whose candidates inherit, so that the front has seen more than one training."""
    return searched(digits_problem, tmp_path_factory.mktemp("tuned"), baselines="tuned")


def test_every_output_has_several_networks_and_the_models_without_a_graph(tuned):
    told = tuned.stored.ledger.baselines
    networks = {"network", *(f"tuned-{number}" for number in range(1, FEWEST))}
    for output in ("digit", "stroke"):
        assert {"none", "linear", "trees"} | networks <= told[output].keys()
    assert {"linear"} | networks <= told["image"].keys()
    assert "none" not in told["image"]
    assert all(result.failure is None for results in told.values() for result in results.values())


def test_the_best_networks_are_trained_as_long_as_the_front_and_only_once(tuned):
    told = tuned.stored.ledger.baselines
    seen = sorted(entry.samples_seen_with_parents for entry in tuned.stored.front())
    median = (seen[(len(seen) - 1) // 2] + seen[len(seen) // 2]) / 2
    assert median > 1.5 * STEPS * 50
    for output, results in told.items():
        assert results[LONGER].samples_seen == pytest.approx(median, rel=0.02)
        folder = tuned.stored.folder
        best = tuned.stored.baselines.leading(output, ("network", "tuned"))
        graphs = [read_model(Candidate, folder.baseline(output, code) / CANDIDATE).graph for code in (best, LONGER)]
        assert graphs[0] == graphs[1]


def test_the_baselines_are_a_frame_and_rows_of_the_table(tuned):
    frame = tuned.baselines()
    assert list(frame.index)[:4] == ["no learning", "linear", "boosted trees", "single-task, tuned"]
    assert frame.loc["no learning", "accuracy"] < 0.2
    assert frame.loc["linear", "accuracy"] > 0.9
    assert frame.loc["linear", "mse"] < 0.1
    assert frame.loc["linear", "r2"] > 0.9


def test_without_baselines_nothing_but_candidates_is_trained(digits_problem, tmp_path):
    run = searched(digits_problem, tmp_path, baselines="none", candidates=2, strategy="random", steps=5)
    assert run.stored.ledger.baselines == {}
    assert not (run.path / "baselines").exists()
    assert run.baselines().empty


def test_a_resumed_run_keeps_its_baselines(digits_problem, tmp_path):
    asked = {"steps": 5, "strategy": "random", "baselines": "quick"}
    before = searched(digits_problem, tmp_path, candidates=1, **asked).stored.ledger.baselines
    after = searched(digits_problem, tmp_path, candidates=2, **{**asked, "baselines": None})
    assert after.stored.settings.baselines == "quick"
    assert after.stored.ledger.baselines == before
