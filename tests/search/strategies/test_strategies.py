"""The contract of every strategy, tested over the whole table."""

import dataclasses
import random
import shutil

import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.samplers import RandomSampler
from optuna.trial import Trial

from valp.check.check import check
from valp.check.keys import content_key
from valp.errors import SettingError
from valp.search.run.ledger import Ledger
from valp.search.run.number_ranges import from_ranges
from valp.search.run.result import Result
from valp.search.strategies import STRATEGIES, Question
from valp.search.strategies import optuna_samplers as samplers
from valp.search.strategies.evolution import Evolution
from valp.search.strategies.optuna_parameters import slot_distributions
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT, MAX_PARAMETERS, PAPER, SPACES, Space

POPULATION = 4
"""Small, so that few candidates make several generations; TPE needs ten before it models anything."""

CANDIDATES = 15

NARROW = Space(
    name="narrow",
    max_n=4,
    hidden_layers=(1, 2),
    log_scale=True,
    uniform_layers=True,
    initializers=("xavier",),
    discrete_conditions=True,
    beta=(0.1, 10.0),
    beta_kl=(0.1, 2.0),
    learning_rate=(3e-4, 3e-3),
)
"""Few parameters, for each costs time in a ledger on disk."""


@pytest.fixture(scope="module", params=list(STRATEGIES))
def strategy(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, "POPULATION", POPULATION)
        yield STRATEGIES[request.param]


@pytest.fixture(scope="module")
def objectives(digits_problem):
    return {name: digits_problem.metrics[name] for name in digits_problem.objectives}


@pytest.fixture
def ledger(tmp_path, objectives):
    return Ledger.create(tmp_path / "study.db", objectives)


@pytest.fixture(scope="module")
def alone(strategy, digits_problem, objectives, tmp_path_factory):
    """The ledger of a search by one worker; only read."""
    return searched(strategy, question_of(digits_problem), objectives, tmp_path_factory.mktemp("alone"), workers=1)


@pytest.fixture(scope="module")
def together_folder(strategy, tmp_path_factory):
    return tmp_path_factory.mktemp("together")


@pytest.fixture(scope="module")
def together(strategy, digits_problem, objectives, together_folder):
    """The ledger of a search by four workers, which finish out of order; only read."""
    return searched(strategy, question_of(digits_problem), objectives, together_folder, workers=4)


def question_of(problem, space=NARROW, seed=5):
    return Question(problem, space, Training(steps=100), seed, 24)


def proposed(strategy, question, ledger):
    """The next candidate, asked for as the driver does."""
    trial = ledger.ask(strategy.sampler(question.seed, len(ledger.trials())))
    candidate = strategy.propose(question, ledger, trial)
    ledger.propose(trial, candidate)
    return trial.number, candidate


def told(ledger, number):
    """Ends a candidate with scores that depend on its number only; every seventh fails."""
    dice = random.Random(number)
    scores = {name: dice.random() for name in ledger.objectives}
    failure = "it had to" if number % 7 == 3 else None
    ledger.tell(number, Result({} if failure else scores, 1, f"key {number}", 1, (0.0, 0.0), failure))


def searched(strategy, question, objectives, folder, workers):
    """A search by so many workers without the training; with several, they end in any order."""
    ledger, dice, running = Ledger.create(folder / "study.db", objectives), random.Random(workers), []
    while len(ledger.trials()) < CANDIDATES:
        while len(running) < workers:
            running.append(proposed(strategy, question, ledger)[0])
        dice.shuffle(running)
        told(ledger, running.pop())
    return ledger


def replayed(strategy, question, ledger, number):
    """A candidate proposed anew in a fresh study that holds what was seen, and nothing else of the others."""
    trials = ledger.trials()
    seen = set(from_ranges(trials[number].user_attrs["seen"]))
    fresh = optuna.create_study(directions=ledger.study.directions, sampler=RandomSampler(seed=0))
    for other in range(max(seen | {number}) + 1):
        if other in seen:
            fresh.add_trial(trials[other])
        else:
            fresh.ask()  # it ran at that time: there is its number, and no more
    again = Ledger(fresh, ledger.objectives)
    fresh.sampler = strategy.sampler(question.seed, number)
    return strategy.propose(question, again, Trial(fresh, fresh.trials[number]._trial_id))


def test_proposals_are_valid_graphs_with_the_training_of_the_question(strategy, digits_problem, ledger):
    question = question_of(digits_problem, SPACES["default"])
    for _ in range(3):
        number, candidate = proposed(strategy, question, ledger)
        assert check(candidate.graph).violations == ()
        assert candidate.graph.inputs == digits_problem.inputs
        assert candidate.graph.outputs == digits_problem.outputs
        training, asked = candidate.training, question.training
        share = strategy.breeding.generation if isinstance(strategy, Evolution) else 1.0
        assert abs(training.steps * training.batch - share * asked.steps * asked.batch) < training.batch
        assert training.batch in DEFAULT.batches_of(asked.batch)
        assert training.kl_warmup in DEFAULT.kl_warmups
        assert DEFAULT.learning_rate[0] <= training.learning_rate <= DEFAULT.learning_rate[1]
        told(ledger, number)


