"""Every command works on a run whose ledger is in PostgreSQL, and bad addresses are told in a sentence."""

import tomllib

import pytest

from tests.search.postgres_server import PASSWORD
from valp.errors import MissingPackageError, SettingError
from valp.search.facade.launch import launch
from valp.search.run.postgres.address import Address
from valp.search.run.run import open_run
from valp.search.show.dashboard.artifacts import Pictures
from valp.search.show.dashboard.notes import RunCommands
from valp.search.show.dashboard.run_view import STUDY, RunView
from valp.spaces.own.load_problem import load_problem
from valp.spaces.own.toml_draft import draft


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://valp@db.example/valp", "postgresql://valp@db.example/valp"),
        ("postgres://valp:secret@db.example:5433/valp", "postgresql://valp@db.example:5433/valp"),
        ("postgresql+psycopg://a%40b:s%2Fe@h/d?sslmode=require", "postgresql://a%40b@h/d?sslmode=require"),
        ("postgresql://valp@h/d?password=secret&host=/run", "postgresql://valp@h/d?host=%2Frun"),
        ("postgresql:///valp", "postgresql:///valp"),
    ],
)
def test_an_address_is_shown_without_its_password(text, shown):
    address = Address.read(text)
    assert address.shown == shown
    assert "secret" not in repr(address)
    assert Address.read(shown).shown == shown


def test_the_password_of_an_address_reaches_the_client_library():
    url = Address.read("postgresql://valp@h/d?password=a%2Fb&connect_timeout=3").engine_url
    assert url.startswith("postgresql+psycopg://valp:a%2Fb@h/d?")
    assert "connect_timeout=3" in url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://root:secret@h/d", "but is of 'mysql'"),
        ("study.db", "but is 'study.db'"),
        ("postgresql://h:port/d", "but is 'postgresql://h:port/d'"),
        ("valp:secret@h/d", "but is '…@h/d'"),
        ("postgresql://h", "storage must name a database"),
        ("", "but is ''"),
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(text, said, valp, tmp_path):
    with pytest.raises(SettingError) as raised:
        Address.read(text)
    assert said in str(raised.value)
    assert "secret" not in str(raised.value)
    outcome = valp("search", "sine", "--storage", text, "--runs", tmp_path / "none")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (1, f"valp: {raised.value}")
    assert not (tmp_path / "none").exists()


def test_a_missing_client_library_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr("valp.errors._is_installed", lambda package: package != "psycopg")
    with pytest.raises(MissingPackageError, match=r"^a run in PostgreSQL needs psycopg; install it with: pip install"):
        Address.read("postgresql://h/d")


def test_a_server_that_is_not_there_is_told_in_a_sentence(valp, tmp_path):
    url = "postgresql://valp:secret@127.0.0.1:1/d"
    outcome = valp("search", "sine", "--name", "r", "--storage", url, "--runs", tmp_path)
    assert outcome.code == 1
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("valp: ")]
    assert line.startswith("valp: postgresql://valp@127.0.0.1:1/d cannot be read or written: connection failed: ")
    assert "secret" not in outcome.err
    assert not (tmp_path / "r" / "run.toml").exists()


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """The file of a small problem."""
    table = tmp_path_factory.mktemp("line") / "line.csv"
    table.write_text("x,y\n" + "".join(f"{k / 30},{k / 15}\n" for k in range(-30, 31)))
    file = table.with_suffix(".toml")
    file.write_text(draft(table, table.parent))
    return file


@pytest.fixture
def words(line, narrow):
    return (line, "--name", "r", "--candidates", "3", "--steps", "6", "--workers", "0", "--executor", "torch")


@pytest.fixture(scope="module")
def searched(postgres_server, tmp_path_factory, line, narrow):
    """The folder of a run that was searched with the password in the URL, and its database. Only read."""
    runs, quoted = tmp_path_factory.mktemp("stored"), PASSWORD.replace("%", "%25").replace("/", "%2F")
    quoted = quoted.replace(":", "%3A").replace("@", "%40").replace(" ", "%20")
    postgres_server.sql("create database commands")
    url = postgres_server.url("commands", quoted)
    problem = load_problem(str(line))
    launch(problem, name="r", runs=runs, candidates=3, steps=6, workers=0, executor="torch", storage=url)
    return runs


