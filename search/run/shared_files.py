"""The files of a run in a store that several drivers share, such as a bucket of S3; each has a folder of its own.

A store is anything that fsspec reads and writes under a URL. A driver puts a folder there when its candidate has ended,
and fetches what it needs of the others.
"""

import posixpath
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import fsspec

from valp.errors import FileError, MissingPackageError, SettingError, first_line
from valp.search.run.folder import SCORES, WEIGHTS, Folder, filling, final_result

PAUSES = (1.0, 4.0)
"""The seconds to wait before each further attempt, if a store does not answer."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def patiently(method: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """A method of `SharedFiles` that tries again if the store does not answer, and then says so in one sentence."""

    @wraps(method)
    def tried(*given: Given.args, **named: Given.kwargs) -> Answer:
        for pause in (*PAUSES, None):
            try:
                return method(*given, **named)
            except FileError:
                raise
            except Exception as error:  # each kind of store has errors of its own
                if pause is None:
                    url = getattr(given[0], "url", "")
                    raise FileError(f"the files at {url} cannot be reached: {first_line(error)}") from error
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    return tried


class SharedFiles:
    """A run's files in a store.

    A folder there counts as complete when it has its `scores.json`, which is put last. Paths of folders are those of
    the driver's own copy.

    Args:
        url: the folder of the runs in the store, for example `s3://bucket/valp`.
        folder: the run's own folder of this driver.

    Raises:
        SettingError: if the URL is not one of a store.
        MissingPackageError: if the package for such a store is not installed.
    """

    def __init__(self, url: str, folder: Folder) -> None:
        self.url, self._folder = url, folder
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise MissingPackageError(f"files at {url} need a package that is missing: {error}") from error
        except ValueError as error:
            raise SettingError(f"files must be a URL such as s3://bucket/folder, but is {url!r}: {error}") from error
        self._root = posixpath.join(str(root).rstrip("/"), folder.name)

    @patiently
    def has_run(self) -> bool:
        """Whether the run is in the store."""
        self._files.invalidate_cache()
        return bool(self._files.exists(self._at(self._folder.settings)))

    @patiently
    def put_run(self) -> None:
        """Puts the run's settings and its problem into the store, the settings last: with them, the run exists."""
        self._files.makedirs(self._root, exist_ok=True)
        for file in (self._folder.problem, self._folder.settings):
            self._files.put_file(str(file), self._at(file))

    @patiently
    def settings(self) -> bytes:
        """The content of the run's settings file in the store."""
        content: bytes = self._files.cat_file(self._at(self._folder.settings))
        return content

    @patiently
    def fetch_run(self) -> None:
        """Fetches the run's settings and its problem."""
        for file in (self._folder.problem, self._folder.settings):
            self._files.get_file(self._at(file), str(file))

    @patiently
    def put(self, path: Path) -> None:
        """Puts a complete folder into the store. It replaces that of an earlier attempt."""
        there = self._at(path)
        self._files.makedirs(there, exist_ok=True)
        with suppress(FileNotFoundError):
            self._files.rm_file(posixpath.join(there, SCORES))
        names = sorted(file.name for file in path.iterdir() if file.is_file())
        for name in sorted(names, key=lambda name: name == SCORES):
            self._files.put_file(str(path / name), posixpath.join(there, name))

    @patiently
    def fetch(self, path: Path) -> None:
        """Fetches a folder that is complete in the store and not here."""
        if final_result(path) is not None:
            return
        self._files.invalidate_cache()
        there = self._at(path)
        if self._files.exists(posixpath.join(there, SCORES)):
            self._get(there, path)

    @patiently
    def fetch_all(self) -> int:
        """Fetches all folders that are complete in the store and not here. Returns how many there were."""
        self._files.invalidate_cache()
        found = [str(name) for name in self._files.find(self._root) if posixpath.basename(str(name)) == SCORES]
        missing = []
        for name in found:
            there = posixpath.dirname(name)
            path = self._folder.path / posixpath.basename(posixpath.dirname(there)) / posixpath.basename(there)
            if final_result(path) is None:
                missing.append((there, path))
        for there, path in missing:
            self._get(there, path)
        return len(missing)

    @patiently
    def drop_weights(self, path: Path) -> None:
        """Deletes a candidate's weights, if the store has them."""
        with suppress(FileNotFoundError):
            self._files.rm_file(posixpath.join(self._at(path), WEIGHTS))

    def _get(self, there: str, path: Path) -> None:
        """Fetches a folder, whole or not at all."""
        contents: dict[str, bytes] = {}
        for name in self._files.ls(there, detail=False):
            with suppress(FileNotFoundError):  # the weights were dropped meanwhile
                contents[posixpath.basename(str(name))] = self._files.cat_file(name)
        with filling(path) as temporary:
            for name, content in contents.items():
                (temporary / name).write_bytes(content)

    def _at(self, path: Path) -> str:
        """The place of a path of the run's folder in the store."""
        return posixpath.join(self._root, *path.relative_to(self._folder.path).parts)