def test_proposals_that_learn_from_results_are_valid_and_differ(alone):
    candidates = [entry.candidate for entry in alone.entries()]
    assert len(candidates) == CANDIDATES
    assert all(check(candidate.graph).passed for candidate in candidates)
    assert len({content_key(candidate.graph) for candidate in candidates}) > CANDIDATES / 2
    assert len({candidate.training.seed for candidate in candidates}) == CANDIDATES


def test_the_same_ledger_seed_and_number_make_the_same_candidate(
    strategy, digits_problem, objectives, together, together_folder, tmp_path
):
    question, made = question_of(digits_problem), []
    for name in ("one", "other"):
        file = shutil.copy(together_folder / "study.db", tmp_path / f"{name}.db")
        made.append(proposed(strategy, question, Ledger.open(file, objectives)))
    assert made[0] == made[1]


def test_another_seed_makes_another_candidate(strategy, digits_problem, tmp_path, objectives):
    made = set()
    for seed in range(3):
        ledger = Ledger.create(tmp_path / f"{seed}.db", objectives)
        _, candidate = proposed(strategy, question_of(digits_problem, seed=seed), ledger)
        made.add(candidate.model_dump_json())
    assert len(made) == 3


def test_a_sampler_has_the_same_few_parameters_in_every_trial(alone):
    distributions = [trial.distributions for trial in alone.trials()]
    assert all(each == distributions[0] for each in distributions)
    assert len(distributions[0]) <= MAX_PARAMETERS


def test_each_candidate_of_one_worker_has_seen_all_before_it(alone):
    assert [from_ranges(trial.user_attrs["seen"]) for trial in alone.trials()] == [
        list(range(number)) for number in range(CANDIDATES)
    ]


def test_with_several_workers_candidates_have_not_seen_all_before_them(together):
    seen = [from_ranges(trial.user_attrs["seen"]) for trial in together.trials()]
    assert any(numbers != list(range(len(numbers))) for numbers in seen)


def test_a_candidate_of_one_worker_replayed_from_what_it_had_seen_is_the_same(strategy, digits_problem, alone):
    for number in (*range(0, CANDIDATES, 3), CANDIDATES - 1):
        assert replayed(strategy, question_of(digits_problem), alone, number) == alone.entry(number).candidate


def test_a_candidate_of_several_workers_replayed_from_what_it_had_seen_is_the_same(strategy, digits_problem, together):
    for number in range(POPULATION, CANDIDATES):
        assert replayed(strategy, question_of(digits_problem), together, number) == together.entry(number).candidate


def test_a_genetic_search_of_this_length_has_several_generations(strategy, alone):
    attributes = [item for trial in alone.trials() for item in trial.system_attrs.items()]
    generations = {value for name, value in attributes if name.endswith(":generation")}
    assert generations == ({0, 1, 2, 3} if strategy.code.startswith("nsga") else set())


@pytest.mark.parametrize("drawn", [1, 9, 99])
def test_an_interrupted_proposal_is_completed_as_it_would_have_been(
    drawn, strategy, digits_problem, objectives, together, together_folder, tmp_path
):
    question, made = question_of(digits_problem), []
    for cut_off in (False, True):
        file = shutil.copy(together_folder / "study.db", tmp_path / f"{cut_off}.db")
        ledger = Ledger.open(file, objectives)
        sampler = strategy.sampler(question.seed, len(ledger.trials()))
        trial = ledger.ask(sampler)
        if cut_off:
            if strategy.code != "random":  # which draws no parameters
                suggested(trial, list(slot_distributions(NARROW, digits_problem).items())[:drawn])
            ledger = Ledger.open(file, objectives)
            trial = ledger.again(ledger.trials()[-1], strategy.sampler(question.seed, trial.number))
        made.append(strategy.propose(question, ledger, trial))
    assert made[0] == made[1]


def suggested(trial, parameters):
    for name, distribution in parameters:
        whole = isinstance(distribution, IntDistribution)
        suggest = trial.suggest_int if whole else trial.suggest_float
        suggest(name, distribution.low, distribution.high, log=distribution.log)


def test_a_space_too_small_for_the_problem_is_refused(strategy, digits_problem):
    with pytest.raises(SettingError, match="max_n must be at least 4 for these outputs, but is 3"):
        strategy.require(digits_problem, dataclasses.replace(NARROW, max_n=3))
    strategy.require(digits_problem, NARROW)


def test_a_space_with_too_many_parameters_is_refused_by_the_samplers_that_it_slows_down(strategy, digits_problem):
    wide = dataclasses.replace(DEFAULT, max_n=20)
    if strategy.code in ("random", "evolution"):
        strategy.require(digits_problem, wide)
    else:
        with pytest.raises(SettingError, match="must have at most 60 parameters"):
            strategy.require(digits_problem, wide)


@pytest.mark.parametrize("space", SPACES.values(), ids=list(SPACES))
def test_every_space_has_few_enough_parameters_for_the_samplers(space, digits_problem):
    assert 0 < len(slot_distributions(space, digits_problem)) <= MAX_PARAMETERS


def test_the_papers_space_has_its_own_learning_rate_and_weights(digits_problem, ledger):
    _, candidate = proposed(STRATEGIES["nsga2"], question_of(digits_problem, PAPER), ledger)
    assert candidate.training.learning_rate == PAPER.learning_rate[0]
    assert {loss.beta for loss in candidate.graph.losses if loss.kind == "kl"} <= {PAPER.beta_kl[0]}
