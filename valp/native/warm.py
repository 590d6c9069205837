"""`prepare`: compiles the native executor, once and for all processes; `python -m valp.native.warm` does the same."""

import time


def prepare() -> float:
    """Compiles the interpreter (about half a minute) into Numba's cache on disk, or loads it from there (a second).

    A driver calls it before its workers start, so that these only load.

    Returns:
        The seconds it took.

    Raises:
        ImportError: if Numba is not there.
    """
    start = time.perf_counter()
    import valp.native.executor  # noqa: F401 - what is compiled is compiled on import

    return time.perf_counter() - start


if __name__ == "__main__":
    print(f"the native executor is ready after {prepare():.1f} s")
