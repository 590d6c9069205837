"""Sizes in bytes: as text for people, from what a user gives, and that of this machine's memory."""

import os
import re
from contextlib import suppress
from math import inf
from pathlib import Path

from valp.errors import SettingError

UNITS = {
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
"""The bytes of each unit, whose capital letters do not count."""

PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")

USUAL_MEMORY = 16 * 10**9
"""The memory that is assumed on a system that does not say how much it has, in bytes."""

CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says how much memory a container may use."""


def read_size(given: str | float) -> int:
    """A size from a text such as `4GB` or `500 MiB`, or from a number of bytes.

    Raises:
        SettingError: if it is not a positive size.
    """
    if isinstance(given, str):
        found = PATTERN.fullmatch(given)
        unit = UNITS.get(found[2].lower()) if found else None
        size = float(found[1]) * unit if found and unit else 0.0
    else:
        size = float(given)
    if not 1 <= size < inf:
        raise SettingError(f"a size of memory must be positive and have a unit, as in 4GB or 500MB, but is {given!r}")
    return int(size)


def size_text(size: float) -> str:
    """A size as text: `4.2 GB`."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size / 1000:.3g} kB"


def machine_memory() -> int | None:
    """The memory of this machine, or of the container if that has less, in bytes; None if the system does not say."""
    found = []
    with suppress(AttributeError, ValueError, OSError):  # a system without this call, as Windows
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in (CONTROL_GROUPS / "memory.max", CONTROL_GROUPS / "memory" / "memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # not in a control group, or one without a limit
            found.append(int(file.read_text()))
    return min((size for size in found if size > 0), default=None)


def most_to_read() -> int:
    """The most bytes of a file's content when it is decompressed: half of the machine's memory."""
    return (machine_memory() or USUAL_MEMORY) // 2
