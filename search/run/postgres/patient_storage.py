"""Optuna's storage in PostgreSQL, which waits for a server that does not answer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from valp.search.run.postgres.address import Address
from valp.search.run.postgres.patience import patiently

REPEATABLE = (
    "get_study_id_from_name",
    "get_study_directions",
    "get_study_user_attrs",
    "get_study_system_attrs",
    "set_study_user_attr",
    "set_study_system_attr",
    "get_trial",
    "_get_trials",
    "set_trial_user_attr",
    "set_trial_system_attr",
    "_set_trial_param",
)
"""The methods that Optuna's cache and samplers call, and that do no harm if they are called twice. Trials are created
by `valp.search.run.postgres.shared_claims`."""


class PatientStorage(RDBStorage):
    """Optuna's storage at an address. It waits for the server from `begin_waiting` on, and before that it does not."""

    def __init__(self, address: Address, *, creates_tables: bool) -> None:
        self.shown, self.waits = address.shown, False
        super().__init__(
            address.engine_url,
            engine_kwargs={"pool_pre_ping": True, "connect_args": {"application_name": "valp"}},
            skip_table_creation=not creates_tables,
        )

    @contextmanager
    def within(self, connection: Connection) -> Iterator[None]:
        """What this thread reads and writes in the block belongs to the transaction of a connection.

        Nothing is waited for, because the transaction is lost with the connection.
        """
        waits, self.waits = self.waits, False
        self.scoped_session.remove()
        self.scoped_session.registry.set(Session(bind=connection))
        try:
            yield
        finally:
            self.scoped_session.remove()
            self.waits = waits

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """See Optuna."""
        attempts = 0

        def act() -> bool:
            nonlocal attempts
            attempts += 1
            try:
                return super(PatientStorage, self).set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                if attempts == 1:
                    raise
                return True  # the attempt before has done it, and only its answer was lost

        return patiently(act, self.shown) if self.waits else act()


def _waiting(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of Optuna's storage that waits for the server."""

    @wraps(method)
    def call(self: PatientStorage, *args: Any, **kwargs: Any) -> Any:
        if not self.waits:
            return method(self, *args, **kwargs)
        return patiently(lambda: method(self, *args, **kwargs), self.shown)

    return call


for _name in REPEATABLE:
    setattr(PatientStorage, _name, _waiting(getattr(RDBStorage, _name)))
