"""Tables that several test modules write, and the TOML that describes them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from PIL import Image

ROWS = 40

TOML = """
[data]
table = "t.csv"

[inputs.measured]
type = "numeric"
columns = ["a", "b"]

[outputs.kind]
type = "discrete"
column = "kind"
"""


def columns(rows: int = ROWS) -> dict[str, list]:
    """Two numbers, a category as text and as a whole number, a truth value, a number to predict, a sequence of four."""
    random = np.random.default_rng(0)
    return {
        "a": random.normal(5, 2, rows).tolist(),
        "b": [float(i) for i in range(rows)],
        "kind": [["red", "green", "blue"][i % 3] for i in range(rows)],
        "level": [(7, 10, 9)[i % 3] for i in range(rows)],
        "sweet": [i % 2 == 0 for i in range(rows)],
        "dry": [i % 4 == 0 for i in range(rows)],
        "y": random.normal(100, 30, rows).tolist(),
        **{f"t{i}": random.normal(0, 1, rows).tolist() for i in range(1, 5)},
    }


def table_file(path: Path, values: dict[str, list]) -> Path:
    """Writes columns as .csv or .parquet; None is an empty cell."""
    table = pa.table(values)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        pyarrow.csv.write_csv(table, path)
    return path


def pictures(folder: Path, classes: tuple[str, ...] = ("cat", "dog"), count: int = 8, mode: str = "L") -> Path:
    """Writes `count` 6×4 pictures of each class."""
    random = np.random.default_rng(0)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            shape = (6, 4) if mode == "L" else (6, 4, 3)
            pixels = random.integers(100 * number, 100 * number + 100, shape).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def write(folder: Path, toml: str = TOML, values: dict[str, list] | None = None) -> Path:
    """Writes t.csv and own.toml; returns the latter."""
    table_file(folder / "t.csv", columns() if values is None else values)
    (folder / "own.toml").write_text(toml)
    return folder / "own.toml"
