"""`--tensorboard` and `--mlflow`: where a search shows its candidates beside the run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from valp.search.engine.search_events import Event

TENSORBOARD = click.option(
    "--tensorboard",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write the candidates' scores, settings and curves to FOLDER, for `tensorboard --logdir FOLDER`.",
)
MLFLOW = click.option(
    "--mlflow",
    metavar="URI",
    help="Also add each candidate to the MLflow server or database at URI, such as http://localhost:5000 or "
    "sqlite:///mlflow.db. The experiment has the run's name.",
)


@contextmanager
def tracked(
    runs: Path, tensorboard: Path | None, mlflow: str | None, storage: str | None, say: Callable[[str], None]
) -> "Iterator[tuple[Callable[[Event], None], ...]]":
    """The listeners that tell the trackers of these options about the search in the block; none without an option.

    Raises:
        MissingPackageError: if MLflow is asked for and not installed.
        SettingError: if the storage is not the URL of a database.
    """
    if tensorboard is None and mlflow is None:
        yield ()
        return
    from valp.search.run.postgres.address import Address
    from valp.search.track.mlflow_tracker import MLflowTracker
    from valp.search.track.tensorboard_tracker import TensorBoardTracker
    from valp.search.track.tracker import Tracker
    from valp.search.track.tracking import tracking

    trackers: list[Tracker] = []
    if tensorboard is not None:
        trackers.append(TensorBoardTracker(tensorboard))
    if mlflow is not None:
        trackers.append(MLflowTracker(mlflow))
    with tracking(runs, trackers, say, None if storage is None else Address.read(storage)) as told:
        yield (told.hear,)
