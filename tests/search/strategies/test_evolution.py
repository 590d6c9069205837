"""Evolution: the choice of parents, what children inherit, and the weights that a search keeps."""

import random
from dataclasses import replace

import numpy as np
import pytest
from optuna.samplers import RandomSampler

from tests.search.listener import Listener
from valp.check.check import check
from valp.compile.compile import compile, lower
from valp.search.engine.evaluate import Evaluation, compiled
from valp.search.engine.fault import UnreadableParentError
from valp.search.engine.parent_files import read_parent_files
from valp.search.facade.launch import launch
from valp.search.pareto.front import chances, losses
from valp.search.pareto.population import Population, places, volumes
from valp.search.run.folder import weights_file
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import by_end
from valp.search.run.number_ranges import from_ranges
from valp.search.run.outcome import Outcome, write_outcome
from valp.search.run.result import Result
from valp.search.strategies import STRATEGIES, Question
from valp.search.strategies.breeding import Breeding
from valp.search.strategies.evolution import Evolution
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.train.stopwatch import Stopwatch

pytestmark = pytest.mark.usefixtures("narrow")

OBJECTIVE = "entropy_coverage"
DRAWN = 6
"""The number of random candidates: a third of all."""
CANDIDATES = 3 * DRAWN
STEPS, BATCH = 60, 50


@pytest.fixture(scope="module")
def run(digits_problem, tmp_path_factory):
    runs = tmp_path_factory.mktemp("evolution")
    return launch(
        digits_problem, name="bred", runs=runs, strategy="evolution", candidates=CANDIDATES, steps=STEPS, seed=2,
        workers=0, baselines="none", display=Listener(),
    ).stored  # fmt: skip


def bred(run):
    return [entry for entry in run.ledger.entries() if entry.parents]


def test_the_first_candidates_are_random_and_the_others_bred(run):
    parents = [bool(entry.parents) for entry in run.ledger.entries()]
    assert sum(parents) >= 3
    assert not any(parents[:DRAWN])


def test_children_are_graphs_that_check_accepts_and_get_a_part_of_the_budget(run):
    for entry in bred(run):
        assert check(entry.candidate.graph).violations == ()
        steps, batch = entry.candidate.training.steps, entry.candidate.training.batch
        assert steps == round(Breeding().generation * STEPS * BATCH / batch)


def test_random_candidates_get_a_part_of_the_budget_in_the_smallest_batches(run):
    for entry in run.ledger.entries()[:DRAWN]:
        assert entry.candidate.training.batch == BATCH / 2
        assert entry.candidate.training.steps == round(Breeding().generation * STEPS * 2)


def test_candidates_without_inherited_weights_get_the_whole_budget(digits_problem, generations):
    alone = Evolution("alone", "", Breeding(inherit=False))
    trial = generations.ask(RandomSampler(seed=0))
    question = Question(digits_problem, DEFAULT, Training(steps=100), seed=5, candidates=trial.number + 1)
    training = alone.propose(question, generations, trial).training
    assert training.steps * training.batch == 100 * BATCH


def population_of(ledger, entries):
    """The population of these candidates, added in the order in which they ended."""
    metrics = list(ledger.objectives.values())
    population = Population(Breeding().population, len(metrics))
    for entry in by_end(entries):
        population.add(entry.number, losses([ledger.point(entry)], metrics))
    return population


def test_parents_come_from_the_population_of_the_ended_candidates(run):
    entries, trials = run.ledger.entries(), run.ledger.trials()
    for entry in bred(run):
        seen = set(from_ranges(trials[entry.number].user_attrs["seen"]))
        population = population_of(run.ledger, [other for other in entries if other.number in seen])
        assert set(entry.candidate.parents) <= set(population.members)
        assert entry.candidate.parent in population.members


def grown(problem, names, folder, children=None):
    """The ledger of a search of sixty untrained candidates. Scores are random, those of children as given, if given."""
    ledger = Ledger.create(folder / "study.db", {name: problem.metrics[name] for name in names})
    question, dice = Question(problem, DEFAULT, Training(steps=100), 5, 60), random.Random(1)
    for number in range(question.candidates):
        trial = ledger.ask(RandomSampler(seed=number))
        candidate = STRATEGIES["evolution"].propose(question, ledger, trial)
        ledger.propose(trial, candidate)
        scores = {"accuracy": dice.random(), "mse": 1e-3 * dice.random(), OBJECTIVE: dice.random()}
        if children and candidate.parent is not None:
            scores = children
        ledger.tell(number, Result(scores, 1, f"key {number}", 1, (0.0, 0.0), None))
    return ledger


@pytest.fixture(scope="module")
def generations(digits_problem, tmp_path_factory):
    return grown(digits_problem, digits_problem.objectives, tmp_path_factory.mktemp("generations"))


def test_the_second_parent_best_complements_the_first(digits_problem, generations):
    metrics = list(generations.objectives.values())
    members = population_of(generations, generations.entries())
    crossing = Evolution("crossing", "", Breeding(crossover=1.0, tournament=200))  # a tournament of nearly everybody
    seconds = set()
    for _ in range(10):
        trial = generations.ask(RandomSampler(seed=0))
        question = Question(digits_problem, DEFAULT, Training(steps=100), 5, 1000)
        child = crossing.propose(question, generations, trial)
        own = members.points[members.members.index(child.parent)]
        together = volumes(np.minimum(members.points, own), chances(metrics))
        best = members.members[int(together.argmax())]
        others = set(child.parents) - {child.parent}
        assert others <= {best}
        seconds |= others
    assert seconds


