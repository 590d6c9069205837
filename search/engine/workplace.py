"""Where candidates are trained: in this process, by a Ray of the search's own, or on a Ray cluster."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from valp.errors import SettingError
from valp.search.engine.candidate_limits import default_memory
from valp.search.engine.cluster_address import AUTO, LOCAL, VARIABLE, cluster_address, is_connected


@dataclass(frozen=True)
class Workplace:
    """Where candidates are trained.

    Attributes:
        workers: the number of candidates that are trained at once. 0 trains in this process.
        memory: the most bytes of a candidate if the user gives no limit; None if there is no limit.
        cluster: the cluster in words; empty if all workers are on this machine.
        remarks: a line for each thing about the cluster that a user should know.
    """

    workers: int
    memory: int | None
    cluster: str = ""
    remarks: tuple[str, ...] = ()


@contextmanager
def workplace(workers: int | None, address: str | None) -> Iterator[Workplace]:
    """Finds where a search trains its candidates, and connects to the Ray cluster if there is one.

    A cluster that ran before is left running at the end of the block. A connection that the program has made itself
    stays. A Ray of the search's own is started later, when there is something to train.

    Args:
        workers: the number of candidates that are trained at once; by default the cores of this machine or the CPUs of
            the cluster.
        address: the cluster, see `valp.search.engine.cluster_address.cluster_address`.

    Raises:
        SettingError: if there is no such cluster, or an address makes no sense here.
        SearchError: if the cluster cannot be used.
    """
    if workers == 0:
        if address not in (None, LOCAL):
            raise SettingError(
                "with 0 workers a search trains in this process, so it takes no address of a Ray cluster"
            )
        yield Workplace(0, default_memory(0))
        return
    connected = is_connected()
    if connected and address is not None:
        raise SettingError("this program is connected to Ray already, so the search runs there: leave out the address")
    found = None if connected else cluster_address(address)
    if found is None and not connected:
        here = workers if workers is not None else os.cpu_count() or 1
        yield Workplace(here, default_memory(here))
        return
    from valp.search.engine.ray.cluster import joined  # Ray takes seconds to load

    named = address not in (None, AUTO) or bool(os.environ.get(VARIABLE))
    with joined(found, named=named) as cluster:
        yield Workplace(cluster.workers(workers), cluster.memory, cluster.title, cluster.remarks)
