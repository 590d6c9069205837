"""Several drivers share the candidates of one study in a real PostgreSQL server."""

import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from optuna.samplers import RandomSampler
from sqlalchemy.exc import OperationalError

from tests.metrics import metric_of
from valp.errors import FileError, SettingError
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_entry import by_end
from valp.search.run.postgres import driver_tables, patience, sign_of_life
from valp.search.run.postgres.address import Address, Place
from valp.search.run.postgres.shared_claims import SharedClaims
from valp.search.run.result import Result
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training

pytestmark = pytest.mark.heavy  # a server in separate processes

OBJECTIVES = {"accuracy": metric_of("accuracy")}
GRACE = 1.5


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Drivers that are dead after a moment."""
    monkeypatch.setattr(driver_tables, "GRACE", GRACE)
    monkeypatch.setattr(sign_of_life, "GRACE", GRACE)
    monkeypatch.setattr(sign_of_life, "BEAT", 0.1)
    monkeypatch.setattr(sign_of_life, "RETRY", 0.1)


@pytest.fixture
def driver(database):
    """Makes drivers of one study, each with its own connections."""
    address, made = Address.read(database), []

    def make():
        ledger = Ledger.create(Place(address, "s"), OBJECTIVES)
        claims = SharedClaims(ledger, address, "r")
        claims.join()
        made.append(claims)
        return claims

    yield make
    for claims in made:
        claims.leave()
        claims._engine.dispose()


@pytest.fixture(scope="session")
def candidate(digits_problem) -> Candidate:
    return Candidate(graph=single_task(digits_problem, "digit"), training=Training(steps=7, seed=4))


def sampler_of(number):
    return RandomSampler(seed=number)


def asked(claims, candidate, total=9):
    trial = claims.ask(total, sampler_of)
    claims._ledger.propose(trial, candidate)
    return trial.number


def tell(claims, number):
    result = Result({"accuracy": 0.5, "parameters": 12}, 12, "key", 350, (1.5, 0.5), None)
    return claims.tell(number, lambda: claims._ledger.tell(number, result)) == result


def die(claims):
    """What a kill leaves: the driver's row, and neither its thread nor its connection."""
    claims._life._over.set()
    claims._life._thread.join()
    claims._life._close()


def states(claims):
    return [(trial.number, trial.state.name) for trial in claims._ledger.trials()]


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_each_number_is_handed_out_once_and_the_total_is_exact(driver):
    drivers, got = [driver() for _ in range(3)], []

    def work(claims):
        while (trial := claims.ask(24, sampler_of)) is not None:
            got.append(trial.number)

    threads = [threading.Thread(target=work, args=(claims,)) for claims in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(24))
    assert [number for number, _ in states(drivers[0])] == list(range(24))
    assert all(claims.take() is None for claims in drivers)


def test_a_candidate_of_a_driver_that_died_is_taken_over_once_and_not_before_it_is_certain(driver, candidate):
    first, second, third = driver(), driver(), driver()
    number = asked(first, candidate)
    assert second.take() is None
    assert not second.in_doubt()
    die(first)
    assert second.in_doubt()
    assert second.take() is None
    assert wait_for(lambda: not second.in_doubt())
    assert [claims.take() for claims in (second, third)].count(number) == 1
    assert states(second) == [(number, "RUNNING")]


def test_what_a_driver_leaves_unfinished_is_free_at_once(driver, candidate):
    first, second = driver(), driver()
    number = asked(first, candidate)
    first.leave()
    second.look()
    assert second.free == 1
    assert second.take() == number
    assert second.take() is None


def test_a_driver_that_was_taken_for_dead_records_nothing_of_what_others_train_and_goes_on(driver, candidate):
    first, second = driver(), driver()
    number = asked(first, candidate)
    held = first._life
    die(first)
    assert wait_for(lambda: second.take() == number)
    assert not first.holds(number)
    assert not tell(first, number)
    assert states(second) == [(number, "RUNNING")]
    assert tell(second, number)
    first._life = sign_of_life.SignOfLife(first._address, held.driver_id, first._register)  # its network is back
    assert wait_for(lambda: first._life.driver_id != held.driver_id)
    other = asked(first, candidate)
    assert other == number + 1
    assert tell(first, other)
    assert states(first) == [(number, "COMPLETE"), (other, "COMPLETE")]


