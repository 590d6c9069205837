"""The baselines of real searches."""

from dataclasses import replace

import pytest

from tests.search.listener import Listener
from valp.files import read_model
from valp.search.engine.baseline_jobs import longer_jobs
from valp.search.facade.launch import launch
from valp.search.run.folder import CANDIDATE
from valp.search.strategies import Question
from valp.spaces.baselines.baseline_codes import LONGER
from valp.spaces.baselines.baselines import FEWEST, MOST_TRAININGS
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import DEFAULT

pytestmark = pytest.mark.usefixtures("narrow")

STEPS = 90


def searched(problem, runs, **settings):
    asked = {"name": "r", "candidates": 20, "steps": STEPS, "workers": 0, "strategy": "evolution"} | settings
    return launch(problem, runs=runs, **{"display": Listener()} | asked)


@pytest.fixture(scope="module")
def listener():
    return Listener()


@pytest.fixture(scope="module")
def tuned(digits_problem, tmp_path_factory, listener):
    """A search whose candidates inherit, so that the front has seen more than one training."""
    return searched(digits_problem, tmp_path_factory.mktemp("tuned"), baselines="tuned", display=listener)


def test_every_output_has_several_networks_and_the_models_without_a_graph(tuned):
    told = tuned.stored.ledger.baselines
    networks = {"network", *(f"tuned-{number}" for number in range(1, FEWEST))}
    for output in ("digit", "stroke"):
        assert {"none", "linear", "trees"} | networks <= told[output].keys()
    assert {"linear"} | networks <= told["image"].keys()
    assert "none" not in told["image"]
    assert all(result.failure is None for results in told.values() for result in results.values())


def test_a_sampler_that_also_learns_its_class_is_told_and_counted_by_its_samples_only(tuned, listener):
    told = tuned.stored.ledger.baselines["image"]["tuned-2"].scores
    assert "accuracy" in told
    (line,) = [line for line in listener.lines if line.startswith("single-task image, tuned 2:")]
    assert "accuracy" not in line
    alone = replace(tuned.stored.baselines, told={"image": tuned.stored.ledger.baselines["image"]})
    assert "accuracy" not in alone.best
    assert all("accuracy" not in row.scores for row in alone.rows())


@pytest.mark.parametrize(("trainings", "asked"), [(1.2, 0), (3, 3), (50, MOST_TRAININGS)])
def test_the_best_networks_are_trained_as_long_as_the_front_but_not_much_longer(
    trainings, asked, tuned, digits_problem
):
    run, question = tuned.stored, Question(digits_problem, DEFAULT, Training(steps=STEPS), 0, 20)
    told = {o: {c: r for c, r in codes.items() if c != LONGER} for o, codes in run.ledger.baselines.items()}
    scores = replace(run.baselines, told=told)
    front = []
    for entry in run.front():
        seen = round(trainings * STEPS * 50) - entry.candidate.lineage_samples
        front.append(replace(entry, result=replace(entry.result, samples_seen=seen)))
    jobs = {job.output: job for job in longer_jobs(run.folder, question, front, scores)}
    assert jobs.keys() == (told.keys() if asked else set())
    for output, job in jobs.items():
        best = read_model(Candidate, run.folder.baseline(output, scores.leading(output)) / CANDIDATE)
        assert job.candidate.graph == best.graph
        training = job.candidate.training
        assert training.steps * training.batch == pytest.approx(asked * STEPS * 50, rel=0.02)
    assert not [*longer_jobs(run.folder, question, front, replace(scores, told=longer(told)))]


def longer(told):
    return {output: results | {LONGER: results["network"]} for output, results in told.items()}


def test_a_search_whose_front_has_seen_more_trains_them_and_only_once(tuned, digits_problem):
    told = tuned.stored.ledger.baselines
    seen = max(entry.samples_seen_with_parents for entry in tuned.stored.front())
    for results in told.values():
        assert (LONGER in results) == (seen >= 1.5 * STEPS * 50)
    again = searched(digits_problem, tuned.path.parent, baselines="tuned")
    assert again.stored.ledger.baselines == told


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
