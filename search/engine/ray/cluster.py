"""A Ray cluster that was started by somebody else: joined, checked, and left running."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ray

from valp.errors import SearchError
from valp.search.engine.candidate_limits import share_of_memory
from valp.search.engine.ray.node_answers import ask_nodes, different_clocks, require_packages
from valp.search.engine.ray.session import keeping_handler, own_signal_handler, quiet_settings, without_error_lines


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster.

    Attributes:
        title: the cluster in words.
        cpus: the CPUs of all its nodes.
        memory: the most bytes of a candidate if the user gives no limit: a CPU's share of its node's memory, of the
            node where it is smallest. None if no node says how much it has.
        remarks: a line for each thing that a user should know.
    """

    title: str
    cpus: int
    memory: int | None
    remarks: tuple[str, ...] = ()

    def workers(self, asked: int | None) -> int:
        """The number of candidates that are trained at once: as many as asked for, or one for each CPU.

        Raises:
            SearchError: if none was asked for and there is no CPU.
        """
        if asked is None and self.cpus < 1:
            raise SearchError(
                f"{self.title} has no CPU for a worker: start more nodes, or say how many workers there will be"
            )
        return self.cpus if asked is None else asked


@contextmanager
def joined(address: str | None, *, named: bool = True) -> Iterator[Cluster]:
    """The cluster at an address, or the one to which this program is connected already.

    At the end of the block the driver leaves the cluster, which goes on running. No process of the cluster is watched
    or ended by this one: if the driver is killed, Ray ends its workers.

    Args:
        address: `HOST:PORT`; None if the program is connected.
        named: whether an option or the environment names this cluster. If not, it is the one that `ray start` has left
            here. Only then Ray sends the token in the home folder without being asked to.

    Raises:
        SearchError: if it cannot be joined, or a node lacks this package or has another version of it.
    """
    if address is None:
        with quiet_settings():
            yield _checked("the Ray cluster of this program")
        return
    with without_error_lines(), own_signal_handler(), quiet_settings():
        _join(address, named=named)
        try:
            yield _checked(f"the Ray cluster at {address}")
        finally:
            ray.shutdown()  # ends the connection only


def _join(address: str, *, named: bool) -> None:
    """Connects to a cluster."""
    try:
        with keeping_handler():
            ray.init(
                address=address if named else None,
                log_to_driver=False,
                logging_level="error",
                configure_logging=True,
            )
    except Exception as error:  # Ray raises errors of many types, also plain ones
        ray.shutdown()
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise SearchError(
            f"the Ray cluster at {address} cannot be joined: {reason}; this machine must be part of it (`ray start "
            f"--address={address} --num-cpus=0`), and if the cluster has a token, set RAY_AUTH_MODE=token"
        ) from error
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # the ledger has the failures of candidates


def _checked(title: str) -> Cluster:
    """The cluster to which this process is connected, if all its nodes can train candidates."""
    answers, silent = ask_nodes()
    require_packages(answers)
    cpus = int(ray.cluster_resources().get("CPU", 0))
    shares = [one for answer in answers if (one := share_of_memory(answer.memory, answer.cpus)) is not None]
    nodes = len(answers) + len(silent)
    remarks = [*different_clocks(answers), *(f"node {node} of the Ray cluster does not answer" for node in silent)]
    title = f"{title} ({nodes} {'node' if nodes == 1 else 'nodes'})"
    return Cluster(title, cpus, min(shares, default=None), tuple(remarks))
