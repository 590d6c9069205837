"""`valp export`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.errors import FileError
from valp.model.export import FORMATS, FormatName
from valp.search.cli.options import JSON, RUNS, print_json, print_table
from valp.search.run.command_words import nearest_path

if TYPE_CHECKING:
    from valp.model.bundle import Model
    from valp.model.export.export import Exported


@click.command("export")
@click.argument("source", metavar="RUN|MODEL")
@click.argument("number", metavar="[N]", type=int, required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="The file format.  [default: onnx for .onnx, pt2 for .pt2, else bundle]",
)
@RUNS
@JSON
def export_command(
    source: str, number: int | None, output: Path, form: FormatName | None, runs: Path, as_json: bool
) -> None:
    """Export a candidate of RUN, or the bundle MODEL, as one file.

    Without N the candidate is the best compromise, the first row of `valp best`.

    \b
    bundle  graph, weights, preprocessing and a model card: for valp score, predict, generate
    onnx    for ONNX Runtime alone; predicts and generates, in the data's own units
    pt2     the same for torch alone

    The written file is read again and compared with the model: both predict and generate from the same random inputs
    and noise. If they differ by more than 1e-5, and by more than rounding explains, the file is not kept.

    \b
    Examples:
      valp export first -o digits.valp
      valp export first 3 -o digits.valp
      valp export first -o digits.onnx
      valp export digits.valp -o digits.pt2
    """
    from valp.model.export.export import export

    model, described = _model(source, number, runs, output)
    exported = export(model, output, form)
    if as_json:
        print_json(_document(exported))
        return
    found = f"differs by {exported.difference:.1e} at most" if exported.difference else "equal"
    click.echo(f"{output}: {exported.size / 1e6:.2f} MB, read back and {found}")
    if exported.format != "bundle":
        _print_signature(exported)
    click.echo(f"next: {_next_step(exported, described)}")


def _model(source: str, number: int | None, runs: Path, output: Path) -> "tuple[Model, str | None]":
    """The model of a candidate or of a file, and the options with which `valp score` finds its problem.

    Raises:
        FileError: if there is no such candidate or its weights are not kept, or there is no such file.
    """
    from valp.model.bundle import load
    from valp.search.cli.chosen_candidate import chosen_candidate, require_weights
    from valp.search.engine.models import model_of
    from valp.search.run.folder import Folder
    from valp.search.run.run_status import open_to_watch

    if number is None and not Folder(runs / source).exists():
        if not Path(source).exists():
            raise FileError(f"there is no run {source!r} in {runs}, and no file {source}")
        loaded = load(source)
        return loaded, _problem_of(None, loaded.manifest.problem)
    opened = open_to_watch(runs, source)
    entry = chosen_candidate(opened, number)
    require_weights(opened, entry, output)
    return model_of(opened, entry), _problem_of(opened.settings.source, opened.settings.problem)


def _problem_of(toml: str | None, name: str) -> str | None:
    """The option of `valp score` that names the problem of a model; None if only Python knows it."""
    from valp.spaces.builtin.problems import PROBLEMS

    if toml is None:
        return "" if name in PROBLEMS else None
    return f" --problem {shlex.quote(nearest_path(toml))}"


def _next_step(exported: "Exported", described: str | None) -> str:
    path = exported.path
    if exported.format == "bundle":
        python = f'in Python: import valp; model = valp.load("{path}")'
        return python if described is None else f"valp score {shlex.quote(str(path))}{described}, or {python}"
    if exported.format == "onnx":
        return f'in Python: import onnxruntime; session = onnxruntime.InferenceSession("{path}")'
    return f'in Python: import torch; program = torch.export.load("{path}").module()'


def _print_signature(exported: "Exported") -> None:
    """The names and shapes of inputs and outputs, and what each is for."""
    signature = exported.signature
    rows = [
        [way, port.name, port.text, " and ".join(port.modes)]
        for way, ports in (("in", signature.inputs), ("out", signature.outputs))
        for port in ports
    ]
    print_table("inputs and outputs", ["", "name", "numbers", "to"], rows, left=4)


def _document(exported: "Exported") -> dict[str, object]:
    held = {"model": str(exported.path), "format": exported.format, "bytes": exported.size}
    ports = {} if exported.format == "bundle" else exported.signature.document
    return {**held, "difference": exported.difference, **ports}
