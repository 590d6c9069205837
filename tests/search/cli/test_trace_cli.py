"""`valp train --trace`: the file, the copy for the report of a run, and refused options."""

import shutil

import pytest

from tests.search.cli.test_cli import wrong
from tests.valp.trace.traced import opposed, recorded
from valp.errors import FileError
from valp.model.bundle import load
from valp.search.facade.launch import launch
from valp.search.facade.run_handle import open_run
from valp.search.run.folder import TRACE
from valp.spaces.own.load_problem import load_problem
from valp.trace.trace_file import load_trace, save_trace


@pytest.fixture(scope="module")
def logic_runs(tmp_path_factory):
    """A folder with one run of two candidates, `logic`."""
    runs = tmp_path_factory.mktemp("logic")
    launch(
        load_problem("logic"),
        name="logic",
        runs=runs,
        candidates=2,
        steps=4,
        workers=0,
        baselines="none",
        balance="central",
        executor="torch",
    )
    return runs


@pytest.fixture
def runs(logic_runs, tmp_path):
    """A copy, because a run keeps traces."""
    return shutil.copytree(logic_runs, tmp_path / "runs")


def test_a_candidate_is_traced_and_its_run_keeps_the_trace(valp, runs, tmp_path):
    model, file = tmp_path / "m.valp", tmp_path / "t.npz"
    outcome = valp("train", "--from", "logic", 0, "--trace", file, "-o", model, "--runs", runs)
    assert outcome.code == 0, outcome.err
    trace, graph = load_trace(file), load(model).manifest.graph
    assert (
        f"trace: {file}, {len(trace.steps)} records, each step, trained by torch; `valp report logic` shows it\n"
        in outcome.err
    )
    assert trace.graph == graph
    assert trace.about["candidate"] == 0
    assert (runs / "logic/candidates/0" / TRACE).read_bytes() == file.read_bytes()
    run = open_run("logic", runs)
    assert run.trace(0).graph == graph
    with pytest.raises(FileError, match=r"^candidate 1 of run 'logic' has no trace; valp train --from logic 1 --trace"):
        run.trace(1)


def test_a_training_with_other_settings_is_not_shown_as_the_candidates(valp, runs, tmp_path):
    file, words = tmp_path / "t.npz", ("--balance", "min-norm", "--steps", 3, "--json", "-o", tmp_path / "m.valp")
    outcome = valp("train", "--from", "logic", 0, "--trace", file, *words, "--runs", runs)
    assert outcome.code == 0, outcome.err
    assert outcome.json["trace"] == str(file)
    assert "the report of logic does not show this trace, because its steps, balance differ from those" in outcome.err
    assert load_trace(file).balance == "min-norm"
    assert not (runs / "logic/candidates/0" / TRACE).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--trace", "t.csv"), "the suffix of a trace must be .npz, but the file is 't.csv'"),
        (("--trace", "t.npz", "--seeds", "2"), "--trace records one training, so --seeds must be 1, but is 2"),
        (("--trace", "m.npz"), "--trace and -o must name two files, but both are m.npz"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_sentence(words, said, valp, logic_runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in wrong(valp("train", "--from", "logic", 0, *words, "-o", "m.npz", "--runs", logic_runs))
    assert not [*tmp_path.iterdir()]


def test_a_trace_that_cannot_be_written_leaves_the_model(valp, runs, tmp_path):
    model, blocked = tmp_path / "m.valp", tmp_path / "file"
    blocked.write_text("no folder")
    words = ("--steps", 2, "--trace", blocked / "t.npz", "-o", model)
    outcome = valp("train", "--from", "logic", 0, *words, "--runs", runs)
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1].startswith(f"valp: {blocked / 't.npz'} cannot be written: ")
    assert load(model).manifest.training["steps"] == 2


def test_a_trace_is_drawn_in_two_ways(valp, tmp_path):
    graph, data = opposed()
    file, steps, conflicts = (tmp_path / name for name in ("t.npz", "steps.png", "conflicts.svg"))
    save_trace(recorded(graph=graph, data=data, steps=2)[0], file)
    assert valp("draw", file, "-o", steps).code == 0
    drawn = valp("draw", file, "--conflicts", "-o", conflicts, "--json")
    assert drawn.json == {"picture": str(conflicts)}
    assert "t: losses balanced by fixed" in conflicts.read_text()
    assert steps.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused_in_one_sentence(valp, tmp_path):
    graph, broken = tmp_path / "graph.json", tmp_path / "t.npz"
    graph.write_text(opposed()[0].model_dump_json())
    broken.write_bytes(b"no archive")
    said = wrong(valp("draw", graph, "--conflicts", "-o", tmp_path / "x.svg"))
    assert said == "--conflicts draws a trace (.npz), but the file is 'graph.json'"
    assert f"{broken} is not a trace of a training" in wrong(valp("draw", broken, "-o", tmp_path / "x.svg"))
