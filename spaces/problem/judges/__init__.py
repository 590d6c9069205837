"""The judges of problems: shipped with VALP, kept in the user's cache, or trained when first needed."""

import math
import re
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from torch import Tensor

from valp.errors import FileError
from valp.score.judge import (
    SMALLEST_SIDE,
    Judge,
    Progress,
    load_judge,
    save_judge,
    train_judge,
)
from valp.spaces.problem.cache_folder import cache_folder

Step = Callable[[str, int, int], None]
"""Is told of a long step: its title, how much of it is done, and of how much. It is told of 0 first."""

SAMPLES_SEEN = 40_000
EPOCHS = (3, 60)
WIDTH = 64


def shipped_path(name: str) -> Path:
    """Where the judge that VALP ships for a problem is, if it ships one."""
    return Path(__file__).parent / f"{name}.safetensors"


def _silent(line: str) -> None:
    del line


def epochs_for(samples: int) -> int:
    """Passes over a data set of so many samples: as many as make 40,000 samples seen, within 3 … 60."""
    return min(max(math.ceil(SAMPLES_SEEN / max(samples, 1)), EPOCHS[0]), EPOCHS[1])


def judge_for(
    name: str,
    fingerprint: str,
    samples: Tensor,
    labels: Tensor,
    shape: tuple[int, ...],
    classes: int,
    *,
    progress: Progress | None = None,
    step: Step | None = None,
    cache_dir: str | Path | None = None,
) -> Judge:
    """The judge of a problem, from flat training samples [n, d] with labels [n] if none is there yet.

    First the judge shipped under the problem's `name`, if it judges samples of this `shape` and these `classes`; else
    the one in `cache_dir` (default: the user's cache) for this name and `fingerprint`, which must change with the
    training data; else a small one is trained, in seconds to a few minutes, and kept there. Of several processes one
    trains and the others wait for it. A damaged file in the cache is replaced, and a cache that cannot be written is
    done without: `progress` is told. The training is told to `step` epoch by epoch; without it, `progress` is told
    that it begins. Images with a side below 8 are judged as vectors. Raises `DataError` or
    `SettingError` for data no judge can learn from, `FileError` for a shipped judge that is damaged.
    """
    say = progress or _silent
    shape = _judged_shape(shape)
    shipped = shipped_path(_file_name(name))
    if shipped.is_file():
        judge = load_judge(shipped)
        if _fits(judge, shape, classes):
            return judge

    def train() -> Judge:
        epochs, title = epochs_for(len(samples)), f"training the judge of {name}, once"

        def epoch_done(done: int) -> None:
            if step is not None:
                step(title, done, epochs)

        if step is None:
            say(title)
        epoch_done(0)
        return train_judge(samples, labels, shape, classes, seed=0, epochs=epochs, width=WIDTH, epoch_done=epoch_done)

    cache = (cache_folder() if cache_dir is None else Path(cache_dir)) / "judges"
    path = cache / f"{_file_name(name)}-{_file_name(fingerprint[:16])}.safetensors"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            cached = _cached(path, say)
            if cached is not None and _fits(cached, shape, classes):
                return cached
            return _kept(train(), path, say)
    except OSError as error:
        say(f"judge of {name}: it is trained for this time only, as {cache} cannot be used ({error})")
        return train()


def _judged_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (math.prod(shape),) if len(shape) > 1 and min(shape[1:]) < SMALLEST_SIDE else tuple(shape)


def _fits(judge: Judge, shape: tuple[int, ...], classes: int) -> bool:
    return (judge.config.shape, judge.config.classes) == (tuple(shape), classes)


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text)


def _cached(path: Path, say: Progress) -> Judge | None:
    if not path.is_file():
        return None
    try:
        return load_judge(path)
    except FileError as error:
        say(f"judge: it is trained again, because of a damaged file: {error}")
        return None


def _kept(judge: Judge, path: Path, say: Progress) -> Judge:
    try:
        save_judge(judge, path)
    except FileError as error:
        say(f"judge: it is not kept for the next time: {error}")
    return judge
