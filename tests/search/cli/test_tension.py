"""`--tension`: the task tensioner on top of the direction that `--balance` names."""

import pytest

from tests.search.cli.test_cli import wrong
from tests.valp.trace.traced import opposed
from valp.errors import SettingError
from valp.model.bundle import load
from valp.search.cli.tension_option import with_tension
from valp.search.run.run import open_run
from valp.train.balance import Balance, read_balance, tensioned


def test_tension_is_the_tensioner_with_this_direction_and_strength():
    found = tensioned(Balance(method="central"), 0.3)
    assert found == read_balance("tensioner:direction=central,alpha=0.3")
    assert with_tension(["central", "min-norm"], 0.5) == (
        "tensioner:direction=central,alpha=0.5",
        "tensioner:direction=min-norm,alpha=0.5",
    )
    assert with_tension(["fixed"], None) == ("fixed",)


def test_a_direction_that_cannot_be_pulled_and_a_wrong_strength_are_refused():
    said = "^tension pulls the direction of the balancing method central or min-norm, but the method is 'fixed'$"
    with pytest.raises(SettingError, match=said):
        tensioned(Balance(), 0.3)
    with pytest.raises(SettingError, match=r"^tensioner:alpha must be a number in \[0, 1\], but is 2$"):
        tensioned(Balance(method="central"), 2)


def test_a_search_and_a_training_take_tension(valp, tmp_path):
    words = ("--balance", "central", "--tension", 0.3, "--executor", "torch")
    small = ("--candidates", 1, "--steps", 3, "--workers", 0, "--baselines", "none", "--runs", tmp_path)
    assert valp("search", "logic", "--name", "tense", *words, *small).code == 0
    run = open_run(tmp_path, "tense")
    assert run.settings.balance == ("tensioner:direction=central,alpha=0.3",)
    settings = run.ledger.entries()[0].candidate.training.balance.settings
    assert (settings["direction"], settings["alpha"]) == ("central", 0.3)
    model = tmp_path / "m.valp"
    words = ("--balance", "min-norm", "--tension", 0.2, "-o", model, "--runs", tmp_path)
    trained = valp("train", "--from", "tense", 0, "--steps", 2, *words)
    assert trained.code == 0, trained.err
    assert load(model).manifest.training["balance"] == "tensioner:direction=min-norm,alpha=0.2,period=10"


def test_tension_without_a_direction_is_refused_in_one_sentence(valp, tmp_path):
    words = ("search", "logic", "--name", "x", "--runs", tmp_path, "--tension", 0.3)
    assert wrong(valp(*words)) == (
        "--tension pulls the direction of a method, so it needs --balance central or min-norm"
    )
    assert "but the method is 'gradnorm'" in wrong(valp(*words, "--balance", "gradnorm"))
    assert valp(*words[:-1], 1.5, "--balance", "central").code == 2
    graph = tmp_path / "graph.json"
    graph.write_text(opposed()[0].model_dump_json())
    assert "needs --balance" in wrong(
        valp("train", graph, "--problem", "logic", "--tension", 0.3, "-o", tmp_path / "m.valp")
    )
    assert not (tmp_path / "x").exists()
