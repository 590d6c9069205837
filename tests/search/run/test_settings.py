"""The settings of a run and their file."""

import tomllib

import pytest

from valp.errors import FileError, SettingError
from valp.score.rows.prediction_rows import MeanSquared
from valp.search.run.settings import (
    PACKAGES,
    Settings,
    definitions_of,
    other_versions,
    read_settings,
    read_versions,
    write_settings,
)

SETTINGS = Settings(
    problem="digits",
    fingerprint="0" * 64,
    strategy="tpe",
    space="default",
    objectives=("accuracy", "mse"),
    steps=100,
    batch=50,
    seed=7,
    protocol="generate",
    keep="all",
)
OTHER = {
    "problem": "fashion-mnist",
    "fingerprint": "1" * 64,
    "strategy": "random",
    "space": "paper",
    "kinds": ("g", "d"),
    "start_from": ("2" * 64,),
    "objectives": ("mse", "accuracy"),
    "steps": 101,
    "batch": 51,
    "seed": 8,
    "protocol": "predict",
    "keep": "front",
    "executor": "torch",
    "halving": True,
    "files": "s3://bucket/folder",
    "baselines": "none",
    "balance": ("uncertainty",),
    "priors": ("normal", "mixture"),
    "conditions": ("digit",),
    "storage": "postgresql://db.example/valp",
}


def test_settings_read_back_as_they_were_written(tmp_path):
    write_settings(SETTINGS, tmp_path / "run.toml")
    assert read_settings(tmp_path / "run.toml") == SETTINGS


def test_the_file_names_the_versions_it_was_written_with(tmp_path):
    write_settings(SETTINGS, tmp_path / "run.toml")
    versions = tomllib.loads((tmp_path / "run.toml").read_text())["versions"]
    assert versions.keys() == {*PACKAGES, "python"}
    assert all(versions.values())


def test_the_same_settings_are_accepted():
    SETTINGS.require_same(SETTINGS.model_copy(), "r")


def test_every_setting_has_a_case_here():
    assert OTHER.keys() | {"source", "definitions", "study"} == Settings.model_fields.keys()


def test_the_file_of_the_problem_may_move():
    SETTINGS.model_copy(update={"source": "old/mine.toml"}).require_same(
        SETTINGS.model_copy(update={"source": "new/mine.toml"}), "r"
    )


@pytest.mark.parametrize("definitions", [(), (1, 1), (1, 2)])
def test_a_run_whose_objectives_are_defined_differently_now_is_not_resumed(definitions, monkeypatch):
    monkeypatch.setattr(MeanSquared, "definition", 3)
    old = SETTINGS.model_copy(update={"definitions": definitions})
    with pytest.raises(SettingError, match=r"^mse is defined differently now than when run 'r' began, so .* another"):
        old.require_same(SETTINGS, "r")
    SETTINGS.model_copy(update={"definitions": definitions_of(SETTINGS.objectives)}).require_same(SETTINGS, "r")


def test_objectives_of_one_of_several_outputs_have_definitions_too():
    assert definitions_of(("accuracy", "r2.height", "nobody's")) == (1, 2, 1)


@pytest.mark.parametrize("name", OTHER)
def test_any_setting_that_differs_is_refused_in_one_sentence_that_names_it(name):
    other = SETTINGS.model_copy(update={name: OTHER[name]})
    with pytest.raises(SettingError, match="run 'r'") as raised:
        SETTINGS.require_same(other, "r")
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert ("the data of problem 'digits' has changed" if name == "fingerprint" else f"has {name} ") in sentence


def test_the_message_has_the_stored_and_the_given_setting():
    with pytest.raises(SettingError, match="has objectives accuracy, mse, but mse, accuracy was given"):
        SETTINGS.require_same(SETTINGS.model_copy(update={"objectives": ("mse", "accuracy")}), "r")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[settings",
        b"\xff\xfe",
        b"[settings]\nproblem = 'digits'\n",
        b"settings = 3\n",
        b"[settings]\nsteps = 1979-05-27\n",
    ],
    ids=["empty", "cut off", "not text", "incomplete", "of another kind", "a date"],
)
def test_a_damaged_file_is_a_file_error_of_one_line(content, tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"run\.toml is damaged") as raised:
        read_settings(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match=r"run\.toml cannot be read"):
        read_settings(tmp_path / "run.toml")


def test_packages_of_other_versions_are_named_in_one_line(tmp_path):
    path = tmp_path / "run.toml"
    write_settings(SETTINGS, path)
    assert other_versions(path) is None
    now = read_versions(path)
    path.write_text(path.read_text().replace(f'torch = "{now["torch"]}"', 'torch = "1.0"') + 'other = "3"\n')
    said = other_versions(path)
    assert said.startswith(f"this run began with torch 1.0, and continues with torch {now['torch']}: ")
    path.write_text(path.read_text().split("[versions]")[0])
    assert other_versions(path) is None


def test_settings_that_another_version_wrote_are_refused_by_its_number(tmp_path):
    path = tmp_path / "run.toml"
    write_settings(SETTINGS, path)
    now = read_versions(path)["valp"]
    text = path.read_text().replace("[settings]", "[settings]\nlater = 1").replace(f'valp = "{now}"', 'valp = "99.0"')
    path.write_text(text)
    with pytest.raises(FileError, match=rf"was written by valp 99\.0, and valp {now} cannot read it: "):
        read_settings(path)
