"""The judges of problems: shipped with VALP, cached, or trained when first needed."""

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
"""Called with the progress of a long step: its title, the amount done, and the total. The first call has 0 done."""

SAMPLES_SEEN = 40_000
EPOCHS = (3, 60)
WIDTH = 64


def shipped_path(name: str) -> Path:
    """The path of the judge that VALP ships for a problem. The file may not exist."""
    return Path(__file__).parent / f"{name}.safetensors"


def _silent(line: str) -> None:
    del line


def epochs_for(samples: int) -> int:
    """The epochs for a data set of this size: enough to see 40,000 samples, but from 3 to 60."""
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
    """The judge of a problem: shipped, cached or, if there is none yet, trained.

    A judge shipped under the problem's name is used if its shape and number of classes fit. Otherwise the cache is
    searched. Otherwise a small judge is trained, in seconds to a few minutes, and cached. If several processes need it,
    one trains and the others wait. A damaged cache file is replaced. If the cache cannot be written, the judge is not
    kept. Images with a side below 8 are judged as vectors.

    Args:
        name: the name of the problem.
        fingerprint: identifies the training data in the cache. Other data must have another fingerprint.
        samples: the training samples, [n, d].
        labels: the class numbers of the samples, [n].
        shape: the shape of a sample.
        classes: the number of classes.
        progress: called with messages.
        step: called after each epoch of the training. If it is None, `progress` is called when the training starts.
        cache_dir: the cache folder; the user's cache by default.

    Raises:
        DataError: if no judge can learn from the data.
        SettingError: if no judge can learn from the data.
        FileError: if a shipped judge is damaged.
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
        say(f"judge of {name}: trained, but not cached, because {cache} cannot be used ({error})")
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
        say(f"judge: trained again, because its file is damaged: {error}")
        return None


def _kept(judge: Judge, path: Path, say: Progress) -> Judge:
    try:
        save_judge(judge, path)
    except FileError as error:
        say(f"judge: not cached: {error}")
    return judge
