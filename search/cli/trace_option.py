"""The option `--trace` of `valp train`: records the training, writes the file, and keeps it for the run's report."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.errors import SettingError

if TYPE_CHECKING:
    from valp.compile.module import VALPModule
    from valp.search.run.run import StoredRun
    from valp.spaces.candidate import Candidate
    from valp.trace.recorder import Recorder

TRACE_OPTION = click.option(
    "--trace",
    "trace_file",
    metavar="FILE.npz",
    type=click.Path(path_type=Path),
    help="Also record the losses, their weights, and the lengths and angles of their gradients in each network, and "
    "write them to FILE.npz. `valp draw FILE.npz` draws them. It is trained by torch.",
)


@dataclass
class Tracing:
    """Records one training and writes its trace.

    Attributes:
        path: the trace's file.
        about: where the training comes from: the problem, and the run with the number of the candidate.
        kept: a second file, in the folder of the candidate, for the run's report; None if there is none.
    """

    path: Path
    about: "dict[str, str | int]"
    kept: Path | None = None
    _recorder: "Recorder | None" = field(default=None, init=False)

    def __call__(self, candidate: "Candidate", module: "VALPModule") -> "Recorder":
        """Begins to record the training of a candidate."""
        from valp.trace.recorder import Recorder

        training = candidate.training
        told: dict[str, str | int] = {"steps": training.steps, "batch": training.batch, "seed": training.seed}
        self._recorder = Recorder(
            module, candidate.graph, steps=training.steps, balance=training.balance, about=self.about | told
        )
        return self._recorder

    def write(self) -> None:
        """Writes the trace of the steps so far, if there is any, and says so on stderr.

        Raises:
            FileError: if it cannot be written.
        """
        from valp.trace.trace_file import save_trace

        if self._recorder is None or not self._recorder.recorded:
            return
        trace = self._recorder.trace()
        for path in (self.path, self.kept):
            if path is not None:
                save_trace(trace, path)
        spacing = "each step" if trace.every == 1 else f"one of {trace.every} steps"
        shown = f"; `valp report {self.about['run']}` shows it" if self.kept is not None else ""
        click.echo(f"trace: {self.path}, {len(trace.steps)} records, {spacing}, trained by torch{shown}", err=True)


def tracing_of(
    path: Path,
    output: Path,
    seeds: int,
    problem: str,
    own: "Candidate",
    trained: "Candidate",
    stored: "StoredRun | None",
    origin: tuple[str, str] | None,
) -> Tracing:
    """What records a training, after a check of the options.

    The run keeps the trace for its report only if the training has the settings of its candidate.

    Args:
        path: the file of `--trace`.
        output: the model's file.
        seeds: the number of seeds.
        problem: the name of the problem.
        own: the candidate of the run, or of the file.
        trained: the candidate with the settings of this training.
        stored: the run; None without `--from`.
        origin: the run and the number of the candidate; None without `--from`.

    Raises:
        SettingError: if the options do not fit together.
    """
    from valp.search.run.folder import TRACE
    from valp.trace.trace_file import require_suffix

    require_suffix(path)
    if seeds > 1:
        raise SettingError(f"--trace records one training, so --seeds must be 1, but is {seeds}")
    if path.resolve() == output.resolve():
        raise SettingError(f"--trace and -o must name two files, but both are {path}")
    about: dict[str, str | int] = {"problem": problem}
    if stored is None or origin is None:
        return Tracing(path, about)
    about |= {"run": origin[0], "candidate": int(origin[1])}
    changed = [
        name
        for name in type(own.training).model_fields
        if getattr(own.training, name) != getattr(trained.training, name)
    ]
    if problem != stored.settings.problem:
        changed.insert(0, "problem")
    if changed:
        click.echo(
            f"the report of {origin[0]} does not show this trace, because its {', '.join(changed)} differ from those "
            "of the candidate",
            err=True,
        )
        return Tracing(path, about)
    return Tracing(path, about, stored.folder.candidate(int(origin[1])) / TRACE)