def test_candidates_depend_on_what_samples_may_be_asked_for_and_no_more(digits_problem, generations):
    asked = [lower(entry.candidate.graph).inputs_of("image", "generate") for entry in generations.entries()]
    assert set(asked) == {frozenset(), frozenset({"digit"})}


def test_after_the_drawn_candidates_all_are_bred_a_quarter_of_them_from_two_parents(generations):
    breeding, later = Breeding(), generations.entries()[Breeding().drawn :]
    assert all(entry.parents for entry in later)
    assert 3 < sum(len(entry.parents) == 2 for entry in later) < 20
    for entry in generations.entries():
        training = entry.candidate.training
        assert abs(training.steps * training.batch - breeding.generation * 100 * BATCH) < training.batch


def test_a_search_has_as_many_candidates_as_its_budget_of_samples_allows(generations):
    entries = generations.entries()
    trainings = sum(entry.candidate.training.steps * entry.candidate.training.batch for entry in entries) / 100 / BATCH
    assert abs(Breeding().candidates_within(round(trainings)) - len(entries)) <= 5
    assert Breeding().candidates_within(60) == 120
    assert Breeding(inherit=False).candidates_within(60) == 60 + Breeding().drawn * (1 - Breeding().generation)


def test_in_the_last_quarter_extremes_have_no_children(digits_problem, generations):
    members = population_of(generations, generations.entries())
    most = int(places(members.points).argmin())
    evolution = Evolution("one", "", Breeding(crossover=0, tournament=200))  # a tournament of nearly everybody
    trial = generations.ask(RandomSampler(seed=0))
    for candidates, winner in ((trial.number + 1, most), (10 * trial.number, 0)):
        question = Question(digits_problem, DEFAULT, Training(steps=100), 5, candidates)
        assert evolution.propose(question, generations, trial).parent == members.members[winner]
    assert most != 0


def test_random_candidates_have_any_size(generations):
    sizes = [len(entry.candidate.graph.networks) for entry in generations.entries()[: Breeding().drawn]]
    assert max(sizes) <= DEFAULT.max_n
    assert len(set(sizes)) > 3
    assert min(sizes) <= DEFAULT.max_n / 2


def test_inherited_networks_exist_in_the_parent_and_have_the_same_kind(run):
    entries = run.ledger.entries()
    for entry in bred(run):
        child = {network.name: network for network in entry.candidate.graph.networks}
        for name, (number, origin) in entry.candidate.inherits.items():
            networks = {network.name: network for network in entries[number].candidate.graph.networks}
            assert networks[origin].kind == child[name].kind


def test_a_lineage_s_samples_are_counted_once(run):
    entries = run.ledger.entries()
    for entry in bred(run):
        ancestors, left = set(), list(entry.parents)
        while left:
            number = left.pop()
            if number not in ancestors:
                ancestors.add(number)
                left += entries[number].parents
        assert entry.candidate.lineage_samples == sum(entries[n].result.samples_seen for n in ancestors)


def test_a_search_keeps_the_weights_of_its_front_and_of_possible_parents(run):
    kept = {entry.number for entry in run.front()} | STRATEGIES["evolution"].keeps(run.ledger)
    for entry in run.ledger.entries():
        weights = run.folder.candidate(entry.number) / "weights.safetensors"
        assert weights.exists() == (entry.number in kept)


def test_a_child_starts_where_its_parent_stopped(run, digits_problem, tmp_path):
    scorer = Scorer(digits_problem, judges_of(digits_problem))
    parent = run.ledger.entries()[0].candidate
    parent = parent.model_copy(update={"training": Training(steps=300)})
    before = Evaluation(parent, scorer).advance()
    write_outcome(tmp_path / "0", parent, before)
    everything = {network.name: (0, network.name) for network in parent.graph.networks}
    child = Candidate(graph=parent.graph, training=Training(steps=1, learning_rate=1e-9), inherits=everything)
    after = Evaluation(child, scorer, [read_parent_files(tmp_path / "0")]).advance()
    assert after.result.scores == pytest.approx(before.result.scores, rel=1e-3, abs=5e-3)
    fresh = Evaluation(child.model_copy(update={"inherits": {}}), scorer).advance()
    assert fresh.result.scores["accuracy"] < before.result.scores["accuracy"] - 0.1


def test_missing_weights_of_a_parent_are_not_recorded_as_a_failure_of_its_child(run, digits_problem, tmp_path):
    parent = run.ledger.entries()[0].candidate
    child = Candidate(
        graph=parent.graph, training=Training(steps=1), inherits={parent.graph.networks[0].name: (7, "a")}
    )
    made = Outcome(Result({}, 0, "", 0, (0.0, 0.0)))
    write_outcome(tmp_path / "7", parent, made)
    with pytest.raises(UnreadableParentError, match="candidate 7 has no weights"):
        read_parent_files(tmp_path / "7")
    weights = weights_file(compile(parent.graph, seed=1).state_dict())
    write_outcome(tmp_path / "7", parent, replace(made, weights=weights))
    files = read_parent_files(tmp_path / "7")
    assert compiled(child, [files], Stopwatch()) is not None
    with pytest.raises(UnreadableParentError, match=r"7/weights\.safetensors is damaged"):
        Evaluation(child, Scorer(digits_problem, {}), [replace(files, weights=weights[:100])]).advance()
    with pytest.raises(UnreadableParentError, match=r"7/candidate\.json is not a valid candidate"):
        Evaluation(child, Scorer(digits_problem, {}), [replace(files, candidate=b"{")]).advance()
