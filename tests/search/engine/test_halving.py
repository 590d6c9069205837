"""Successive halving: which candidates continue, and what is recorded of those that are stopped."""

import numpy as np
import pytest
from optuna.samplers import RandomSampler

from tests.metrics import are_measured, metric_of
from tests.search.listener import Listener
from valp.search.engine.rungs import FEWEST_STEPS, KEPT, Rungs, rungs_of
from valp.search.facade.launch import launch
from valp.search.halving.recorded_curves import RecordedCurves
from valp.search.halving.rung_ladder import RungLadder
from valp.search.halving.simulator import in_order, simulate
from valp.search.pareto.front import ranked
from valp.search.run.folder import read_result
from valp.search.run.ledger import Ledger
from valp.search.strategies.strategy import drawn_graph
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.choose import RandomChoose
from valp.spaces.generate.space import DEFAULT

pytestmark = pytest.mark.usefixtures("narrow")

OBJECTIVES = {"accuracy": metric_of("accuracy"), "mse": metric_of("mse")}
STEPS = 450


@pytest.fixture
def drawn(digits_problem):
    return Candidate(graph=drawn_graph(digits_problem, DEFAULT, RandomChoose(0)), training=Training(steps=STEPS))


@pytest.fixture
def ledger(tmp_path):
    return Ledger.create(tmp_path / "study.db", OBJECTIVES)


@pytest.fixture
def decisions(ledger, drawn):
    """Whether candidates with these accuracies and errors continue at a rung, one after the other."""

    def decide(*pairs, rungs=None):
        rungs, found = rungs or Rungs(ledger), []
        for accuracy, mse in pairs:
            trial = ledger.ask(RandomSampler(seed=0))
            ledger.propose(trial, drawn)
            found.append(rungs.goes_on(trial.number, 1, {"accuracy": accuracy, "mse": mse}))
        return found

    return decide


def test_rungs_are_shares_of_the_training_and_not_too_short():
    assert rungs_of(1800) == (200, 600)
    assert rungs_of(4000) == (444, 1333)
    assert rungs_of(FEWEST_STEPS * KEPT) == (FEWEST_STEPS,)
    assert rungs_of(60) == ()


def test_the_first_candidates_at_a_rung_continue(decisions):
    assert decisions((0.9, 1), (0.1, 9)) == [True, True]


@pytest.mark.parametrize(
    ("pairs", "last"),
    [
        ([(0.9, 1), (0.8, 2), (0.7, 3)], False),
        ([(0.7, 3), (0.8, 2), (0.9, 1)], True),
        ([(0.9, 1), (0.8, 2), (0.7, 3), (0.95, 9)], True),
        ([(0.9, 1), (0.95, 9), (0.99, 10), (0.8, 2)], False),
    ],
)
def test_a_third_of_the_candidates_continues_the_lower_ranks_first(pairs, last, decisions):
    assert decisions(*pairs)[-1] == last


def test_a_rung_that_is_kept_decides_as_one_that_is_filled_anew(ledger, decisions):
    kept, seed = Rungs(ledger), np.random.default_rng(0)
    for accuracy, mse in seed.random((40, 2)):
        anew = Rungs(ledger)
        trial = len(ledger.trials())
        found = decisions((accuracy, mse), rungs=kept)
        assert [anew.goes_on(trial, 1, {"accuracy": accuracy, "mse": mse})] == found


def test_a_candidate_that_reaches_a_rung_again_counts_once(ledger, decisions):
    rungs = Rungs(ledger)
    assert decisions((0.7, 3), (0.8, 2), rungs=rungs) == [True, True]
    assert [rungs.goes_on(1, 1, {"accuracy": 0.8, "mse": 2.0}) for _ in range(3)] == [True] * 3
    assert decisions((0.6, 4), rungs=rungs) == [False]
    assert rungs.goes_on(1, 1, {"accuracy": 0.8, "mse": 2.0})
    assert not rungs.goes_on(2, 1, {"accuracy": 0.6, "mse": 4.0})


WORKERS = {"random": 2, "tpe": 0}
"""Workers by strategy. With Ray, a scheduler of Ray stops candidates; without Ray, the loop of the search does."""


@pytest.fixture(scope="module", params=[pytest.param("random", marks=pytest.mark.heavy), "tpe"])
def run(request, digits_problem, tmp_path_factory):
    if WORKERS[request.param]:
        request.getfixturevalue("ray_session")
    return launch(
        digits_problem, name="halved", runs=tmp_path_factory.mktemp("halving"), strategy=request.param, candidates=10,
        steps=STEPS, workers=WORKERS[request.param], seed=4, halving=True, display=Listener(),
    ).stored  # fmt: skip