@pytest.mark.heavy
def test_the_run_keeps_the_address_without_the_password(searched, postgres_server):
    text = (searched / "r" / "run.toml").read_text()
    settings = tomllib.loads(text)["settings"]
    assert settings["storage"] == postgres_server.url("commands")
    assert settings["study"].startswith("r-")
    for path in searched.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()
    assert not (searched / "r" / "study.db").exists()
    assert not (searched / "r" / "drivers").exists()


@pytest.mark.heavy
def test_commands_that_read_work_and_change_nothing(searched, valp, monkeypatch, postgres_server, tmp_path):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    (row,) = valp("list", "--runs", searched, "--json").json
    assert (row["name"], row["complete"], row["unfinished"]) == ("r", 3, 0)
    front = valp("best", "r", "--runs", searched, "--json").json
    assert len(front) == row["front"]
    assert valp("show", "r", "1", "--runs", searched, "--json").json["state"] == "complete"
    status = valp("status", "r", "--runs", searched, "--json").json
    assert (status["state"], status["drivers"], status["candidates"]["complete"]) == ("finished", [], 3)
    assert valp("status", "r", "--runs", searched).out.startswith("r: finished at ")
    assert valp("report", "r", "--runs", searched, "-o", tmp_path / "report.html").code == 0
    assert valp("clean", "r", "--runs", searched, "--json").json["deleted"] is False
    run = open_run(searched, "r")
    view = RunView(run, RunCommands("r", "line", searched), Pictures(run, tmp_path, print))
    assert [trial.number for trial in view.get_all_trials(STUDY)] == [0, 1, 2]
    assert postgres_server.sql("select count(*) from valp_drivers", "commands") == ["0"]
    assert postgres_server.sql("select count(*) from valp_claims", "commands") == ["0"]


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["best", "status", "search"])
def test_a_password_that_is_missing_or_wrong_is_told_in_a_sentence(command, words, searched, valp, monkeypatch):
    whole = ("search", *words) if command == "search" else (command, "r")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "/none")
    outcome = valp(*whole, "--runs", searched)
    assert outcome.code == 1
    assert "no password supplied; give the password in PGPASSWORD, in ~/.pgpass or in the URL" in outcome.err
    monkeypatch.setenv("PGPASSWORD", "wrong one")
    outcome = valp(*whole, "--runs", searched)
    assert outcome.code == 1
    assert 'password authentication failed for user "valp"' in outcome.err
    assert "wrong one" not in outcome.err


@pytest.mark.heavy
def test_the_same_command_without_storage_goes_on_and_another_storage_is_refused(
    valp, words, database, postgres_server, tmp_path
):
    assert valp("search", *words, "--storage", database, "--runs", tmp_path).code == 0
    assert valp("search", *words, "--candidates", "4", "--runs", tmp_path).code == 0
    assert [row["complete"] for row in valp("list", "--runs", tmp_path, "--json").json] == [4]
    outcome = valp("search", *words, "--storage", postgres_server.url(), "--runs", tmp_path)
    assert outcome.code == 1
    assert f"run 'r' has storage {database}, but {postgres_server.url()} was given" in outcome.err


def scores(valp, runs):
    """The scores of the front, by number."""
    return {row["number"]: row["scores"] for row in valp("best", "r", "--runs", runs, "--json").json}


@pytest.mark.heavy
def test_a_lost_ledger_is_rebuilt_and_a_whole_run_is_deleted_with_its_study(
    valp, words, database, postgres_server, tmp_path
):
    name = database.rpartition("/")[2]
    assert valp("search", *words, "--storage", database, "--runs", tmp_path).code == 0
    before = scores(valp, tmp_path)
    postgres_server.sql("truncate studies cascade", name)
    outcome = valp("best", "r", "--runs", tmp_path)
    assert outcome.code == 1
    assert "if it was lost, the command that searched the run rebuilds it" in outcome.err
    again = valp("search", *words, "--runs", tmp_path)
    assert again.code == 0
    assert "the ledger lacked 3 finished candidates, which were added from their folders" in again.err
    assert scores(valp, tmp_path) == before
    assert valp("clean", "r", "--all", "--yes", "--runs", tmp_path).code == 0
    assert not (tmp_path / "r").exists()
    for table in ("studies", "trials", "valp_drivers"):
        assert postgres_server.sql(f"select count(*) from {table}", name) == ["0"]
