"""The last lines of `valp search` are commands that work when they are pasted into the same shell."""

import shlex
import sys

import pytest

from valp.search.cli.next_commands import print_next_commands, program
from valp.search.run.folder import Folder


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A `valp` in a folder that is not on the PATH, as after `make demo`; this is the running program."""
    file = tmp_path / "new bin" / "valp"
    file.parent.mkdir()
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(file)])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return file


def test_a_program_that_the_shell_does_not_find_is_called_by_its_path(installed):
    assert shlex.split(program()) == [str(installed)]


def test_a_program_that_the_shell_finds_is_called_by_its_name(installed, monkeypatch):
    monkeypatch.setenv("PATH", f"{installed.parent}:/usr/bin:/bin")
    assert program() == "valp"


def test_names_and_folders_with_spaces_are_quoted(installed, tmp_path, capsys):
    print_next_commands(Folder(tmp_path / "my runs" / "a run"), 3, "my data.valp", 4000)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "next:"
    words = [shlex.split(line) for line in lines]
    assert [word[:2] for word in words] == [
        [str(installed), name] for name in ("best", "show", "report", "export", "train")
    ]
    assert all(word[-2:] == ["--runs", str(tmp_path / "my runs")] for word in words)
    assert words[3][2:5] == ["a run", "-o", "my data.valp"]
    assert words[4][2:5] == ["--from", "a run", "3"]


def test_the_commands_work_as_they_are_printed(valp, small_run, runs_copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = small_run.settings
    words = ("--strategy", settings.strategy, "--steps", settings.steps, "--seed", settings.seed, "--candidates", 4)
    text = valp("search", "digits", "--name", "small", *words, "--runs", runs_copy).out
    lines = [shlex.split(line)[1:] for line in text.partition("next:\n")[2].splitlines()]
    assert [line[0] for line in lines] == ["best", "show", "report", "export", "train"]
    for line in lines[:-1]:
        outcome = valp(*line)
        assert outcome.code == 0, outcome.err
    steps = lines[-1].index("--steps") + 1
    outcome = valp(*lines[-1][:steps], 5, *lines[-1][steps + 1 :])  # the printed number of steps takes minutes
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "digits.valp").is_file()
