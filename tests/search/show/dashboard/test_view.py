"""The view of a run's ledger for Optuna's dashboard, which can be read and not written."""

import json
from pathlib import Path

import optuna
import pytest
from bottle import HTTPError

from tests.conftest import files_of
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import Entry
from valp.search.run.run import open_run
from valp.search.run.settings import Settings
from valp.search.show.dashboard.artifacts import Pictures
from valp.search.show.dashboard.notes import RunCommands
from valp.search.show.dashboard.run_view import STUDY, RunView, noted

WRITING = {
    "create_new_study": ([optuna.study.StudyDirection.MINIMIZE],),
    "delete_study": (STUDY,),
    "set_study_user_attr": (STUDY, "a", 1),
    "set_study_system_attr": (STUDY, "a", 1),
    "create_new_trial": (STUDY,),
    "set_trial_param": (1, "a", 1.0, optuna.distributions.FloatDistribution(0, 1)),
    "set_trial_state_values": (1, optuna.trial.TrialState.FAIL),
    "set_trial_intermediate_value": (1, 0, 1.0),
    "set_trial_user_attr": (1, "a", 1),
    "set_trial_system_attr": (1, "a", 1),
}


def view_of(run, folder, runs=Path("runs")):
    return RunView(run, RunCommands(run.folder.name, run.settings.problem, runs), Pictures(run, folder, print))


@pytest.fixture
def view(small_run, tmp_path):
    return view_of(small_run, tmp_path)


@pytest.fixture
def study(view):
    """The view as Optuna itself reads it."""
    return optuna.load_study(study_name="small", storage=view)


def note(view, number):
    attributes = view.get_study_system_attrs(STUDY)
    return attributes[f"dashboard:{number + 1}:note_str:0"]


def test_the_study_is_the_run_and_its_trials_are_the_candidates(study, small_run):
    assert study.study_name == "small"
    assert study.metric_names == list(small_run.objectives)
    assert [direction.name.lower() for direction in study.directions] == [
        metric.score.goal for metric in small_run.objectives.values()
    ]
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
    for trial, entry in zip(study.trials, small_run.ledger.entries(), strict=True):
        assert trial.values == [entry.result.scores[name] for name in small_run.objectives]
        assert trial.datetime_complete == entry.ended


def test_optuna_finds_the_front_that_the_ledger_has(study, small_run):
    assert {trial.number for trial in study.best_trials} == {entry.number for entry in small_run.front()}


def test_attributes_are_numbers_and_words_but_no_documents(study, small_run):
    for trial, entry in zip(study.trials, small_run.ledger.entries(), strict=True):
        assert trial.user_attrs.items() >= entry.result.scores.items()
        assert trial.user_attrs["parameters"] == entry.result.parameters
        assert trial.params["networks"] == len(entry.candidate.graph.networks)
        assert all(isinstance(value, int | float) or len(value) < 80 for value in trial.user_attrs.values())


def test_a_note_has_the_scores_those_of_the_single_task_models_and_the_commands(view, small_run, monkeypatch):
    monkeypatch.delenv("VALP_RUNS")
    best = small_run.front()[0]
    text = note(view, best.number)
    assert f"## Candidate {best.number} of small: complete" in text
    single = small_run.baseline_scores["accuracy"]
    assert f"| **accuracy ↑** | {best.result.scores['accuracy']:.3f} | {single:.3f} |" in text
    assert f"valp show small {best.number}\nvalp export small {best.number} -o digits.valp\n" in text
    assert f"(/artifacts/1/{best.number + 1}/{best.number}-0)" in text


def test_the_commands_name_the_folder_of_runs_if_it_is_not_the_usual_one(small_run, tmp_path):
    view = view_of(small_run, tmp_path, Path("/other place/runs"))
    assert "valp show small 0 --runs '/other place/runs'\n" in note(view, 0)


def test_the_commands_name_the_usual_folder_of_runs_too_if_the_environment_names_another(view):
    assert "valp show small 0 --runs runs\n" in note(view, 0)


def test_the_note_of_a_candidate_without_weights_has_the_command_to_train_it_and_no_samples(runs_copy, tmp_path):
    run = open_run(runs_copy, "small")
    (run.folder.candidate(0) / "weights.safetensors").unlink(missing_ok=True)
    view = view_of(run, tmp_path)
    assert "valp train --from small 0 -o digits.valp" in note(view, 0)
    names = [json.loads(value)["filename"] for value in view.get_trial(1)._system_attrs.values()]
    assert names == ["graph.svg"]


