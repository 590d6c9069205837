"""Puts the files of parents into Ray's object store, from which workers on any machine get them."""

from collections import OrderedDict
from pathlib import Path

import ray
from ray.exceptions import ObjectStoreFullError, OutOfDiskError

from valp.errors import FileError
from valp.search.engine.job import Job
from valp.search.engine.parent_files import read_parent_files

ROOM = 64 * 2**20
"""The most bytes of parents that stay in the store while no candidate in training needs them."""


class ParentStore:
    """Reads each parent once, as long as there is room, and hands out references to its files.

    Args:
        room: the most bytes that are kept. The newest parent is always kept.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[Path, tuple[ray.ObjectRef, int]] = OrderedDict()

    def of(self, job: Job) -> list[ray.ObjectRef]:
        """References to the `ParentFiles` of a job, in the order of `Candidate.parents`.

        Raises:
            UnreadableParentError: if a file cannot be read.
            FileError: if Ray has no room for it.
        """
        return [self._reference(path) for path in job.parent_paths]

    def forget(self, job: Job) -> None:
        """Forgets the parents of a job, which are read again when they are needed again."""
        for path in job.parent_paths:
            self._kept.pop(path, None)

    def _reference(self, path: Path) -> ray.ObjectRef:
        if path not in self._kept:
            files = read_parent_files(path)
            try:
                self._kept[path] = ray.put(files), files.size
            except (ObjectStoreFullError, OutOfDiskError) as error:
                raise FileError(f"Ray's object store has no room for the weights of a parent: {error}") from error
        self._kept.move_to_end(path)
        while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > self._room:
            self._kept.popitem(last=False)
        return self._kept[path][0]
