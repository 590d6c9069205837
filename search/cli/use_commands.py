"""`valp predict` and `valp generate`, which use a model without its problem."""

import os
import secrets
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from valp.errors import DataError, SettingError
from valp.search.cli.options import JSON, print_json

if TYPE_CHECKING:
    from valp.model.model import Model
    from valp.model.output_columns import Arrays
    from valp.model.preprocessing import Column
    from valp.model.table import Table

PICTURE = ".png"
COUNT = 64
"""The number of samples that `valp generate` makes by default."""

SEED = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="The same seed draws the same numbers.  [default: a new one]"
)
MODEL = click.argument("model", type=click.Path(path_type=Path))


@click.command("predict")
@MODEL
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="The file for the predictions: .csv, .parquet or .npz.",
)
@click.option(
    "--id",
    "kept",
    metavar="COLUMN",
    multiple=True,
    help="A column of DATA to copy to the output; give it several times for several.",
)
@click.option(
    "--draws",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Average over this many draws of the latent variables; 0 takes their means.",
)
@SEED
@JSON
def predict_command(
    model: Path, data: Path, output: Path, kept: tuple[str, ...], draws: int, seed: int | None, as_json: bool
) -> None:
    """Predict every output of MODEL for the rows of DATA.

    DATA is a .csv, .tsv, .parquet or .npz file with the columns that the model was trained on; other columns are
    ignored. It may be an .npy file if the model has one input, or a picture or a folder of pictures for a model of
    pictures. A model of a built-in problem takes an .npz file with an array for each input.

    The output has a row for each row of DATA, in the same order: numbers in your units, classes by their names, and
    for each class its probability, `output.probabilities.class`. An .npz file has the arrays of `Model.predict` in
    Python.

    \b
    Examples:
      valp predict wine.valp new.csv -o predicted.csv
      valp predict wine.valp new.parquet --id bottle --draws 20 --seed 0 -o predicted.parquet
      valp predict birds.valp pictures/ --id file -o predicted.csv
    """
    from valp.model.bundle import load
    from valp.model.raw_inputs import raw_inputs, unseen
    from valp.search.cli.write_rows import ARRAYS, TABLES, require_suffix
    from valp.spaces.own.read_rows import read_rows

    suffix = require_suffix(output, (*TABLES, ARRAYS))
    _require_another(output, data)
    loaded = load(model)
    table = read_rows(data, loaded.inputs, _say)
    carried = {name: _carried(table, name) for name in kept}
    inputs = raw_inputs(table, loaded.inputs)
    for remark in unseen(inputs, loaded.inputs):
        _say(f"note: {remark}")
    found = loaded.predict(inputs, draws, seed)
    written = _write(output, suffix, loaded, found, carried)
    _print_written(output, len(next(iter(found.values()))), "row", written, as_json)


@click.command("generate")
@MODEL
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    help=f"How many samples.  [default: {COUNT}, or one for each row of the condition if it has several]",
)
@click.option(
    "--condition",
    "asked",
    metavar="NAME=CLASS|CLASS|DATA",
    multiple=True,
    help="What the samples are asked for by: a class, or a file with rows; give it several times for several classes. "
    " [default: classes are drawn as often as in the training data]",
)
@SEED
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="The file for the samples: .csv, .parquet, .npz, or .png for a grid of pictures.",
)
@JSON
def generate_command(
    model: Path, count: int | None, asked: tuple[str, ...], seed: int | None, output: Path, as_json: bool
) -> None:
    """Generate new samples with MODEL, in your units.

    If the samples are conditioned on inputs or classes, --condition gives their values. `NAME=CLASS` is a class by its
    name or number; the name may be left out if it is the only condition. A file has rows of the conditions, as `valp
    predict` takes it. If it has several rows, the samples are spread evenly over them, in the order of the rows.
    A table or .npz file also has the class of each sample, given or drawn, as `condition.NAME`.

    \b
    Examples:
      valp generate digits.valp -n 64 -o grid.png
      valp generate digits.valp -n 20 --condition digit=7 -o sevens.png
      valp generate wine.valp -n 1000 --seed 0 -o more.csv
      valp generate wine.valp --condition new.csv -o like-these.csv
      valp generate birds.valp -n 16 --condition owl -o owls.png
    """
    import numpy as np

    from valp.model.bundle import load
    from valp.search.cli.condition_option import conditions_of
    from valp.search.cli.write_rows import ARRAYS, TABLES, require_suffix

    suffix = require_suffix(output, (*TABLES, ARRAYS, PICTURE))
    for text in asked:
        _require_another(output, Path(text))
    loaded = load(model)
    if not loaded.generated:
        raise SettingError(f"{model} generates nothing, because it has no output of type samples")
    pictured = _pictured(model, loaded) if suffix == PICTURE else None
    inputs, rows = conditions_of(loaded, asked, _say)
    count = count or (rows if rows > 1 else COUNT)
    if count < rows:
        _say(f"note: only the first {count} of {rows} rows condition a sample")
    origin = np.sort(np.arange(count) % rows) if rows else np.empty(0, int)
    repeated = {name: np.asarray(values)[origin] for name, values in inputs.items()}
    if asked:
        _warn_of_ignored_conditions(loaded)
    seed = secrets.randbits(63) if seed is None else seed
    found = loaded.generate(count, conditions=repeated, seed=seed)
    if pictured is not None:
        _draw(output, loaded, pictured, found, inputs, rows)
    else:
        carried = {"condition.row": origin} if rows > 1 else {}
        carried |= _classes_of(loaded, repeated, loaded.drawn_classes(count, conditions=repeated, seed=seed))
        _write(output, suffix, loaded, found, carried)
    _print_written(output, count, "sample", [column.name for column in loaded.generated], as_json)