def test_a_driver_keeps_its_candidates_if_its_connections_are_cut(driver, candidate, postgres_server, database):
    first, second = driver(), driver()
    number = asked(first, candidate)
    name = database.rpartition("/")[2]
    postgres_server.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    end = time.monotonic() + 2 * GRACE
    while time.monotonic() < end:
        assert second.take() is None
        time.sleep(0.2)
    assert first.holds(number)
    assert tell(first, number)


def test_a_baseline_is_claimed_by_one_driver(driver):
    first, second = driver(), driver()
    assert first.claim("y/network")
    assert first.claim("y/network")
    assert not second.claim("y/network")
    assert second.claim("y/linear")
    first.leave()
    assert second.claim("y/network")


def test_all_drivers_agree_in_which_order_candidates_have_ended(driver, candidate):
    first, second = driver(), driver()
    numbers = [asked(claims, candidate) for claims in (first, second, first)]
    for claims, number in ((first, numbers[2]), (second, numbers[1]), (first, numbers[0])):
        assert tell(claims, number)
    for claims in (first, second):
        assert [entry.number for entry in by_end(claims._ledger.entries())] == [2, 1, 0]


def test_a_proposal_that_was_interrupted_is_free(driver):
    first, second = driver(), driver()
    trial = first.ask(9, sampler_of)
    first.leave()
    second.look()
    assert second.take() == trial.number


def lose_one_answer(monkeypatch, claims):
    """The next transaction of a driver is done, and then its connection is lost before the driver knows."""
    whole, left = claims._changing, [True]

    @contextmanager
    def changing():
        with whole() as connection:
            yield connection
        if left and left.pop():
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("the connection is lost"))

    monkeypatch.setattr(claims, "_changing", changing)


def test_a_number_is_not_lost_with_the_answer(driver, candidate, monkeypatch):
    first, second = driver(), driver()
    lose_one_answer(monkeypatch, first)
    assert asked(first, candidate) == 1
    second.look()
    assert second.take() is None
    first.look()
    assert [first.take(), first.take()] == [0, None]
    assert first.ask(2, sampler_of) is None


def test_a_result_is_not_recorded_twice_if_the_answer_is_lost(driver, candidate, monkeypatch):
    first = driver()
    number = asked(first, candidate)
    lose_one_answer(monkeypatch, first)
    assert tell(first, number)
    assert states(first) == [(number, "COMPLETE")]


def test_weights_are_not_deleted_while_another_driver_proposes(driver):
    first, second = driver(), driver()
    with first.proposing(), second.proposing(), second.dropping(wait=False) as may:
        assert not may
    with first.proposing(), second.dropping(wait=False) as may:
        assert not may
    with second.dropping(wait=True) as may:
        assert may


def test_who_must_be_alone_is_refused_while_a_driver_works_and_refuses_drivers(driver, database):
    first = driver()
    cleaner = SharedClaims(first._ledger, first._address, "r")
    with pytest.raises(SettingError, match="run 'r' is being searched by another process"):
        cleaner.join(alone=True)
    first.leave()
    cleaner.join(alone=True)
    with pytest.raises(SettingError, match="run 'r' is being searched by another process"):
        driver()
    cleaner.leave()
    driver()


def test_who_must_be_alone_waits_until_a_killed_driver_is_certainly_dead(driver):
    first = driver()
    die(first)
    cleaner = SharedClaims(first._ledger, first._address, "r")
    assert [row.name for row in cleaner.join(alone=True)] == []
    cleaner.leave()


def test_a_ledger_that_is_deleted_under_a_driver_is_told_in_a_sentence(driver):
    first = driver()
    first.delete_study()
    with pytest.raises(FileError, match=r"the ledger of run 'r' has been deleted from postgresql://valp@127"):
        first.ask(9, sampler_of)


def test_a_restart_of_the_server_is_waited_for(driver, candidate, postgres_server):
    first = driver()
    number = asked(first, candidate)
    postgres_server.stop()
    timer = threading.Timer(1.0, postgres_server.start)
    timer.start()
    try:
        assert tell(first, number)
        assert asked(first, candidate) == number + 1
    finally:
        timer.join()


def test_a_server_that_does_not_come_back_is_told_in_a_sentence(driver, candidate, postgres_server, monkeypatch):
    first = driver()
    asked(first, candidate)
    monkeypatch.setattr(patience, "PATIENCE", 1.0)
    postgres_server.stop()
    try:
        with pytest.raises(FileError, match=r"postgresql://valp@.* has not answered for 1 seconds, so the search ends"):
            first.ask(9, sampler_of)
    finally:
        postgres_server.start()
