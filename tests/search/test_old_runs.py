"""Runs of earlier versions can be opened, shown, reported, exported and resumed.

Each folder of tests/old_runs is named for the version that made its runs. The driver of each run was killed while its
last candidate was training.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import files_of
from valp.check.keys import content_key
from valp.model.bundle import load
from valp.search.run import settings as run_settings
from valp.search.run.run import open_run
from valp.search.run.settings import definitions_of, read_settings, read_versions

OLD = Path(__file__).parents[1] / "old_runs"
RUNS = sorted(str(path.parent.relative_to(OLD)) for path in OLD.glob("*/*/run.toml"))
MORE = 2
"""The number of candidates that a resumed search adds."""


@pytest.fixture(params=RUNS)
def old(request, tmp_path, monkeypatch):
    """A copy of a run, in the folder of runs that commands use by default."""
    runs = tmp_path / "runs"
    monkeypatch.setenv("VALP_RUNS", str(runs))
    return shutil.copytree(OLD / request.param, runs / Path(request.param).name)


def resuming(old, graphs):
    """The words of the command that resumes a run. The start graphs are written into the folder `graphs`."""
    settings, words = read_settings(old / "run.toml"), []
    stored = open_run(old.parent, old.name)
    for number in range(len(settings.start_from)):
        path = graphs / f"start-{number}.json"
        path.write_text(stored.ledger.entry(number).candidate.graph.model_dump_json())
        words += ["--start-from", path]
    for objective in settings.objectives:
        words += ["--objective", objective]
    given = {"name": old.name, "strategy": settings.strategy, "space": settings.space, "steps": settings.steps,
             "batch": settings.batch, "seed": settings.seed, "workers": 0}  # fmt: skip
    for name, value in given.items():
        words += [f"--{name}", value]
    return ["search", settings.problem, *words, "--candidates", len(stored.ledger.entries()) + MORE]


def test_there_are_runs_of_each_released_version():
    page = (OLD.parents[1] / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d.*?)\]", page, re.MULTILINE)
    assert released
    assert sorted({name.split("/")[0] for name in RUNS}) == sorted(released)
    for name in RUNS:
        assert read_versions(OLD / name / "run.toml")["valp"] == name.split("/")[0]


def test_an_old_run_is_listed_and_shown(old, valp):
    (row,) = valp("list", "--json").json
    assert (row["name"], row["failed"], row["unfinished"]) == (old.name, 0, 1)
    assert row["complete"] >= 2
    front = valp("best", old.name, "--json").json
    assert front
    for entry in front:
        told = json.loads((old / "candidates" / str(entry["number"]) / "scores.json").read_text())
        size = {"parameters": told["parameters"]}  # later versions count the size as a score
        assert entry["scores"] == told["scores"] | size
        shown = valp("show", old.name, entry["number"])
        assert shown.code == 0, shown.err
        assert f"candidate {entry['number']} of {old.name}: complete" in shown.out
    unfinished = valp("show", old.name, row["complete"])
    assert f"candidate {row['complete']} of {old.name}: unfinished" in unfinished.out


def test_an_old_run_has_a_report(old, valp):
    done = valp("report", old.name, "--json")
    assert done.code == 0, done.err
    page = Path(done.json["report"]).read_text()
    assert old.name in page
    assert "no predictions" not in done.err  # the data of that version is found


def test_a_model_of_an_old_run_is_exported_and_predicts(old, valp, tmp_path, digits_problem):
    best = valp("best", old.name, "--json").json[0]["number"]
    done = valp("export", old.name, best, "-o", tmp_path / "m.valp")
    assert done.code == 0, done.err
    predicted = load(tmp_path / "m.valp").predict({"pixels": np.zeros((3, 8, 8))})
    assert predicted["digit"].shape == (3,)
    assert predicted["histogram"].shape == (3, 17)
    assert valp("score", tmp_path / "m.valp", "--json").json["scores"]["validation"].keys() >= {"accuracy", "mse"}


def test_a_candidate_of_an_old_run_is_trained_on_the_problem_as_it_was(old, valp, tmp_path):
    done = valp("train", "--from", old.name, 0, "--steps", 5, "-o", tmp_path / "m.valp", "--json")
    assert done.code == 0, done.err
    assert load(tmp_path / "m.valp").manifest.preprocessing == open_run(old.parent, old.name).problem.columns


def resumable(old):
    """Whether the objectives of a run still have the definitions with which it began."""
    settings = read_settings(old / "run.toml")
    return (settings.definitions or (1,) * len(settings.objectives)) == definitions_of(settings.objectives)


def test_one_of_the_old_runs_resumes_and_one_does_not():
    assert {resumable(OLD / name) for name in RUNS} == {True, False}


def test_an_old_run_whose_scores_have_other_definitions_is_refused_in_one_sentence(old, valp, tmp_path):
    if resumable(old):
        return
    before = files_of(old)
    done = valp(*resuming(old, tmp_path))
    assert done.code == 1
    assert re.search(
        rf"entropy is defined differently now than when run {old.name!r} began, so the run can be", done.err
    )
    assert "Traceback" not in done.err
    after = files_of(old)
    assert {name: after[name] for name in before} == before


def test_an_old_run_resumes(old, valp, tmp_path, monkeypatch):
    if not resumable(old):
        return
    before, ended = files_of(old / "candidates"), open_run(old.parent, old.name).ledger.entries()
    now = run_settings.versions() | {"valp": "99.0"}
    monkeypatch.setattr(run_settings, "versions", lambda: now)
    command = resuming(old, tmp_path)
    done = valp(*command)
    assert done.code == 0, done.err
    made = OLD / old.name
    assert re.search(r"this run began with valp 0\.\d\.\d, .*and continues with valp 99\.0", done.err), (made, done.err)
    entries = open_run(old.parent, old.name).ledger.entries()
    assert [entry.state for entry in entries] == ["complete"] * (len(ended) + MORE)
    for one, again in zip(ended, entries, strict=False):
        assert content_key(one.candidate.graph) == content_key(again.candidate.graph)
        assert one.candidate.training == again.candidate.training
        assert one.result in (None, again.result)
    kept = {name: what for name, what in before.items() if name.endswith(("candidate.json", "scores.json"))}
    after = files_of(old / "candidates")
    assert kept
    assert {name: after[name] for name in kept} == kept
    assert valp(*command).code == 0
    assert len(open_run(old.parent, old.name).ledger.entries()) == len(entries)


def test_an_old_run_is_not_resumed_with_other_settings(old, valp, tmp_path):
    if not resumable(old):
        return
    command = resuming(old, tmp_path)
    command[command.index("--steps") + 1] += 1
    done = valp(*command)
    assert done.code == 1
    assert f"run {old.name!r} has steps 60, but 61 was given" in done.err
