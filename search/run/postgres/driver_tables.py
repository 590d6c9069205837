"""The tables of the drivers of a run and of what they train, beside Optuna's own, and which driver is alive.

A driver holds an advisory lock of PostgreSQL as long as its process lives and is connected. The server releases the
lock when the connection ends, so a killed driver loses it at once. A server that restarts releases all locks, and the
drivers need a moment to take theirs again. So a driver counts as dead only if its lock is free, its last sign of life
is `GRACE` seconds old, and the server has run for as long.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)

GRACE, BEAT = 15.0, 3.0
"""The seconds after which a driver without a lock counts as dead, and between two signs of life."""

LIVES, WEIGHTS, CREATION = 1447119952, 1447119953, 1447119954
"""The classes of advisory locks: a driver's life, the weights of a run, the creation of tables and studies."""

META = MetaData()

DRIVERS = Table(
    "valp_drivers",
    META,
    Column("driver_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("alone", Boolean, nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
"""A row for each process that works on a study. `alone`: no other one may, as `valp clean`."""

CLAIMS = Table(
    "valp_claims",
    META,
    Column("study_id", Integer, primary_key=True),
    Column("job", Text, primary_key=True),
    Column("driver_id", Integer, nullable=False, index=True),
    ForeignKeyConstraint(["driver_id"], [DRIVERS.c.driver_id], ondelete="CASCADE"),
)
"""A row for each candidate or baseline that a driver trains: its number, or its output and code."""


@dataclass(frozen=True)
class DriverRow:
    """A process that works on a study.

    Attributes:
        driver_id, name, alone: of its row.
        held: whether it holds its lock.
        recent: whether its lock may be free only for a moment.
    """

    driver_id: int
    name: str
    alone: bool
    held: bool
    recent: bool

    @property
    def is_dead(self) -> bool:
        """Whether it is certain that the process has ended."""
        return not (self.held or self.recent)


ROWS = text(
    """
    SELECT d.driver_id, d.name, d.alone,
      EXISTS (
        SELECT 1 FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = CAST(:lives AS oid)
          AND l.objid = CAST(d.driver_id AS oid)
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ),
      d.seen > clock_timestamp() - :grace OR pg_postmaster_start_time() > clock_timestamp() - :grace
    FROM valp_drivers d WHERE d.study_id = :study ORDER BY d.driver_id
    """
)


def drivers_of(connection: Connection, study: int) -> list[DriverRow]:
    """The processes that work on a study, or did until they died."""
    values = {"lives": LIVES, "grace": timedelta(seconds=GRACE), "study": study}
    return [DriverRow(*row) for row in connection.execute(ROWS, values)]


def lock(connection: Connection, kind: int, key: int, function: str) -> bool:
    """Calls a function of PostgreSQL for an advisory lock, such as `pg_try_advisory_lock`. False if it is not free."""
    found = connection.scalar(
        text(f"SELECT {function}(CAST(:kind AS int), CAST(:key AS int))"), {"kind": kind, "key": key}
    )
    return found is not False