def test_the_note_of_the_run_has_the_front_with_the_knee_first(view, small_run):
    text = view.get_study_system_attrs(STUDY)["dashboard:note_str:0"]
    assert "4 complete, 0 failed." in text
    numbers = [int(line.split("**")[1]) for line in text.splitlines() if line.startswith("| **")]
    assert numbers == [entry.number for entry in small_run.front()]
    assert "| best baseline |" in text
    assert f"valp export small {numbers[0]} -o digits.valp" in text


def test_in_a_long_run_the_latest_candidates_and_the_first_of_the_front_have_notes():
    entries = [Entry(number, "complete", None, None, (), "") for number in range(1000)]
    numbers = [entry.number for entry in noted(entries, entries[::5])]
    assert sorted(numbers) == sorted({*range(700, 1000), *range(0, 500, 5)})
    assert noted(entries[:400], []) == entries[:400]


def test_a_failed_candidate_is_shown_with_its_reason(runs_copy, tmp_path, small_run):
    file = runs_copy / "small" / "study.db"
    ledger = Ledger.open(file, small_run.objectives)
    settings: Settings = small_run.settings
    trial = ledger.ask(optuna.samplers.RandomSampler(seed=0))
    candidate = ledger.entry(0).candidate
    ledger.propose(trial, candidate)
    view = view_of(open_run(runs_copy, "small"), tmp_path)
    assert "## Candidate 4 of small: not finished" in note(view, 4)
    assert "unfinished" in view.get_study_system_attrs(STUDY)["dashboard:note_str:0"]
    failed = ledger.entry(0).result.__class__({}, 1, "key", settings.batch, (0.1, 0.0), "a loss is not finite")
    ledger.tell(4, failed)
    assert "It failed: a loss is not finite" in note(view, 4)
    assert view.get_trial(5).user_attrs["failure"] == "a loss is not finite"
    assert view.get_trial(5).state is optuna.trial.TrialState.FAIL


def test_a_new_candidate_is_in_the_view_at_the_next_read(runs_copy, tmp_path, small_run):
    view = view_of(open_run(runs_copy, "small"), tmp_path)
    assert len(view.get_all_trials(STUDY)) == 4
    Ledger.open(runs_copy / "small" / "study.db", small_run.objectives).ask(optuna.samplers.RandomSampler(seed=0))
    assert len(view.get_all_trials(STUDY)) == 5


def test_every_writing_method_of_optunas_storages_is_tested():
    abstract = optuna.storages.BaseStorage.__abstractmethods__
    assert {name for name in abstract if not name.startswith("get_")} == set(WRITING)


@pytest.mark.parametrize("name", WRITING)
def test_nothing_can_be_written_through_the_view(name, view):
    with pytest.raises(NotImplementedError, match="only shows a run"):
        getattr(view, name)(*WRITING[name])


def test_pictures_are_drawn_outside_the_run_which_stays_unchanged(runs_copy, tmp_path):
    before = files_of(runs_copy)
    run = open_run(runs_copy, "small")
    pictures = Pictures(run, tmp_path / "drawn", print)
    view = RunView(run, RunCommands("small", "digits"), pictures)
    view.get_all_studies()
    for trial in view.get_all_trials(STUDY):
        for value in trial._system_attrs.values():
            about = json.loads(value)
            content = pictures.open_reader(about["artifact_id"]).read()
            start = b"\x89PNG" if about["filename"].endswith(".png") else b"<?xml"
            assert content.startswith(start), about
    assert any((tmp_path / "drawn").rglob("samples.png"))
    assert files_of(runs_copy) == before


@pytest.mark.parametrize("artifact", ["9-0", "0-7", "x", "", "-1-0"])
def test_an_unknown_picture_is_answered_with_404(artifact, small_run, tmp_path):
    with pytest.raises(HTTPError) as refused:
        Pictures(small_run, tmp_path, print).open_reader(artifact)
    assert refused.value.status_code == 404


def test_without_the_data_samples_are_not_found_and_one_message_says_so(runs_copy, tmp_path):
    settings = runs_copy / "small" / "run.toml"
    settings.write_text(settings.read_text().replace('problem = "digits"', 'problem = "lost"'))
    run, said = open_run(runs_copy, "small"), []
    pictures, best = Pictures(run, tmp_path, said.append), run.front()[0]
    for _ in range(2):
        with pytest.raises(HTTPError, match="404"):
            pictures.open_reader(f"{best.number}-1")
    assert len(said) == 1
    assert "samples that are not drawn yet cannot be shown" in said[0]
