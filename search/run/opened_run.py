"""Opens a run to search it: keeps other processes off it or shares it with them, and creates it if it is new."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from valp.errors import FileError, SettingError
from valp.files import write_text
from valp.search.run.candidate_folders import CandidateFolders
from valp.search.run.claims import Claims, OnlyDriver
from valp.search.run.folder import Folder, keep_journal
from valp.search.run.ledger import Ledger
from valp.search.run.ledger_place import place_of
from valp.search.run.lock import locked
from valp.search.run.open_study import LostLedgerError, in_a_sentence, open_study
from valp.search.run.postgres.address import Address, Place
from valp.search.run.postgres.driver_tables import CREATION, lock
from valp.search.run.postgres.shared_claims import SharedClaims
from valp.search.run.rebuild_ledger import rebuild_ledger
from valp.search.run.session_record import DRIVERS, SESSION, close_killed_session
from valp.search.run.settings import Settings, read_settings, write_settings
from valp.search.run.shared_files import SharedFiles
from valp.spaces.problem.description import Description


@dataclass(frozen=True)
class OpenedRun:
    """A run that is open to be searched.

    Attributes:
        ledger: its ledger.
        claims: who trains what.
        resumed: whether the run existed before.
        rebuilt: how many candidates of its folder the ledger lacked.
        session: the folder for the record of this session.
        folders: the candidates' folders.
    """

    ledger: Ledger
    claims: Claims
    resumed: bool
    rebuilt: int
    session: Path
    folders: CandidateFolders


@contextmanager
def opened_to_search(
    folder: Folder,
    problem: Description,
    settings: Settings,
    address: Address | None,
    *,
    reads_parameters: bool,
) -> Iterator[OpenedRun]:
    """Opens a run to be searched in the block.

    Args:
        folder: the run's folder; created if it does not exist.
        problem: the problem.
        settings: the settings. If the run exists, they must be the same as before.
        address: the address of the ledger; None if it is in the run's folder.
        reads_parameters: see `rebuild_ledger`.

    Raises:
        SettingError: if the settings differ from the run's, or another process keeps others off the run.
        FileError: if the folder or the ledger cannot be written, or the ledger was lost and cannot be rebuilt.
    """
    metrics = {name: problem.metric(name) for name in settings.objectives}
    if address is None:
        with locked(folder):
            resumed = _begun(folder, problem, settings)
            ledger = Ledger.create(folder.study, metrics)
            rebuilt = rebuild_ledger(folder, ledger, reads_parameters=reads_parameters)
            yield OpenedRun(ledger, OnlyDriver(ledger), resumed, rebuilt, folder.path, CandidateFolders(folder))
        return
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"{folder.path} cannot be created: {error.strerror or error}") from error
    store = None if settings.files is None else SharedFiles(settings.files, folder)
    folders = CandidateFolders(folder, store)
    with in_a_sentence(address.shown), _one_at_a_time(address, 1 + crc32(folder.name.encode()) % 2**30):
        new_study = f"{folder.name}-{secrets.token_hex(4)}"
        resumed = _begun(folder, problem, settings.model_copy(update={"study": new_study}), store)
        with _one_at_a_time(address, 0):  # Optuna's tables are made by one process
            ledger = Ledger.create(place_of(folder, read_settings(folder.settings), address), metrics)
        claims = SharedClaims(ledger, address, folder.name)
        others = claims.join()
        try:
            folders.fetch_all()
            rebuilt = 0 if others else rebuild_ledger(folder, ledger, reads_parameters=reads_parameters)
            session = _session_folder(folder, claims.name, [row.name for row in others])
            claims.look()
        except BaseException:
            claims.leave()
            raise
    try:
        yield OpenedRun(ledger, claims, resumed, rebuilt, session, folders)
    finally:
        _keep_record(folder, session)
        claims.leave()


@contextmanager
def kept_alone(folder: Folder) -> Iterator[Callable[[], None]]:
    """Keeps other processes off a run that exists. Yields a function that deletes its ledger if the folder is gone.

    Raises:
        SettingError: if another process searches the run.
        FileError: if the ledger cannot be reached.
    """
    try:
        settings = read_settings(folder.settings)
    except FileError:  # a damaged run can be deleted
        settings = None
    if settings is None or settings.storage is None:
        with locked(folder):
            yield lambda: None
        return
    place = Place(Address.read(settings.storage), settings.study or "")
    try:
        ledger = Ledger(open_study(place, None, create=False), {}, place)
    except LostLedgerError:  # so nobody searches the run
        yield lambda: None
        return
    claims = SharedClaims(ledger, place.address, folder.name)
    with in_a_sentence(settings.storage):
        claims.join(alone=True)
    try:
        yield claims.delete_study
    finally:
        claims.leave()


def _begun(folder: Folder, problem: Description, settings: Settings, store: SharedFiles | None = None) -> bool:
    """Whether a run exists, which must have the same settings. If not, its files are written.

    With a store, the run exists if it is in the store.
    """
    keep_journal(folder)
    if store is not None and not folder.exists() and store.has_run():
        store.fetch_run()
    if folder.exists():
        held = read_settings(folder.settings)
        held.require_same(settings, folder.name)
        if store is not None:
            _require_in_store(folder, held, store)
        return True
    write_text(folder.problem, problem.model_dump_json(indent=1))
    write_settings(settings, folder.settings)
    if store is not None:
        store.put_run()
    return False


def _require_in_store(folder: Folder, settings: Settings, store: SharedFiles) -> None:
    """Puts the run into the store if it is not there, since an earlier attempt has failed.

    Raises:
        SettingError: if the store has another run of this name.
    """
    if not store.has_run():
        store.put_run()
        return
    with TemporaryDirectory() as temporary:
        file = Path(temporary, folder.settings.name)
        file.write_bytes(store.settings())
        other = read_settings(file)
    if other.study != settings.study:
        raise SettingError(
            f"{store.url} has another run named {folder.name!r}: give another --name, or delete {folder.path} to "
            "continue that one"
        )


@contextmanager
def _one_at_a_time(address: Address, key: int) -> Iterator[None]:
    """Waits until no other process is in this block with the same key, on any machine."""
    engine = create_engine(address.engine_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        lock(connection, CREATION, key, "pg_advisory_lock")
        yield
        with suppress(SQLAlchemyError):  # else it is released with the connection
            lock(connection, CREATION, key, "pg_advisory_unlock")


def _session_folder(folder: Folder, name: str, others: list[str]) -> Path:
    """Makes the folder for the record of a driver. Records of drivers that died are closed, and the latest is kept."""
    drivers = folder.path / DRIVERS
    try:
        (drivers / name).mkdir(parents=True)
    except OSError as error:
        raise FileError(f"{drivers} cannot be written: {error.strerror or error}") from error
    for path in sorted(drivers.iterdir()):
        if path.name not in (name, *others):
            close_killed_session(path)
            _keep_record(folder, path)
    return drivers / name


def _keep_record(folder: Folder, session: Path) -> None:
    """The record of a driver that has ended becomes that of the run. What cannot be written is left out."""
    with suppress(OSError):
        (session / SESSION).replace(folder.path / SESSION)
    shutil.rmtree(session, ignore_errors=True)
    with suppress(OSError):
        session.parent.rmdir()  # unless others have records in it
