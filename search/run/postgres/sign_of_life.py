"""The sign of life of a driver: a lock in the database, held by a connection of its own in a thread of its own."""

import threading
from collections.abc import Callable
from time import monotonic

from sqlalchemy import Connection, create_engine, func, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from valp.search.run.postgres.address import Address
from valp.search.run.postgres.driver_tables import BEAT, DRIVERS, GRACE, LIVES, lock

RETRY = 0.5
"""The seconds between two attempts to connect again."""

SET_KEEPALIVES = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
"""Lets the server notice a machine that is gone, after about 25 seconds instead of two hours."""


class SignOfLife:
    """Holds the lock of a driver, and takes it again if the connection is lost.

    Args:
        address: the address of the database.
        driver_id: of the driver's row.
        register: makes a new row and returns its number, if others have taken this driver for dead.
    """

    def __init__(self, address: Address, driver_id: int, register: Callable[[], int]) -> None:
        self.driver_id = driver_id
        self._register = register
        self._engine = create_engine(address.engine_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._over = threading.Event()
        self._connection: Connection | None = self._connected()
        self._again: float | None = None
        self._thread = threading.Thread(target=self._live, name="valp-sign-of-life", daemon=True)
        self._thread.start()

    def may_judge(self) -> bool:
        """Whether this driver may take others for dead.

        Not while it has lost its connection, and not shortly after: the others may have lost theirs for as long.
        """
        again = self._again
        return self._connection is not None and (again is None or monotonic() - again > GRACE)

    def end(self) -> None:
        """Releases the lock."""
        self._over.set()
        self._thread.join(timeout=5)
        self._close()
        self._engine.dispose()

    def _live(self) -> None:
        """Gives a sign of life every `BEAT` seconds."""
        while not self._over.wait(RETRY if self._connection is None else BEAT):
            try:
                if self._connection is None:
                    self._connection, self._again = self._connected(), monotonic()
                self._beat(self._connection)
            except SQLAlchemyError:
                self._close()

    def _beat(self, connection: Connection) -> None:
        beat = update(DRIVERS).where(DRIVERS.c.driver_id == self.driver_id).values(seen=func.clock_timestamp())
        if connection.execute(beat).rowcount == 0:  # others have taken this driver for dead
            new = self._register()
            lock(connection, LIVES, new, "pg_advisory_lock")
            self.driver_id = new

    def _connected(self) -> Connection:
        """A new connection that holds the lock.

        A lock that an earlier connection still holds is as good: the server has not noticed yet that it is lost. It is
        waited for, and meanwhile the driver counts as alive.
        """
        connection = self._engine.connect()
        try:
            connection.exec_driver_sql(SET_KEEPALIVES)
            lock(connection, LIVES, self.driver_id, "pg_advisory_lock")
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                connection.invalidate()
