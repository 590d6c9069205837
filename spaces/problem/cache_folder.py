"""The user's cache of data sets, prepared problems and judges. VALP recreates what is deleted from it."""

from pathlib import Path

from platformdirs import user_cache_dir


def cache_folder() -> Path:
    """VALP's folder in the user's cache. It may not exist yet."""
    return Path(user_cache_dir("valp"))
