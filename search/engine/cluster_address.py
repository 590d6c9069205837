"""Finds the Ray cluster on which a search runs, without importing Ray, which takes seconds."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from valp.errors import SettingError

LOCAL, AUTO = "local", "auto"
"""Addresses with a meaning: a Ray of the search's own on this machine, and the cluster that this machine is part of."""

VARIABLE = "RAY_ADDRESS"
"""The environment variable from which Ray, too, takes an address."""

PATIENCE = 5.0
"""Seconds within which a cluster must accept a connection."""


def is_connected() -> bool:
    """Whether this program is connected to Ray already."""
    ray = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())


def cluster_address(address: str | None) -> str | None:
    """The address of the cluster, as `HOST:PORT`; None if the search starts a Ray of its own on this machine.

    Without an address, it is that of the environment variable RAY_ADDRESS, or of the cluster of which `ray start` has
    made this machine a part, as with Ray itself.

    Args:
        address: `HOST:PORT`, `auto`, `local`, or None.

    Raises:
        SettingError: if the address has another form, `auto` finds no cluster, or nothing answers at the address.
    """
    asked, source = address, "address"
    if asked in (None, AUTO):
        asked, source = os.environ.get(VARIABLE) or asked, VARIABLE
    if asked == LOCAL:
        return None
    if asked in (None, AUTO):
        found = _started_here()
        if found is not None and _answers(found):
            return found
        if asked == AUTO:
            raise SettingError(
                "this machine is not part of a running Ray cluster: join one with `ray start --address=HOST:PORT`, or "
                "give its address"
            )
        return None
    _require_form(asked, source)
    if not _answers(asked):
        raise SettingError(f"no Ray cluster answers at {asked}")
    return asked


def _require_form(address: str, source: str) -> None:
    host, _, port = address.rpartition(":")
    if host and "/" not in host and port.isdecimal():
        return
    more = ""
    if address.startswith("ray://"):
        more = "; a search cannot run through Ray Client (ray://): start it on a machine of the cluster"
    elif "://" in address:
        more = "; this looks like the address of Ray's dashboard"
    raise SettingError(f"{source} must be HOST:PORT, {AUTO} or {LOCAL}, but is {address!r}{more}")


def _started_here() -> str | None:
    """The address that `ray start` has left on this machine; None if there is none."""
    variable = "TMPDIR" if sys.platform.startswith("linux") else ""
    temporary = os.environ.get("RAY_TMPDIR") or os.environ.get(variable) or "/tmp"
    with suppress(OSError, UnicodeError):
        return (Path(temporary) / "ray" / "ray_current_cluster").read_text().strip() or None
    return None


def _answers(address: str) -> bool:
    """Whether something accepts connections at an address."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE):
            return True
    except (OSError, ValueError, OverflowError):
        return False
