"""A search among balancing methods: slots, command line, resuming, inheritance, a method of another package."""

import json

import optuna
import pytest
from optuna.samplers import RandomSampler

from tests.valp.test_plugins import install, run
from valp.errors import SettingError
from valp.model.bundle import load
from valp.search.facade.launch import launch
from valp.search.strategies.optuna_parameters import SlotChoose, slot_distributions
from valp.search.strategies.strategy import Question, draw
from valp.spaces.candidate import Training
from valp.spaces.generate.space import DEFAULT, space_of
from valp.train.balance import BALANCERS

BOTH = ("fixed", "uncertainty:rate=10")


def test_methods_have_the_same_slots_in_every_trial(digits_problem):
    plain = slot_distributions(DEFAULT, digits_problem)
    assert slot_distributions(space_of("default", balances=["uncertainty:rate=3"]), digits_problem) == plain
    space = space_of("default", balances=["fixed", "uncertainty"])
    added = {name: found for name, found in slot_distributions(space, digits_problem).items() if name not in plain}
    assert added.keys() == {"balance", "balance.uncertainty.rate"}
    methods = set()
    for seed in range(12):
        trial = optuna.create_study(sampler=RandomSampler(seed=seed)).ask()
        question = Question(digits_problem, space, Training(steps=10), 0, 40)
        balance = draw(question, SlotChoose.of_trial(trial, space, digits_problem), 0).training.balance
        assert balance.method == ("fixed", "uncertainty")[trial.params["balance"]]
        assert balance.settings in ({}, {"rate": trial.params["balance.uncertainty.rate"]})
        assert added.keys() <= trial.params.keys()
        methods.add(balance.method)
    assert methods == {"fixed", "uncertainty"}


@pytest.fixture(scope="module")
def searched(tmp_path_factory, digits_problem):
    """A search among two methods, made in two sessions."""
    runs = tmp_path_factory.mktemp("balance") / "runs"
    options = {"name": "both", "runs": runs, "strategy": "random", "steps": 20, "workers": 0, "balance": BOTH}
    options["executor"] = "torch"
    launch(digits_problem, candidates=2, **options)
    launch(digits_problem, candidates=6, **options)
    return runs


def test_a_search_among_methods_resumes_and_shows_them(searched, valp):
    from valp.search.run.run import open_run

    held = open_run(searched, "both")
    assert held.settings.balance == BOTH
    entries = held.ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * 6
    texts = {str(entry.candidate.training.balance) for entry in entries}
    assert texts == set(BOTH)
    (other,) = [entry.number for entry in entries if entry.candidate.training.balance.method == "uncertainty"][:1]
    shown = valp("show", "both", other, "--runs", searched)
    assert shown.code == 0
    assert "losses balanced by uncertainty:rate=10" in shown.out
    kept = json.loads(valp("show", "both", other, "--runs", searched, "--json").out)["candidate"]
    assert kept["training"]["balance"] == {"method": "uncertainty", "settings": {"rate": 10.0}}


def test_a_run_is_not_resumed_with_other_methods(searched, digits_problem):
    with pytest.raises(SettingError, match="has balance fixed, uncertainty:rate=10, but none was given"):
        launch(
            digits_problem,
            name="both",
            runs=searched,
            strategy="random",
            candidates=6,
            steps=20,
            workers=0,
            executor="torch",
        )


def test_the_report_has_the_methods_and_the_command_that_repeats_the_search(searched, valp):
    page = searched.parent / "report.html"
    done = valp("report", "both", "--runs", searched, "-o", page)
    assert done.code == 0, done.err
    text = page.read_text()
    assert '"b":"uncertainty:rate=10"' in text
    assert "--balance fixed --balance uncertainty:rate=10" in text


def test_train_accepts_a_method(searched, tmp_path, valp):
    model = tmp_path / "m.valp"
    words = ["train", "--from", "both", 0, "--runs", searched, "--steps", 5, "-o", model, "--executor", "torch"]
    done = valp(*words, "--balance", "uncertainty")
    assert done.code == 0, done.err
    assert load(model).manifest.training["balance"] == "uncertainty:rate=1"


def test_an_executor_that_cannot_train_with_a_method_is_refused_before_anything_is_written(digits_problem, tmp_path):
    message = "the native executor cannot train with the balancing method 'mgda-ub'; executor auto or torch can"
    with pytest.raises(SettingError, match=message):
        launch(digits_problem, name="n", runs=tmp_path / "none", balance=["fixed", "mgda-ub"], executor="native")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["search", "train"])
def test_an_unknown_method_is_one_sentence_and_exit_1(command, searched, tmp_path, valp):
    words = ["digits", "--workers", 0] if command == "search" else ["--from", "both", 0, "-o", tmp_path / "m.valp"]
    done = valp(command, *words, "--runs", searched, "--balance", "nash")
    assert done.code == 1
    assert done.err.splitlines()[-1].endswith(
        f"the balancing method must be one of {', '.join(BALANCERS)}, but is 'nash'"
    )


MEAN = '''
"""The mean of the gradients, or their sum: a method of another package."""

from valp.train.balance.balancer import GradientBalancer, GradientCombining
from valp.train.balance.method_setting import NumberSetting, WordSetting


class Mean(GradientBalancer):
    """The mean or the sum of the gradients of each group, times a length."""

    code, title = "mean", "the mean of the gradients of a group"
    settings = {
        "rule": WordSetting("how they are put together", "mean", ("mean", "sum")),
        "length": NumberSetting("a factor", 1.0, 0.5, 2.0, log_scale=True),
    }

    def begin(self, reach, settings, device):
        return Combined(settings)


class Combined(GradientCombining):
    def __init__(self, settings):
        self.settings = settings

    def direction(self, step, gradients):
        assert len(gradients.losses) == len(gradients.matrix) > 1
        return self.settings["length"] * getattr(gradients.matrix, self.settings["rule"])(0)
'''

SEARCH = """
import sys
from pathlib import Path

from valp.search.facade.launch import launch
from valp.search.run.run import open_run
from valp.spaces.own.load_problem import load_problem

runs = Path(sys.argv[1])
problem = load_problem("digits")
for candidates in (5, 12):
    launch(problem, name="m", runs=runs, strategy="evolution", candidates=candidates, steps=12, workers=0,
           executor="torch", balance="mean:rule=mean")
entries = open_run(runs, "m").ledger.entries()
assert [entry.state for entry in entries] == ["complete"] * 12, [entry.result for entry in entries]
balances = [entry.candidate.training.balance for entry in entries]
assert all(balance.method == "mean" and balance.settings["rule"] == "mean" for balance in balances)
assert all(0.5 <= balance.settings["length"] <= 2 for balance in balances)
bred = [entry for entry in entries if entry.parents]
assert bred
inherited = [entry.candidate.training.balance in [balances[parent] for parent in entry.parents] for entry in bred]
assert any(inherited)
print("searched")
"""


@pytest.mark.heavy
def test_a_method_of_another_package_that_combines_gradients_is_searched_bred_and_resumed(tmp_path):
    package = install(tmp_path / "site", {"means.py": MEAN}, {"valp.balancers": {"mean": "means:Mean"}})
    done = run(SEARCH, package, tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "searched\n"