def test_a_stopped_candidate_has_the_samples_and_the_scores_of_its_rung(run):
    entries = run.ledger.entries()
    states = [entry.state for entry in entries]
    assert set(states) == {"complete", "pruned"}
    assert len(states) == 10
    for entry in entries:
        training = entry.candidate.training
        steps = entry.result.samples_seen // training.batch
        assert steps in ((training.steps,) if entry.state == "complete" else rungs_of(training.steps))
        assert are_measured(entry.result.scores, run.problem)
        assert entry.result.complete == (entry.state == "complete")
        assert read_result(run.folder.candidate(entry.number)) == entry.result


def test_rung_scores_are_in_the_ledger(run):
    for trial, entry in zip(run.ledger.trials(), run.ledger.entries(), strict=True):
        rungs, training = trial.user_attrs["rungs"], entry.candidate.training
        known = rungs_of(training.steps)
        assert str(len(known)) in rungs
        if entry.state == "pruned":
            below = len(known) - known.index(entry.result.samples_seen // training.batch)
            assert rungs[str(below)] == entry.result.scores


class AtItsRungs:
    """A ladder that compares each candidate only at the rungs that its training has."""

    def __init__(self, ladder, rungs):
        self.ladder, self.rungs = ladder, rungs

    def continues(self, trial, time, losses):
        return str(3 - time) not in self.rungs[trial] or self.ladder.continues(trial, time, losses)


@pytest.mark.parametrize("run", ["tpe"], indirect=True)
def test_the_simulator_stops_the_candidates_that_a_search_with_one_worker_stops(run):
    entries, objectives = run.ledger.entries(), run.objectives
    rungs = [trial.user_attrs["rungs"] for trial in run.ledger.trials()]
    values = [
        [ranked(reached.get(str(3 - time), entry.result.scores), objectives) for time in (1, 2, 3)]
        for reached, entry in zip(rungs, entries, strict=True)
    ]
    modes = tuple(metric.score.goal[:3] for metric in objectives.values())
    nothing = (0.0,) * len(objectives)
    curves = RecordedCurves(
        "a search", tuple(objectives), modes, (1, 2, 3), nothing, np.array(values), np.ones((len(entries), 3))
    )
    rule = AtItsRungs(RungLadder((1, 2), len(objectives), KEPT), rungs)
    ended = simulate(curves, in_order(range(len(entries))), rule, workers=1)
    assert [one.complete for one in ended] == [entry.state == "complete" for entry in entries]
    assert {one.complete for one in ended} == {True, False}


def test_a_candidate_that_is_trained_from_scratch_after_all_leaves_the_rung_of_those_with_parents(ledger, drawn):
    rungs, bred = Rungs(ledger), drawn.model_copy(update={"inherits": {"n0": (0, "n0")}})
    told = {number: {"accuracy": number / 10, "mse": 1.0} for number in range(5)}
    for candidate in (drawn, bred, bred, bred):
        ledger.propose(ledger.ask(RandomSampler(seed=0)), candidate)
    assert [rungs.goes_on(number, 1, told[number]) for number in (3, 2)] == [True, True]
    ledger.change(3, drawn)
    assert list(ledger.reach(2, 1, told[2])) == [2]
    assert rungs.goes_on(1, 1, told[1])
    assert list(ledger.reach(0, 1, told[0])) == [0]


def test_candidates_with_and_without_inherited_weights_are_compared_separately(ledger, drawn):
    for inherits in ({}, {}, {"n0": (0, "n0")}, {"n0": (1, "n0")}, {}):
        ledger.propose(ledger.ask(RandomSampler(seed=0)), drawn.model_copy(update={"inherits": inherits}))
    told = {number: {"accuracy": number / 10, "mse": 1.0} for number in range(5)}
    reached = [dict(ledger.reach(number, 1, told[number])) for number in (2, 0, 3, 1, 4)]
    assert [list(each) for each in reached] == [[2], [0], [2, 3], [0, 1], [0, 1, 4]]
    assert all(scores == told[number] for each in reached for number, scores in each.items())


def test_stopped_candidates_are_not_on_the_front_and_single_task_models_are_not_stopped(run):
    assert all(entry.state == "complete" for entry in run.front())
    assert {results["network"].samples_seen for results in run.ledger.baselines.values()} == {STEPS * 50}


def test_a_resumed_search_with_halving_adds_to_its_rungs(run, digits_problem):
    before = [entry.state for entry in run.ledger.entries()]
    again = launch(
        digits_problem, name="halved", runs=run.folder.path.parent, strategy=run.settings.strategy, candidates=12,
        steps=STEPS, workers=WORKERS[run.settings.strategy], seed=4, halving=True, display=Listener(),
    ).stored  # fmt: skip
    states = [entry.state for entry in again.ledger.entries()]
    assert len(states) == 12
    assert states[: len(before)] == before
