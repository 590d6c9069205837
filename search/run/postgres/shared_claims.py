"""The claims of several drivers that search one run, kept in PostgreSQL.

Each change is one short transaction that locks the row of the study first, so the drivers change claims one after the
other. The lock does not stop reading.
"""

import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from optuna.storages._rdb.models import StudyModel, TrialModel
from optuna.trial import Trial, TrialState
from sqlalchemy import ColumnElement, Connection, and_, cast, delete, exists, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.types import Text

from valp.errors import FileError, SettingError
from valp.search.run.claims import SamplerOf
from valp.search.run.ledger import ORDER, Ledger
from valp.search.run.open_study import in_a_sentence
from valp.search.run.postgres.address import Address
from valp.search.run.postgres.driver_tables import CLAIMS, DRIVERS, WEIGHTS, DriverRow, drivers_of, lock
from valp.search.run.postgres.patience import is_lost, patiently
from valp.search.run.postgres.patient_storage import PatientStorage
from valp.search.run.postgres.sign_of_life import SignOfLife
from valp.search.run.result import Result

LOOK = 1.0
"""The seconds between two looks for candidates of drivers that died."""

STUDIES, TRIALS = StudyModel.__table__, TrialModel.__table__
Answer = TypeVar("Answer")


class SharedClaims:
    """See `valp.search.run.claims.Claims`. `join` begins and `leave` ends the work on the run.

    Args:
        ledger: the ledger of the run.
        address: where it is.
        run: the run's name, for messages.

    Attributes:
        name: the name of this driver, for the folder with its record.
    """

    shared = True

    def __init__(self, ledger: Ledger, address: Address, run: str) -> None:
        self._ledger, self._address, self._run = ledger, address, run
        self._storage = storage_of(ledger)
        self._engine, self._study = self._storage.engine, ledger.study._study_id
        self._alone, self._looked = False, 0.0
        self.name = f"{platform.node()[:60] or 'host'}-{os.getpid()}-{secrets.token_hex(4)}"
        self.asked = self.free = 0
        self._life: SignOfLife | None = None
        self._given: set[int] = set()  # the numbers that the driver knows of

    def join(self, *, alone: bool = False) -> list[DriverRow]:
        """Begins to work on the run. The locks and claims of drivers that died are removed.

        Args:
            alone: whether no other process may work on the run at the same time.

        Returns:
            The other processes that work on the run.

        Raises:
            SettingError: if another process works on the run, and one of the two must be alone.
        """
        self._alone = alone
        while True:
            with self._changing() as connection:
                self._bury(connection)
                others = drivers_of(connection, self._study)
                barring = [row for row in others if alone or row.alone]
                if not barring:
                    number = self._inserted(connection)
                    break
            if any(row.held for row in barring):
                raise SettingError(f"run {self._run!r} is being searched by another process")
            time.sleep(LOOK)  # it is not clear yet whether it has died
        self._life = SignOfLife(self._address, number, self._register)
        self._storage.waits = True
        return others

    def leave(self) -> None:
        """Ends the work on the run. What is claimed and not finished is free then."""
        life, self._life = self._life, None
        if life is not None:
            with suppress(SQLAlchemyError), self._engine.begin() as connection:
                connection.execute(delete(DRIVERS).where(DRIVERS.c.driver_id == life.driver_id))
            life.end()

    def ask(self, total: int, sampler_of: SamplerOf) -> Trial | None:
        """See `Claims`."""

        def act() -> int | None:
            with self._changing() as connection:
                self.asked = self._count(connection)
                if self.asked >= total:
                    return None
                number = self.asked
                begun = {"number": number, "state": TrialState.RUNNING, "datetime_start": datetime.now()}
                connection.execute(insert(TRIALS).values(study_id=self._study, **begun))
                self._insert_claim(connection, str(number))
            self.asked += 1
            return number

        number = self._patiently(act)
        if number is None:
            return None
        self._given.add(number)
        return self._ledger.again(self._ledger.trial(number), sampler_of(number))

    def unfinished(self) -> list[int]:
        """See `Claims`: none, because they are taken one by one."""
        return []

    def take(self) -> int | None:
        """See `Claims`."""
        if not self.free and time.monotonic() - self._looked < LOOK:
            return None

        def act() -> int | None:
            with self._changing() as connection:
                free = self._free(connection)
                if free:
                    self._insert_claim(connection, str(free[0]))
            self.free, self._looked = max(0, len(free) - 1), time.monotonic()
            return free[0] if free else None

        number = self._patiently(act)
        if number is not None:
            self._given.add(number)
        return number

    def claim(self, job: str) -> bool:
        """See `Claims`."""

        def act() -> bool:
            with self._changing() as connection:
                self._bury(connection)
                self._insert_claim(connection, job)
                return self._is_mine(connection, job)

        return self._patiently(act)

    def holds(self, number: int) -> bool:
        """See `Claims`."""

        def act() -> bool:
            with self._engine.connect() as connection:
                return self._is_mine(connection, str(number))

        return self._patiently(act)

    def tell(self, number: int, record: Callable[[], Result]) -> Result | None:
        """See `Claims`. One transaction, which also records how many candidates had ended before."""
        attempts = 0

        def act() -> Result | None:
            nonlocal attempts
            attempts += 1
            with self._changing() as connection:
                if self._is_mine(connection, str(number)):
                    ended = self._count(connection, finished=True)
                    with self._storage.within(connection):
                        self._storage.set_trial_user_attr(self._ledger.trial(number)._trial_id, ORDER, ended)
                        result = _with_causes(record)
                    connection.execute(delete(CLAIMS).where(self._of(str(number))))
                    return result
            # If only the answer to the attempt before was lost, it is recorded.
            return self._ledger.entry(number).result if attempts > 1 else None

        return self._patiently(act)

    @contextmanager
    def proposing(self) -> Iterator[None]:
        """See `Claims`."""
        connection = self._patiently(lambda: self._locked_weights("pg_advisory_xact_lock_shared")[0])
        with _released(connection):
            yield

    @contextmanager
    def dropping(self, *, wait: bool) -> Iterator[bool]:
        """See `Claims`."""
        function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
        connection, may = self._patiently(lambda: self._locked_weights(function))
        with _released(connection):
            yield may

    def in_doubt(self) -> bool:
        """See `Claims`. Also looks for candidates of drivers that died."""

        def act() -> bool:
            self.look()
            with self._engine.connect() as connection:
                lost = [row.driver_id for row in drivers_of(connection, self._study) if not row.held]
                claims = exists().where(CLAIMS.c.study_id == self._study, CLAIMS.c.driver_id.in_(lost))
                return bool(lost) and bool(connection.scalar(select(claims)))

        return self._patiently(act)

    def look(self) -> None:
        """Looks how many candidates have a number, and how many are free."""
        with self._changing() as connection:
            self.free, self.asked = len(self._free(connection)), self._count(connection)
        self._looked = time.monotonic()

    def delete_study(self) -> None:
        """Deletes the ledger."""
        self._ledger.study._storage.delete_study(self._study)

    def _register(self) -> int:
        """A new row for this driver, after others have taken it for dead."""
        with self._changing() as connection:
            return self._inserted(connection)

    def _inserted(self, connection: Connection) -> int:
        values = {"study_id": self._study, "name": self.name, "alone": self._alone}
        return int(connection.execute(insert(DRIVERS).values(**values).returning(DRIVERS.c.driver_id)).scalar_one())

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """A transaction that has locked the study."""
        with self._engine.begin() as connection:
            self._lock_study(connection)
            yield connection

    def _lock_study(self, connection: Connection) -> None:
        # As `FOR UPDATE` in Optuna, but rows that refer to the study may be added meanwhile.
        locked = select(STUDIES.c.study_id).where(STUDIES.c.study_id == self._study).with_for_update(key_share=True)
        if connection.scalar(locked) is None:
            raise FileError(f"the ledger of run {self._run!r} has been deleted from {self._address.shown}")

    def _bury(self, connection: Connection) -> None:
        """Removes the rows of the drivers that died, and with them their claims.

        A driver that has itself lost its lock, or had lost it a moment ago, judges nobody: see `SignOfLife.may_judge`.
        """
        rows, life = drivers_of(connection, self._study), self._life
        if life is None or (life.may_judge() and any(row.held for row in rows if row.driver_id == life.driver_id)):
            dead = [row.driver_id for row in rows if row.is_dead]
            connection.execute(delete(DRIVERS).where(DRIVERS.c.driver_id.in_(dead)))

    def _free(self, connection: Connection) -> list[int]:
        """The unfinished candidates that nobody trains: without a claim, or claimed for this driver unknown to it.

        The latter happens if the connection is lost when a claim has been made and before the answer has come.
        """
        self._bury(connection)
        own = None if self._life is None else self._life.driver_id
        of_trial = and_(CLAIMS.c.study_id == TRIALS.c.study_id, CLAIMS.c.job == cast(TRIALS.c.number, Text))
        rows = select(TRIALS.c.number, CLAIMS.c.driver_id).outerjoin_from(TRIALS, CLAIMS, of_trial)
        running = rows.where(TRIALS.c.study_id == self._study, TRIALS.c.state == TrialState.RUNNING)
        found = connection.execute(running.order_by(TRIALS.c.number)).all()
        return [number for number, of in found if of is None or (of == own and number not in self._given)]

    def _count(self, connection: Connection, *, finished: bool = False) -> int:
        count = select(func.count()).select_from(TRIALS).where(TRIALS.c.study_id == self._study)
        ended = [state for state in TrialState if state.is_finished()]
        return int(connection.scalar(count.where(TRIALS.c.state.in_(ended)) if finished else count) or 0)

    def _insert_claim(self, connection: Connection, job: str) -> None:
        values = {"study_id": self._study, "job": job, "driver_id": self._driver_id}
        connection.execute(upsert(CLAIMS).values(**values).on_conflict_do_nothing())

    def _is_mine(self, connection: Connection, job: str) -> bool:
        return connection.scalar(select(CLAIMS.c.driver_id).where(self._of(job))) == self._driver_id

    def _of(self, job: str) -> ColumnElement[bool]:
        """The condition for the claim of a job."""
        return and_(CLAIMS.c.study_id == self._study, CLAIMS.c.job == job)

    @property
    def _driver_id(self) -> int:
        if self._life is None:
            raise AssertionError("a driver claims nothing before it has joined")
        return self._life.driver_id

    def _locked_weights(self, function: str) -> tuple[Connection, bool]:
        connection = self._engine.connect()
        try:
            return connection, lock(connection, WEIGHTS, self._study, function)
        except BaseException:
            connection.close()
            raise

    def _patiently(self, action: Callable[[], Answer]) -> Answer:
        """As `patiently`. Also waits while others have taken this driver for dead, until it has a new row."""

        def act() -> Answer:
            for _ in range(20):
                try:
                    return action()
                except IntegrityError:
                    time.sleep(LOOK)
            return action()

        with in_a_sentence(self._address.shown):
            return patiently(act, self._address.shown)


@contextmanager
def _released(connection: Connection) -> Iterator[None]:
    """Ends the transaction of a connection at the end of the block, which releases its locks.

    If the server is gone, so are the locks. What was done under them is done.
    """
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):
            connection.close()


def _with_causes(record: Callable[[], Result]) -> Result:
    """What a function returns. If the server does not answer, the error is that of the database."""
    try:
        return record()
    except FileError as error:
        cause = error.__cause__
        if not (isinstance(cause, SQLAlchemyError | StorageInternalError) and is_lost(cause)):
            raise
    raise cause


def processes_at_work(ledger: Ledger) -> list[DriverRow]:
    """The processes that work on a run, or did until they died."""
    with storage_of(ledger).engine.connect() as connection:
        return drivers_of(connection, ledger.study._study_id)


def storage_of(ledger: Ledger) -> PatientStorage:
    """The storage of a ledger in PostgreSQL."""
    storage = getattr(ledger.study._storage, "_backend", None)
    if not isinstance(storage, PatientStorage):
        raise AssertionError("the ledger is not in PostgreSQL")
    return storage
