"""What the worker processes of the benchmarks share."""

import multiprocessing
import os
import threading


def end_with_command() -> None:
    """Ends this worker process when the command that started it is killed."""
    command = multiprocessing.parent_process()

    def follow() -> None:
        if command is not None:
            command.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
