"""The address of a PostgreSQL database, with and without its password."""

from dataclasses import dataclass, field

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from valp.errors import SettingError, require_packages

EXAMPLE = "postgresql://user@host/database"

LIBPQ = {"connect_timeout": "10", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
"""What the client library is asked for, unless the address says otherwise: a machine that is gone is noticed."""


@dataclass(frozen=True)
class Address:
    """The address of a database.

    Attributes:
        url: its URL, which may have the password.
    """

    url: URL = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "Address":
        """The address in a URL such as `postgresql://user:password@host:5432/database?sslmode=require`.

        Raises:
            SettingError: if it is not the URL of a PostgreSQL database.
            MissingPackageError: if psycopg is not installed.
        """
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise SettingError(f"storage must be a URL such as {EXAMPLE}, but is {_without_password(text)!r}") from None
        if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
            raise SettingError(f"storage must be a URL such as {EXAMPLE}, but is of {url.drivername!r}")
        if not url.database:
            raise SettingError(f"storage must name a database, as in {EXAMPLE}")
        require_packages("a run in PostgreSQL", "postgresql", "psycopg")
        held = url.query.get("password")
        if isinstance(held, str):
            url = url.set(password=url.password or held).difference_update_query(["password"])
        return cls(url.set(drivername="postgresql"))

    @property
    def shown(self) -> str:
        """The URL without the password, as run.toml has it."""
        return URL.create(
            "postgresql", self.url.username, None, self.url.host, self.url.port, self.url.database, self.url.query
        ).render_as_string(hide_password=False)

    @property
    def engine_url(self) -> str:
        """The URL for SQLAlchemy, with the password. Without one, the client library looks for it in the environment.

        It looks in PGPASSWORD and in the file ~/.pgpass.
        """
        given = {name: value for name, value in LIBPQ.items() if name not in self.url.query}
        whole = self.url.set(drivername="postgresql+psycopg").update_query_dict(given)
        return whole.render_as_string(hide_password=False)


@dataclass(frozen=True)
class Place:
    """Where the ledger of a run is: a study in a database."""

    address: Address
    study: str

    def __str__(self) -> str:
        return f"study {self.study!r} in {self.address.shown}"


def _without_password(text: str) -> str:
    """A text that is not a URL, without what may be a password."""
    before, at, after = text.rpartition("@")
    return f"…{at}{after}" if before else text