def _classes_of(loaded: "Model", given: "Arrays", drawn: "Arrays") -> "Arrays":
    """The class of each sample as `condition.NAME`: the given ones as the user's table has them, and the drawn ones."""
    found = dict(drawn)
    for column in (*loaded.inputs, *loaded.outputs):
        if column.name in given and column.has_class:
            numbers = column.class_numbers(given[column.name]).numpy()
            known = bool((numbers < column.size).all())  # an input may have an unknown class
            found[column.name] = column.class_values[numbers] if known else given[column.name]
    return {f"condition.{name}": values for name, values in found.items()}


def _write(output: Path, suffix: str, loaded: "Model", found: "Arrays", carried: "Arrays") -> list[str]:
    """Writes the carried columns and then the outputs; returns the names of the outputs."""
    import numpy as np

    from valp.search.cli.write_rows import ARRAYS, write_arrays, write_table

    outputs = [column for column in loaded.outputs if column.name in found]
    columns = found if suffix == ARRAYS else loaded.flat(found)
    twice = next((name for name in carried if name in columns), None)
    if twice is not None:
        raise SettingError(f"--id {twice} cannot be written, because the predictions have a column of this name")
    if suffix == ARRAYS:
        classes = {f"{column.name}.classes": np.array(column.classes) for column in outputs if column.classes}
        write_arrays(output, {**carried, **columns, **classes})
    else:
        write_table(output, {**carried, **columns})
    return [column.name for column in outputs]


def _warn_of_ignored_conditions(loaded: "Model") -> None:
    """Says so on stderr if the samples of a model hardly follow the condition that is asked for."""
    from valp.search.run.sampler_remarks import hardly_followed

    for name, share in loaded.manifest.scores.get("validation", {}).items():
        if name.partition(".")[0] == "conditioning" and hardly_followed(share):
            _say(f"note: the samples hardly follow their condition: {name} is {share:.2f} on the validation split")


def _require_another(output: Path, data: Path) -> None:
    """Raises SettingError if the output would replace the file that is read."""
    if os.path.exists(output) and os.path.exists(data) and output.samefile(data):
        raise SettingError(f"-o must be another file than the data, but both are {output}")


def _carried(table: "Table", name: str) -> Any:
    """A column of the data, unchanged."""
    from valp.errors import hint
    from valp.spaces.own.read_rows import raw_column

    if name not in table.columns:
        raise DataError(f"{table.path} has no column {name!r} for --id{hint(name, table.names)}")
    values = raw_column(table, name)
    if values.ndim > 1:
        raise DataError(f"{table.path}: array {name!r} has several numbers a row, so it cannot be an --id")
    return values


def _pictured(model: Path, loaded: "Model") -> "Column":
    """The output whose pictures the grid shows."""
    images = [column for column in loaded.generated if column.image is not None and column.image[0] in (1, 3)]
    if len(images) != 1:
        found = " and ".join(column.name for column in images) if images else "none"
        raise SettingError(
            f"a .png needs one output of grey or colour pictures, but {model} generates {found}; "
            "give -o a .csv, .parquet or .npz file"
        )
    return images[0]


def _draw(output: Path, loaded: "Model", column: "Column", found: "Arrays", inputs: dict[str, Any], rows: int) -> None:
    """Writes a grid of pictures. Each of several conditions has a row, and a condition that is a picture starts it."""
    import numpy as np

    from valp.search.show.image_grid import pixels, write_grid

    pictures = pixels(found[column.name], column)
    count = len(pictures)
    if rows < 2 or count % rows or count == rows:
        write_grid(output, pictures, ceil(sqrt(count)))
        return
    shown = next((part for part in loaded.inputs if part.name in inputs and part.image == column.image), None)
    conditions = None if shown is None else pixels(np.asarray(inputs[shown.name], np.float32), shown)
    write_grid(output, pictures, count // rows, conditions)


def _print_written(output: Path, count: int, what: str, names: list[str], as_json: bool) -> None:
    """Prints what was written: how many rows or samples, and of which outputs."""
    if as_json:
        print_json({"output": str(output), f"{what}s": count, "outputs": names})
    else:
        click.echo(f"{output}: {count:,} {what}{'' if count == 1 else 's'} of {', '.join(names)}")


def _say(line: str) -> None:
    """Prints a line about the data on stderr."""
    click.echo(line, err=True)
