"""Where the ledger of a run is: in the run's folder, or in PostgreSQL."""

from pathlib import Path

from valp.errors import FileError
from valp.search.run.folder import Folder
from valp.search.run.postgres.address import Address, Place
from valp.search.run.settings import Settings


def place_of(folder: Folder, settings: Settings, address: Address | None = None) -> Path | Place:
    """Where the ledger of a run is.

    Args:
        folder: the run's folder.
        settings: its settings.
        address: the address of its database with the password; None if the environment has it.
    """
    if settings.storage is None:
        return folder.study
    if settings.study is None:
        raise FileError(f"{folder.settings} is damaged: it names a storage, but no study in it")
    return Place(address or Address.read(settings.storage), settings.study)
