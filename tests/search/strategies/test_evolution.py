"""Evolution: the choice of parents, what children inherit, and the weights that a search keeps."""

import random

import numpy as np
import pytest
from optuna.samplers import RandomSampler

from tests.search.listener import Listener
from valp.check.check import check
from valp.compile.compile import compile, lower
from valp.errors import FileError
from valp.graph.graph import Role
from valp.search.engine.evaluate import Evaluation, compiled
from valp.search.facade.launch import launch
from valp.search.pareto.front import chances, losses
from valp.search.pareto.population import Population, volumes
from valp.search.run.folder import read_weights, write_candidate, write_weights
from valp.search.run.ledger import Ledger, by_end, from_ranges
from valp.search.run.result import Result
from valp.search.strategies import STRATEGIES, Question
from valp.search.strategies.breeding import Breeding
from valp.search.strategies.evolution import Evolution
from valp.spaces.candidate import Candidate, Training
from valp.spaces.generate.space import DEFAULT
from valp.spaces.problem.judging import judges_of
from valp.spaces.problem.scoring import Scorer
from valp.spaces.vary import mutate
from valp.train.stopwatch import Stopwatch

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


def test_the_first_children_have_different_parents(run):
    promoted = min(Breeding().promoted, DRAWN // 2)
    children = [entry for entry in run.ledger.entries()[DRAWN : DRAWN + promoted] if entry.parents]
    assert all(len(entry.parents) in (1, 2) and entry.candidate.parent < DRAWN for entry in children)
    assert len({entry.candidate.parent for entry in children}) > 1


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


def test_the_random_candidates_with_the_largest_volumes_have_the_first_children(generations):
    entries, breeding, metrics = generations.entries(), Breeding(), list(generations.objectives.values())
    drawn = entries[: breeding.drawn]
    assert not any(entry.parents for entry in drawn)
    spanned = volumes(losses([generations.point(entry) for entry in drawn], metrics), chances(metrics))
    parents = [entry.candidate.parent for entry in entries[breeding.drawn :][: breeding.promoted]]
    assert parents == sorted(set(parents), key=lambda number: -spanned[number])
    assert parents[0] == spanned.argmax()


def test_the_second_parent_of_a_first_child_best_complements_the_first(generations):
    entries, breeding, metrics = generations.entries(), Breeding(), list(generations.objectives.values())
    both = 0
    for entry in entries[breeding.drawn :][: breeding.promoted]:
        population = population_of(generations, entries[: entry.number])
        first = entry.candidate.parent
        own = population.points[population.members.index(first)]
        together = volumes(np.minimum(population.points, own), chances(metrics))
        drawn = [row for row, member in enumerate(population.members) if member < breeding.drawn]
        second = population.members[max(drawn, key=lambda row: together[row])]
        assert set(entry.parents) <= {first, second}
        both += len(entry.parents) == 2
    assert both > 1


def test_bred_candidates_are_not_second_parents_of_the_first_children(digits_problem, tmp_path):
    breeding, best = Breeding(), {"accuracy": 1.0, "mse": 0.0, OBJECTIVE: 1.0}
    ledger = grown(digits_problem, digits_problem.objectives, tmp_path, children=best)
    first, later = (ledger.entries()[breeding.drawn :][part] for part in (slice(4), slice(4, 20)))
    assert all(max(child.parents) < breeding.drawn for child in first)
    assert any(max(child.parents, default=0) >= breeding.drawn for child in later)


def conditioned(candidate):
    """The decoders of a candidate that have a condition."""
    decoders = {network.name for network in candidate.graph.networks if network.kind == "d"}
    return decoders & {c.target for c in candidate.graph.connections if c.role is Role.CONDITION}


def test_where_anything_is_allowed_each_first_child_first_gets_a_condition(digits_problem, tmp_path, monkeypatch):
    made = list[tuple[str, ...]]()
    free = digits_problem.model_copy(update={"conditions": None})

    def recorded(*args, **kwargs):
        variation = mutate(*args, **kwargs)
        if kwargs["rather"]:
            made.append(variation.moves)
        return variation

    monkeypatch.setattr("valp.search.strategies.breeding.mutate", recorded)
    entries, breeding = grown(free, free.objectives, tmp_path).entries(), Breeding()
    children = entries[breeding.drawn :][: breeding.promoted]
    assert not any(conditioned(entries[number].candidate) for child in children for number in child.parents)
    assert len(made) >= len(children)
    assert all(moves[0] == "condition" for moves in made)
    kept = [bool(conditioned(child.candidate)) for child in children]
    assert sum(kept) >= len(children) - 1  # a later move may take it


def test_no_move_is_forced_where_a_problem_says_by_what_samples_may_be_asked_for(digits_problem, tmp_path, monkeypatch):
    forced = []

    def recorded(*args, **kwargs):
        forced.append(kwargs["rather"])
        return mutate(*args, **kwargs)

    monkeypatch.setattr("valp.search.strategies.breeding.mutate", recorded)
    entries = grown(digits_problem, digits_problem.objectives, tmp_path).entries()
    assert set(forced) == {()}
    asked = [lower(entry.candidate.graph).inputs_of("image", "generate") for entry in entries]
    assert set(asked) == {frozenset(), frozenset({"digit"})}


def test_children_of_bred_candidates_may_have_half_the_learning_rate_within_the_space(digits_problem, generations):
    entries, low = generations.entries(), DEFAULT.learning_rate[0]
    question = Question(digits_problem, DEFAULT, Training(steps=100), 5, 1000)
    kinds, halved = set(), set()
    slower = [Evolution(f"slower {share}", "", Breeding(slower=share)) for share in (1.0, 0.0)]
    for _ in range(150):
        trial = generations.ask(RandomSampler(seed=0))
        usual = STRATEGIES["evolution"].propose(question, generations, trial)
        always, never = (evolution.propose(question, generations, trial) for evolution in slower)
        assert (always.graph, always.parent) == (never.graph, never.parent) == (usual.graph, usual.parent)
        if never.parent is None:
            continue
        bred = bool(entries[never.parent].parents)
        rate = never.training.learning_rate
        assert always.training.learning_rate == (max(low, rate / 2) if bred else rate)
        assert usual.training in (always.training, never.training)
        kinds.add(bred)
        if always.training != never.training:
            halved.add(usual.training == always.training)
        if trial.number > 100 and kinds == halved == {True, False}:
            break
    assert kinds == halved == {True, False}
    children = [entry.candidate for entry in entries if entry.parents]
    assert all(child.training.learning_rate >= low for child in children)


def test_a_quarter_has_two_parents_and_random_candidates_are_short_and_early(generations):
    breeding, later = Breeding(), generations.entries()[Breeding().drawn :]
    assert 3 < sum(len(entry.parents) == 2 for entry in later) < 20
    assert all(entry.candidate.parent is not None for entry in later if entry.number >= 45)
    for entry in later:
        training = entry.candidate.training
        alone = 1.0 if entry.candidate.parent is not None else breeding.generation
        share = breeding.generation if entry.parents else alone
        assert abs(training.steps * training.batch - share * 100 * BATCH) < training.batch


def test_a_search_has_as_many_candidates_as_its_budget_of_samples_allows(generations):
    entries = generations.entries()
    trainings = sum(entry.candidate.training.steps * entry.candidate.training.batch for entry in entries) / 100 / BATCH
    assert abs(Breeding().candidates_within(round(trainings), 2) - len(entries)) <= 5
    assert Breeding(inherit=False).candidates_within(60, 2) == 60 + Breeding().drawn * (1 - Breeding().generation)


def test_with_one_objective_no_child_is_trained_from_scratch_so_there_are_more():
    assert [Breeding().candidates_within(trainings, 1) for trainings in (1, 2, 3, 60)] == [2, 4, 6, 120]


def test_after_a_third_some_children_train_from_scratch_often_with_parents_that_did(generations):
    entries, first = generations.entries(), Breeding().afresh_from
    afresh = [entry for entry in entries if entry.candidate.parent is not None and not entry.parents]
    assert all(entry.number >= len(entries) * first and entry.candidate.lineage_samples == 0 for entry in afresh)
    later = [entry for entry in entries[round(len(entries) * first) :] if entry.candidate.parent is not None]
    assert 0.5 < len(afresh) / (Breeding().afresh * len(later)) < 1.6
    late = {entries[entry.candidate.parent] in afresh for entry in afresh if 4 * entry.number >= 3 * len(entries)}
    before = {entries[entry.candidate.parent] in afresh for entry in afresh if 4 * entry.number < 3 * len(entries)}
    assert (before, late) == ({True, False}, {True})
    assert any(entry.parents for entry in later)


def test_in_the_last_quarter_extremes_have_no_children(digits_problem, generations):
    ranks, balance = Breeding(spanning=0, balanced=0), Breeding(spanning=0, balanced=1)
    same = {True: 0, False: 0}
    for _ in range(20):
        trial = generations.ask(RandomSampler(seed=0))
        for late in same:
            candidates = trial.number + 1 if late else trial.number * 3 // 2
            question = Question(digits_problem, DEFAULT, Training(steps=100), 5, candidates)
            by_rank, by_balance = (
                Evolution("one", "", b).propose(question, generations, trial) for b in (ranks, balance)
            )
            same[late] += by_rank == by_balance
    assert same[True] == 20 > same[False]


def test_random_candidates_have_any_size(generations):
    sizes = [len(entry.candidate.graph.networks) for entry in generations.entries()[: Breeding().drawn]]
    assert max(sizes) <= DEFAULT.max_n
    assert len(set(sizes)) > 3
    assert min(sizes) <= DEFAULT.max_n / 2


def designs(candidate):
    """The networks of a candidate, whatever their names."""
    return {network.model_copy(update={"name": "x"}) for network in candidate.graph.networks}


def test_candidates_trained_from_scratch_are_crossed_and_before_the_last_quarter_also_mutated(
    digits_problem, generations
):
    members = population_of(generations, generations.entries()).members
    known = [designs(generations.entry(member).candidate) for member in members]
    there = set().union(*(designs(entry.candidate) for entry in generations.entries()))
    changed, mixed = {(moved, late): 0 for moved in (0, 1) for late in (False, True)}, 0
    always = {"fresh": 0, "afresh": 1, "rooted": 0, "assembled": 1, "tuned": 0}
    evolutions = [Evolution("afresh", "", Breeding(moved=moved, **always)) for moved in (0, 1)]
    for _ in range(40):
        trial = generations.ask(RandomSampler(seed=0))
        for moved, late in changed:
            candidates = trial.number + 1 if late else trial.number * 3 // 2
            question = Question(digits_problem, DEFAULT, Training(steps=100), 5, candidates)
            child = evolutions[moved].propose(question, generations, trial)
            assert child.parents == ()
            own = designs(child)
            changed[moved, late] += bool(own - there)
            mixed += not moved and bool(own & there) and all(own - other for other in known)
    assert mixed > 20
    assert changed[1, False] > 2 * changed[0, False]
    assert 2 * changed[1, True] == 2 * changed[0, True] < changed[1, False]


def test_with_one_objective_all_bred_candidates_inherit(digits_problem, tmp_path):
    entries = grown(digits_problem, [OBJECTIVE], tmp_path).entries()
    later = [entry for entry in entries if entry.candidate.parent is not None]
    assert len(later) > 30
    assert all(entry.parents for entry in later)
    assert all(len(entry.parents) == 1 for entry in entries[Breeding().drawn :][: Breeding().promoted])


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
    before = Evaluation(parent, scorer, tmp_path / "0").advance()
    everything = {network.name: (0, network.name) for network in parent.graph.networks}
    child = Candidate(graph=parent.graph, training=Training(steps=1, learning_rate=1e-9), inherits=everything)
    after = Evaluation(child, scorer, tmp_path / "1").advance()
    assert after.scores == pytest.approx(before.scores, rel=1e-3, abs=5e-3)
    fresh = Evaluation(child.model_copy(update={"inherits": {}}), scorer, tmp_path / "2").advance()
    assert fresh.scores["accuracy"] < before.scores["accuracy"] - 0.1


def test_a_candidate_with_missing_parent_weights_fails_with_a_reason(run, digits_problem, tmp_path):
    parent = run.ledger.entries()[0].candidate
    child = Candidate(
        graph=parent.graph, training=Training(steps=1), inherits={parent.graph.networks[0].name: (7, "a")}
    )
    (tmp_path / "7").mkdir()
    write_candidate(tmp_path / "7", parent)
    result = Evaluation(child, Scorer(digits_problem, {}), tmp_path / "8").advance()
    assert "candidate 7 has no weights" in result.failure
    with pytest.raises(FileError, match="candidate 7 has no weights"):
        compiled(child, tmp_path, Stopwatch())
    write_weights(tmp_path / "7", compile(parent.graph, seed=1).state_dict())
    assert compiled(child, tmp_path, Stopwatch()) is not None
    assert read_weights(tmp_path / "7")
