"""`valp export`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from valp.model.export import FORMATS, FormatName
from valp.search.cli.options import JSON, RUNS, print_json, print_table

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
    help="What is written.  [default: onnx for .onnx, pt2 for .pt2, else bundle]",
)
@RUNS
@JSON
def export_command(
    source: str, number: int | None, output: Path, form: FormatName | None, runs: Path, as_json: bool
) -> None:
    """Export candidate N of RUN, or the bundle MODEL, as one file.

    \b
    bundle  graph, weights, preprocessing and a model card: for valp score, predict, generate
    onnx    for ONNX Runtime alone; predicts and generates, in the data's own units
    pt2     the same for torch alone

    The file is read again after it is written and compared with the model, for random inputs and noise, to predict
    and to generate; if it differs by more than 1e-5, or than rounding explains, it is not kept.

    \b
    Examples:
      valp export first 3 -o digits.valp
      valp export first 3 -o digits.onnx
      valp export digits.valp -o digits.pt2
    """
    from valp.model.export.export import export

    model, described = _model(source, number, runs)
    exported = export(model, output, form)
    if as_json:
        print_json(_document(exported))
        return
    found = f"differs by {exported.difference:.1e} at most" if exported.difference else "equal"
    click.echo(f"{output}: {exported.size / 1e6:.2f} MB, read back and {found}")
    if exported.format != "bundle":
        _print_signature(exported)
    click.echo(f"next: {_next_step(exported, described)}")


def _model(source: str, number: int | None, runs: Path) -> "tuple[Model, str]":
    """The model of a candidate or of a file, and the options with which `valp score` finds its problem.

    Raises:
        UsageError: if the number of a run's candidate is missing.
        FileError: if there is no such candidate, or no such file.
    """
    from valp.model.bundle import load
    from valp.search.engine.models import model_of
    from valp.search.run.folder import Folder
    from valp.search.run.run import open_run

    if number is not None:
        opened = open_run(runs, source)
        toml = opened.settings.source
        return model_of(opened, opened.ledger.entry(number)), f" --problem {_nearest(toml)}" if toml else ""
    if Folder(runs / source).exists():
        raise click.UsageError(f"N is missing: which candidate of run {source!r}? See valp best {source}.")
    return load(source), ""


def _next_step(exported: "Exported", described: str) -> str:
    path = exported.path
    if exported.format == "bundle":
        return f'valp score {path}{described}, or in Python: import valp; model = valp.load("{path}")'
    if exported.format == "onnx":
        return f'in Python: import onnxruntime; session = onnxruntime.InferenceSession("{path}")'
    return f'in Python: import torch; program = torch.export.load("{path}").module()'


def _print_signature(exported: "Exported") -> None:
    """What goes in and comes out, and to do what."""
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


def _nearest(source: str) -> str:
    """A file as it is called from here."""
    path, here = Path(source), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
