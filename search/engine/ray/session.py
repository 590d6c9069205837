"""A Ray of the search's own, on this machine. It prints nothing and leaves no process behind."""

import logging
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray._private import worker as ray_worker

from valp.errors import SearchError
from valp.search.engine.ray.reaper import reaping
from valp.search.run.temporary_folders import claimed

STORE_BYTES = 256 * 2**20
"""The size of Ray's object store in bytes, in addition to the data."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # so that Ctrl-C reaches the driver, which stops in its own way
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # Tune's own state is never read, only the ledger
    "RAY_DEDUP_LOGS": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def ray_for(workers: int, data_bytes: int) -> Iterator[None]:
    """Starts Ray, and ends it with the block, or when this process is killed.

    Ray's folder is deleted at the end. If this process is killed, `valp clean` finds the folder: see
    `valp.search.run.temporary_folders.abandoned`. If this process is connected to Ray already, as to a cluster, that is
    used and left running.

    Args:
        workers: the number of workers, each on one core.
        data_bytes: the size of the data in the object store, in bytes.
    """
    if ray.is_initialized():  # by the user's program, or to a cluster
        yield
        return
    with reaping(), without_error_lines(), own_signal_handler(), quiet_settings():
        folder = _started(workers, STORE_BYTES + data_bytes)
        logging.getLogger("ray").setLevel(logging.CRITICAL)  # the ledger has the failures of candidates
        try:
            with claimed(folder):
                yield
        finally:
            ray.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def _started(workers: int, store_bytes: int) -> Path:
    """Starts Ray, and returns its folder.

    Raises:
        SearchError: if it cannot start.
    """
    try:
        with keeping_handler():
            session = ray.init(
                address="local",
                num_cpus=workers,
                num_gpus=0,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
                configure_logging=True,
                object_store_memory=store_bytes,
            )
    except Exception as error:  # Ray raises errors of many types, also plain ones
        ray.shutdown()
        reason = str(error).strip().splitlines()
        raise SearchError(
            f"Ray cannot start: {reason[0].rstrip('.') if reason else type(error).__name__}; with 0 workers a search "
            "needs no Ray"
        ) from error
    return Path(session.address_info["session_dir"])


@contextmanager
def quiet_settings() -> Iterator[None]:
    """Sets the variables of the environment that keep Ray and Tune quiet, and puts the old ones back at the end."""
    before = {name: os.environ.get(name) for name in QUIET}
    os.environ.update(QUIET)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def keeping_handler() -> Iterator[None]:
    """Keeps a handler of SIGTERM that the program has set, because Ray puts its own in its place when it starts."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def own_signal_handler() -> Iterator[None]:
    """Puts the handler of SIGTERM back at the end, because Ray leaves its own."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


@contextmanager
def without_error_lines() -> Iterator[None]:
    """Keeps Ray from printing lines about workers that end. They would go to stdout, which is for results only.

    The ledger has the reason why a worker ended. Ray has no setting for this; `log_to_driver` does not affect it.
    """
    printer = ray_worker.print_to_stdstream
    ray_worker.print_to_stdstream = lambda *_, **__: None
    try:
        yield
    finally:
        ray_worker.print_to_stdstream = printer
