"""Damaged runs are refused in one sentence that names the run or the file."""

import re
import sqlite3

import pytest

from valp.errors import FileError, SettingError
from valp.search.run.run import open_run


def content(file, new):
    return lambda run: (run / file).write_bytes(new)


def text(file, old, new):
    def change(run):
        before = (run / file).read_text()
        assert old in before
        (run / file).write_text(before.replace(old, new))

    return change


def sql(*statements):
    def change(run):
        with sqlite3.connect(run / "study.db") as database:
            for statement in statements:
                database.execute(statement)
        database.close()

    return change


def a_folder(file):
    def change(run):
        (run / file).unlink()
        (run / file).mkdir()

    return change


def attribute(name, value):
    return sql(f"update trial_user_attributes set value_json='{value}' where key='{name}'")


def changed(field, value):
    """A field of all results, set to a value of SQLite."""
    new = f"json_set(value_json, '$.{field}', {value})"
    return sql(f"update trial_user_attributes set value_json={new} where key='result'")


DAMAGES = {
    "settings empty": (content("run.toml", b""), r"run\.toml is damaged: it has no settings"),
    "settings binary": (content("run.toml", b"\xff\xfe\0"), r"run\.toml is damaged: 'utf-8' codec can't decode"),
    "settings a number": (content("run.toml", b"settings = 3\n"), r"run\.toml is damaged: Input should be an object"),
    "settings with more": (text("run.toml", "[settings]", "[settings]\nfuture = 3"), r"run\.toml .* at future"),
    "settings a folder": (a_folder("run.toml"), "there is no run 'small'"),
    "objective unknown": (text("run.toml", '"accuracy"', '"beauty"'), "run 'small' optimises 'beauty', which is not"),
    "objective missing": (
        text("run.toml", '    "accuracy",\n', ""),
        r"study\.db is damaged or of another run: its obj",
    ),
    "problem missing": (lambda run: (run / "problem.json").unlink(), r"problem\.json cannot be read: No such file"),
    "problem empty": (content("problem.json", b"{}"), r"problem\.json is not a valid description"),
    "problem nested": (content("problem.json", b"[" * 100_000), r"problem\.json is not a valid description"),
    "problem with a column that is no name": (
        text("problem.json", '"name": "digit"', '"name": "a b"'),
        r"problem\.json is not a valid description",
    ),
    "ledger missing": (lambda run: (run / "study.db").unlink(), r"there is no ledger at .*study\.db"),
    "ledger empty": (content("study.db", b""), r"study\.db cannot be opened: it has no study 'valp'"),
    "ledger not a database": (
        content("study.db", b"no database" * 999),
        r"study\.db cannot be opened: file is not a da",
    ),
    "ledger a folder": (a_folder("study.db"), r"there is no ledger at .*study\.db"),
    "migration of the future": (sql("update alembic_version set version_num='v99'"), r"study\.db cannot be opened: "),
    "no study": (sql("delete from studies"), r"study\.db cannot be opened: it has no study 'valp'"),
    "unknown state": (sql("update trials set state='WONDER'"), r"study\.db is damaged: its trials cannot be read"),
    "damaged JSON": (attribute("result", "{"), r"study\.db is damaged: its trials cannot be read"),
    "result a list": (attribute("result", "[]"), r"study\.db is damaged: candidate 0 cannot be read"),
    "result without scores": (attribute("result", '{"scores": null}'), r"study\.db is damaged: candidate 0 cannot be"),
    "a field of the future": (
        attribute("result", '{"scores": {}, "seconds": [1, 2], "future": 1}'),
        "candidate 0 cannot",
    ),
    "a score that is text": (
        attribute("result", '{"scores": {"mse": "low"}, "seconds": [1, 2], "parameters": 1}'),
        "candidate 0 cannot be read",
    ),
    "no result": (sql("delete from trial_user_attributes where key='result'"), "candidate 0 cannot be read"),
    "a failure that is a number": (changed("failure", "3"), "candidate 0 cannot be read"),
    "samples that are text": (changed("samples_seen", '"x"'), "candidate 0 cannot be read"),
    "seconds that are text": (changed("seconds", 'json(\'["a", "b"]\')'), "candidate 0 cannot be read"),
    "errors a list": (changed("errors", "json('[1]')"), "candidate 0 cannot be read"),
    "an order that is text": (
        sql("insert into trial_user_attributes(trial_id, key, value_json) values(1, 'ended_before', '\"x\"')"),
        "candidate 0 cannot be read",
    ),
    "candidate a number": (attribute("candidate", "3"), "candidate 0 in the ledger is not a valid candidate"),
    "candidate empty": (attribute("candidate", '"{}"'), "candidate 0 in the ledger is not a valid candidate"),
    "parents a number": (attribute("parents", "7"), r"study\.db is damaged: candidate 0 cannot be read"),
    "baselines": (
        sql("update study_user_attributes set value_json='3'"),
        r"study\.db is damaged: its baselines cannot",
    ),
    "baselines without a value": (
        sql("update study_user_attributes set value_json=NULL"),
        r"study\.db is damaged: its baselines cannot",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_refused_in_one_sentence(damage, runs_copy):
    damaged, sentence = DAMAGES[damage]
    damaged(runs_copy / "small")
    with pytest.raises((FileError, SettingError)) as refused:
        read(runs_copy)
    assert re.search(sentence, str(refused.value)), refused.value
    assert "\n" not in str(refused.value)
    assert "small" in str(refused.value) or "in the ledger" in str(refused.value)


def read(runs):
    """All that commands read of a run."""
    run = open_run(runs, "small")
    run.summary()
    _ = run.baselines.best
    return [entry.candidate for entry in run.ledger.entries()]


def test_an_undamaged_run_can_be_read(runs_copy):
    assert len(read(runs_copy)) == 4
