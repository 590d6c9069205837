"""The user's cache: data sets, prepared problems and judges, each of which can be had again when it is deleted."""

from pathlib import Path

from platformdirs import user_cache_dir


def cache_folder() -> Path:
    """The folder of all that VALP keeps in the user's cache; it may not be there yet."""
    return Path(user_cache_dir("valp"))
