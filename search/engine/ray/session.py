"""Ray for the time of a search: quiet, and leaving no process behind."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray._private import worker as ray_worker

from valp.search.engine.ray.reaper import reaping
from valp.search.run.temporary_folders import claimed

STORE_BYTES = 256 * 2**20
"""What Ray's store of shared objects has beside the data."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C shall reach the driver, which has its own way to stop
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # the ledger is the state, Tune's own is never read
    "RAY_DEDUP_LOGS": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def ray_for(workers: int, data_bytes: int) -> Iterator[None]:
    """Ray with so many workers and room for the data; it ends with the block, or with this process if that is killed.

    Its own folder goes with it, unless it was killed: see `valp.search.run.temporary_folders.abandoned`.

    A Ray that the program has started itself is used as it is, and left.
    """
    if ray.is_initialized():  # a program of the user's that has its own
        yield
        return
    with reaping(), _without_error_lines():
        os.environ.update(QUIET)
        session = ray.init(
            num_cpus=workers,
            num_gpus=0,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            configure_logging=True,
            object_store_memory=STORE_BYTES + data_bytes,
        )
        logging.getLogger("ray").setLevel(logging.CRITICAL)  # what goes wrong with a candidate is in the ledger
        folder = Path(session.address_info["session_dir"])
        try:
            with claimed(folder):
                yield
        finally:
            ray.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _without_error_lines() -> Iterator[None]:
    """Ray prints nothing about workers that end within: it would be on stdout, where only results belong.

    Why a worker ended is in the ledger. Ray has no setting for this: `log_to_driver` does not reach these lines.
    """
    printer = ray_worker.print_to_stdstream
    ray_worker.print_to_stdstream = lambda *_, **__: None
    try:
        yield
    finally:
        ray_worker.print_to_stdstream = printer
