"""`--json`: every command that shows something prints one document on stdout, and nothing else there."""

import pytest

from valp.search.cli import cli

SILENT = {"dashboard"}
"""Commands without --json: they show things in a browser."""

WIDTH = 100
"""The longest line of help, in characters."""


@pytest.mark.parametrize("name", [name for name in cli.commands if name not in SILENT])
def test_every_command_that_shows_something_has_json(name):
    assert any("--json" in parameter.opts for parameter in cli.commands[name].params)


@pytest.mark.parametrize(
    "words",
    [
        ("problems",),
        ("list",),
        ("status", "small"),
        ("best", "small"),
        ("best", "small", "--by", "mse"),
        ("show", "small", "0"),
        ("graphs",),
        ("clean", "small"),
        ("check", "{candidate}"),
        ("draw", "{candidate}", "-o", "{new}.svg"),
        ("train", "{candidate}", "--problem", "digits", "--steps", "5", "-o", "{new}.valp"),
        ("export", "small", "{best}", "-o", "{new}.valp"),
    ],
    ids=" ".join,
)
def test_stdout_is_one_document(words, valp, small_run, runs_copy, tmp_path, monkeypatch):
    monkeypatch.setenv("VALP_RUNS", str(runs_copy))
    places = {
        "candidate": small_run.folder.candidate(0) / "candidate.json",
        "new": tmp_path / "new",
        "best": small_run.front()[0].number,
    }
    outcome = valp(*(word.format(**places) for word in words), "--json")
    assert outcome.code == 0, outcome.err
    assert isinstance(outcome.json, list | dict)


def test_a_search_prints_its_front(valp, small_run, runs_copy):
    settings = small_run.settings
    words = ("--strategy", settings.strategy, "--steps", settings.steps, "--seed", settings.seed, "--candidates", 4)
    outcome = valp("search", "digits", "--name", "small", *words, "--runs", runs_copy, "--json")
    assert outcome.code == 0, outcome.err
    assert [candidate["number"] for candidate in outcome.json] == [entry.number for entry in small_run.front()]


def test_the_files_of_pictures_and_models_are_named(valp, small_run, tmp_path):
    document, picture, model = small_run.folder.candidate(0) / "candidate.json", tmp_path / "g.svg", tmp_path / "m.valp"
    assert valp("draw", document, "-o", picture, "--json").json == {"picture": str(picture)}
    words = ("--problem", "digits", "--steps", 5, "--seeds", 2, "-o", model)
    trained = valp("train", document, *words, "--json").json
    assert trained["model"] == str(model)
    assert len(trained["validation"]["accuracy"]) == len(trained["test"]["accuracy"]) == 2


@pytest.mark.parametrize("name", list(cli.commands))
def test_the_help_has_an_example_and_fits(name, valp):
    outcome = valp(name, "--help")
    assert f"\n    valp {name}" in outcome.out, "an example"
    assert max(map(len, outcome.out.splitlines())) <= WIDTH
