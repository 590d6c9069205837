"""Which Ray cluster a search joins, if any."""

import os
import socket

import pytest

from valp.errors import SettingError
from valp.search.engine.candidate_limits import default_memory
from valp.search.engine.cluster_address import cluster_address
from valp.search.engine.workplace import workplace


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch, tmp_path):
    """A machine that is not part of a cluster."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))


@pytest.fixture
def answering():
    """An address at which something accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def silent():
    """An address at which nothing does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def started_here(tmp_path, address):
    """Leaves the file that `ray start` leaves."""
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(address)


def test_without_a_cluster_a_search_starts_a_ray_of_its_own():
    assert cluster_address(None) is None
    with pytest.raises(SettingError, match="this machine is not part of a running Ray cluster"):
        cluster_address("auto")


def test_an_address_is_joined_if_something_answers_there(answering, silent):
    assert cluster_address(answering) == answering
    with pytest.raises(SettingError, match=f"no Ray cluster answers at {silent}"):
        cluster_address(silent)


@pytest.mark.parametrize("asked", [None, "auto"])
def test_the_environment_names_a_cluster_but_an_address_comes_first(asked, answering, silent, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", silent)
    with pytest.raises(SettingError, match=f"no Ray cluster answers at {silent}"):
        cluster_address(asked)
    assert cluster_address(answering) == answering
    assert cluster_address("local") is None


def test_a_machine_of_a_cluster_joins_it(answering, tmp_path):
    started_here(tmp_path, answering)
    assert cluster_address(None) == cluster_address("auto") == answering
    assert cluster_address("local") is None


def test_a_cluster_that_no_longer_runs_is_not_joined(silent, tmp_path):
    started_here(tmp_path, silent)
    assert cluster_address(None) is None
    with pytest.raises(SettingError, match="this machine is not part of a running Ray cluster"):
        cluster_address("auto")


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("head", ""),
        ("head:", ""),
        (":6379", ""),
        ("head:port", ""),
        ("ray://head:10001", "a search cannot run through Ray Client"),
        ("http://head:8265", "this looks like the address of Ray's dashboard"),
    ],
)
def test_an_address_of_another_form_is_refused(address, more, monkeypatch):
    sentence = f"must be HOST:PORT, auto or local, but is '{address}'.*{more}"
    with pytest.raises(SettingError, match=f"address {sentence}"):
        cluster_address(address)
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(SettingError, match=f"RAY_ADDRESS {sentence}"):
        cluster_address(None)


def test_without_workers_no_cluster_is_joined(silent, monkeypatch):
    with pytest.raises(SettingError, match="with 0 workers a search trains in this process"), workplace(0, silent):
        pass
    monkeypatch.setenv("RAY_ADDRESS", silent)
    with workplace(0, None) as place:
        assert (place.workers, place.cluster) == (0, "")


def test_on_this_machine_there_is_a_worker_for_each_core_by_default():
    with workplace(None, "local") as place:
        assert (place.workers, place.memory) == (os.cpu_count(), default_memory(os.cpu_count()))
    with workplace(3, None) as place:
        assert (place.workers, place.cluster, place.remarks) == (3, "", ())
