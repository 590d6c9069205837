"""The comparison of strategies, run on digits with a few steps, and interrupted at several points."""

import json
import shutil
from itertools import count

import pytest

from benchmarks import strategies, strategies_goals, strategies_longer, strategies_searches
from benchmarks.strategies_goals import GOALS
from benchmarks.strategies_longer import train_longer, trained_on
from benchmarks.strategies_searches import searched
from valp.search.run.run import open_run
from valp.spaces.problem.scoring import Scorer

pytestmark = pytest.mark.usefixtures("narrow")

TIMES = ("seconds", "wall")
SMALL = ("--problem=digits", "--seeds=1", "--trainings=3", "--steps=20", "--workers=0", "--longer-steps=5")
RUN = "strategies-digits-default-evolution-3x20x50-0-tuned"


def compared(folder, *more):
    """Runs the benchmark on digits in this process: one seed, three trainings of 20 steps."""
    strategies.main([*SMALL, "--runs", str(folder / "runs"), "-o", str(folder / "figures.json"), *more])
    part = json.loads((folder / "figures.json").read_text())["digits-default-20x50"]["searches"]
    for search in part.values():
        for one in search["ended"]:
            for name in TIMES:
                del one[name]
    return part


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The folder of a comparison of random search and evolution, and its figures."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    return folder, compared(folder, "--strategies", "random", "evolution")


def test_each_search_sees_its_samples_and_only_evolution_has_baselines(uninterrupted):
    random, evolution = uninterrupted[1]["random@3 0"], uninterrupted[1]["evolution@3 0"]
    for search in (random, evolution):
        assert 2000 < search["ended"][-1]["seen"] <= 3000
        assert len(search["hypervolume after each training"]) == 4
        best = search["ended"][[one["number"] for one in search["ended"]].index(search["compromise"])]
        assert best["validation"]["scores"].keys() <= best["test"]["scores"].keys() | {"conditioning", "copying"}
        assert search["trained_on"]["candidate"]["scores"].keys() >= {"accuracy", "mse", "entropy_coverage"}
    assert (random["singles"], random["beside"], random["goals"]) == ([], {}, {})
    codes = {one["code"] for one in evolution["singles"]}
    assert codes >= {"linear", "trees", "network", "tuned-1", "tuned-2", "tuned-3"}
    assert evolution["goals"].keys() == {goal.code for goal in GOALS}
    assert evolution["beside"]["mse"]["test"] is not None
    assert evolution["trained_on"]["networks"].keys() == {"digit", "stroke", "image"}


def test_a_second_run_measures_nothing_again(uninterrupted, monkeypatch):
    folder, figures = uninterrupted
    monkeypatch.setattr(Scorer, "score_with_errors", None)
    assert compared(folder, "--strategies", "random", "evolution") == figures


def test_published_searches_are_not_run(uninterrupted, monkeypatch, capsys):
    folder, figures = uninterrupted
    run = []
    monkeypatch.setattr(strategies, "searched", lambda *given, **words: run.append(given) or searched(*given, **words))
    assert compared(folder, "--strategies", "evolution", "--published", "random") == figures
    assert [contender.code for _, contender, _ in run] == ["evolution"]
    assert "| random | 1 |" in capsys.readouterr().out


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def killing(function, after):
    """The function, which raises `Killed` instead of its call after so many."""
    calls = count()

    def wrapped(*args, **words):
        if next(calls) == after:
            raise Killed
        return function(*args, **words)

    return wrapped


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        (strategies_searches.Clock, "show", 2),
        (Scorer, "score_with_errors", 17),
        (Scorer, "score_with_errors", 6),
        (strategies_longer, "fitting", 2),
        (strategies, "write", 0),
    ],
)
def test_a_killed_comparison_resumes_with_the_same_figures(where, name, after, uninterrupted, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(where, name, killing(getattr(where, name), after))
        with pytest.raises(Killed):
            compared(tmp_path, "--strategies", "evolution")
    found = compared(tmp_path, "--strategies", "evolution")
    assert found["evolution@3 0"] == uninterrupted[1]["evolution@3 0"]


def test_networks_are_trained_as_long_as_asked_but_only_once(uninterrupted, digits_problem):
    run = open_run(uninterrupted[0] / "runs", RUN)
    scorer = Scorer(digits_problem, {}, objectives=("accuracy", "mse"))
    train_longer(run, scorer, 1000, 1500)
    assert "longer-1500" not in run.ledger.baselines["digit"]
    train_longer(run, scorer, 1000, 12_000)
    longest = run.ledger.baselines["digit"]["longer-12000"]
    assert longest.samples_seen == pytest.approx(12_000, rel=0.02)
    train_longer(run, scorer, 1000, 11_000)
    assert "longer-11000" not in run.ledger.baselines["digit"]


def of_logic(folder, *more):
    """An evolution of two numbers, which has four rows."""
    words = ("--problem=logic", "--strategies=evolution", "--seeds=1", "--workers=0", "--runs", str(folder / "runs"))
    strategies.main([*words, "-o", str(folder / "figures.json"), *more])
    (part,) = json.loads((folder / "figures.json").read_text()).values()
    (search,) = part["searches"].values()
    return search


def test_every_candidate_ahead_on_validation_has_test_scores(tmp_path, monkeypatch):
    def weakest(singles, metric, families=None):
        own = [one for one in singles if one.output == metric.output and metric.name in one.validation.scores]
        return max(own, key=lambda one: metric.score.loss(one.validation.scores[metric.name]), default=None)

    monkeypatch.setattr(strategies_goals, "best_single", weakest)
    search = of_logic(tmp_path, "--steps=150", "--trainings=10")
    reached = search["goals"]["all"]
    tested = [one["number"] for one in search["ended"] if one["test"] is not None]
    assert len(tested) > 2
    assert reached["validation"]["candidate"] in tested
    assert reached["the same on test"] in (True, False)


def test_a_training_of_fewer_rows_than_a_batch_has_fewer_samples(tmp_path):
    search = of_logic(tmp_path, "--steps=20", "--trainings=3")
    assert (search["unit"], search["budget"]) == (80, 240)
    assert len(search["ended"]) < 20


def test_baselines_for_a_strategy_that_is_not_compared_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        compared(tmp_path, "--strategies", "random", "--baselines-for", "tpe")
    assert "--baselines-for must name some of --strategies, but has tpe" in capsys.readouterr().err


def test_an_unknown_problem_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        compared(tmp_path, "--problem", "digit")
    assert "did you mean 'digits'" in capsys.readouterr().err


@pytest.mark.slow
def test_models_trained_on_in_processes_have_the_same_scores(uninterrupted, digits_problem, tmp_path):
    shutil.copytree(uninterrupted[0] / "runs" / RUN, tmp_path / RUN)
    (tmp_path / RUN / strategies_longer.ON).unlink()
    run, scorer = open_run(tmp_path, RUN), Scorer(digits_problem, {}, objectives=("accuracy", "mse"))
    known = uninterrupted[1]["evolution@3 0"]
    found = trained_on(run, run.ledger.entry(known["compromise"]), 5, 50, scorer, workers=2)
    told = known["trained_on"]
    assert found.candidate.scores["accuracy"] == pytest.approx(told["candidate"]["scores"]["accuracy"], rel=1e-5)
    assert found.networks.keys() == told["networks"].keys()
    assert found.networks["stroke"].scores["mse"] == pytest.approx(
        told["networks"]["stroke"]["scores"]["mse"], rel=1e-5
    )
