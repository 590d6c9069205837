"""The inputs that are damaged: command lines, graphs, problems, tables, pictures, bundles, traces, files of runs.

Each kind of input damages one thing in a copy of a folder in which everything is right, and names a command that reads
it.
"""

import random
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.fuzz_damage import (
    NUMBERS,
    TEXTS,
    damage_database,
    damaged_archive,
    damaged_bytes,
    damaged_json,
    damaged_text,
)
from valp.search.cli import cli, main

PROBLEM = """
title = "Flowers"

[data]
table = "flowers.csv"

[split]
validation = 0.2
test = 0.2
stratify = "kind"

[inputs.measured]
type = "numeric"
columns = ["a", "b", "c*"]
missing = "mean"

[inputs.region]
type = "discrete"
column = "region"

[outputs.kind]
type = "discrete"
column = "kind"

[outputs.height]
type = "numeric"
column = "height"

[outputs.rows]
type = "samples"
columns = ["a", "c*"]
scale = "quantile"
"""
PICTURES = """
[data]
images = "pictures"

[outputs.class]
type = "discrete"
column = "class"
"""
SHORT = ("--workers", "0", "--candidates", "1", "--steps", "2", "--batch", "10", "--baselines", "none")
ENDLESS = frozenset({"dashboard"})
"""Commands that serve until they are stopped: their command lines are not damaged."""

Prepared = Callable[[Path, random.Random], list[str]]


def write_right(folder: Path) -> None:
    """Writes the folder in which everything is right, with a run and a model of it, by the commands themselves."""
    rng = np.random.default_rng(0)
    rows = ["a,b,c1,c2,region,kind,height"]
    for i in range(90):
        a, b, c1, c2 = rng.normal(i % 3, 1.0, 4)
        cell = "" if i % 17 == 0 else f"{b:.3f}"
        rows.append(f"{a:.3f},{cell},{c1:.3f},{c2:.2f},{('north', 'south')[i % 2]},{'xyz'[i % 3]},{a + b:.3f}")
    (folder / "flowers.csv").write_text("\n".join(rows) + "\n")
    (folder / "flowers.toml").write_text(PROBLEM)
    (folder / "pictures.toml").write_text(PICTURES)
    for name in ("cat", "dog"):
        (folder / "pictures" / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 255, (8, 8)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{i}.png")
    _parquet(folder)
    np.savez(folder / "flowers.npz", a=rng.normal(size=(40, 3)).astype(np.float32), kind=np.arange(40) % 3)
    right = [
        ["search", "flowers.toml", "--name", "s", *SHORT, "--candidates", "4", "--steps", "20", "--baselines", "quick"],
        ["export", "s", "-o", "m.valp"],
        ["graphs", "vae", "--problem", "flowers.toml", "-o", "vae.json"],
        ["train", "vae.json", "--problem", "flowers.toml", "--steps", "5", "--trace", "t.npz", "-o", "v.valp"],
    ]
    for words in right:
        _right(words)


def _right(words: list[str]) -> None:
    """A command in this process, whose working folder is the right one, that must succeed."""
    sys.argv, err = ["valp", *words], StringIO()
    try:
        with redirect_stdout(StringIO()), redirect_stderr(err):
            main()
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f"valp {' '.join(words)}: {err.getvalue()}") from ended


def _parquet(folder: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.csv.read_csv(folder / "flowers.csv"), folder / "flowers.parquet")
    text = PROBLEM.replace("flowers.csv", "flowers.parquet")
    (folder / "parquet.toml").write_text(text)


def _change(path: Path, damage: Callable[[bytes, random.Random], bytes], rng: random.Random) -> None:
    path.write_bytes(damage(path.read_bytes(), rng))


def arguments(folder: Path, rng: random.Random) -> list[str]:  # noqa: ARG001 - the others need it
    """A command with random options and arguments: right ones, nasty ones, and ones of another kind."""
    named = {name: command for name, command in cli.commands.items() if name not in ENDLESS}
    name = rng.choice(list(named))
    words = [name]
    for parameter in named[name].params:
        if isinstance(parameter, click.Argument):
            if rng.random() < 0.9:
                words.append(_value(rng))
        elif isinstance(parameter, click.Option) and (parameter.required or rng.random() < 0.25):
            words.append(rng.choice(parameter.opts))
            if not parameter.is_flag:
                words += [_value(rng) for _ in range(parameter.nargs)]
    if rng.random() < 0.1:
        words.insert(rng.randrange(len(words) + 1), _value(rng))
    if name != "search":
        return words
    asked = [after for before, after in pairwise(words) if before == "--workers"]
    last = ["--workers", "0"] if any(text.strip() in ("1", "2") for text in asked) else []  # Ray takes ten seconds
    return [name, *SHORT, "--hours", "0.0005", *words[1:], *last]


def _value(rng: random.Random) -> str:
    right = ("s", "digits", "flowers.toml", "vae.json", "m.valp", "flowers.csv", "t.npz", "runs", "o.svg", "o.csv")
    texts = (
        "accuracy",
        "kind=x",
        "a",
        "fixed",
        "evolution",
        "default",
        "vae",
        "@0.1",
        "4GB",
        "h:1",
        "tensioner:alpha=2",
    )
    drawn = rng.random()
    if drawn < 0.4:
        return rng.choice(right)
    if drawn < 0.6:
        return rng.choice(texts)
    if drawn < 0.8:
        return rng.choice([number for number in NUMBERS if len(number) < 10])
    # The operating system itself refuses a NUL in an argument, and hands over other bytes as surrogates.
    return rng.choice(TEXTS).replace("\0", "").replace("\ud800", "\udcff")


def graph(folder: Path, rng: random.Random) -> list[str]:
    """A graph or candidate, checked, drawn or trained."""
    path = rng.choice((folder / "vae.json", *sorted(folder.glob("runs/s/candidates/*/candidate.json"))))
    _change(path, damaged_json, rng)
    short = ("--problem", "flowers.toml", "--steps", "2", "--batch", "10", "-o", "o.valp")
    name = str(path.relative_to(folder))
    return rng.choice((["check", name], ["draw", name, "-o", "o.svg"], ["train", name, *short]))


def problem(folder: Path, rng: random.Random) -> list[str]:
    """A problem's TOML file, searched."""
    name = rng.choice(("flowers.toml", "flowers.toml", "pictures.toml"))
    _change(folder / name, damaged_text, rng)
    return ["search", name, "--name", "n", *SHORT]


def table(folder: Path, rng: random.Random) -> list[str]:
    """A CSV, Parquet or NPZ file, searched, drafted or predicted."""
    name = rng.choice(("flowers.csv", "flowers.csv", "flowers.parquet", "flowers.npz"))
    damage = {"csv": damaged_text, "parquet": damaged_bytes, "npz": damaged_archive}[name.rpartition(".")[2]]
    _change(folder / name, damage, rng)
    described = {"flowers.csv": "flowers.toml", "flowers.parquet": "parquet.toml"}
    ways = [["problems", "--new", name, "-o", "o.toml"], ["predict", "m.valp", name, "-o", "o.csv"]]
    if name in described:
        ways.append(["search", described[name], "--name", "n", *SHORT])
    return rng.choice(ways)


def picture(folder: Path, rng: random.Random) -> list[str]:
    """One picture of a folder, searched or drafted."""
    _change(rng.choice(sorted(folder.glob("pictures/*/*.png"))), damaged_bytes, rng)
    return rng.choice(
        (["search", "pictures.toml", "--name", "n", *SHORT], ["problems", "--new", "pictures", "-o", "o.toml"])
    )


def bundle(folder: Path, rng: random.Random) -> list[str]:
    """A model, scored, exported, or used."""
    _change(folder / "m.valp", damaged_archive, rng)
    return rng.choice(
        (
            ["score", "m.valp", "--problem", "flowers.toml"],
            ["predict", "m.valp", "flowers.csv", "-o", "o.csv"],
            ["generate", "m.valp", "-n", "5", "-o", "o.csv"],
            ["generate", "m.valp", "--condition", "kind=x", "-o", "o.csv"],
            ["export", "m.valp", "-o", "o.valp"],
        )
    )


def trace(folder: Path, rng: random.Random) -> list[str]:
    """A trace, drawn."""
    _change(folder / "t.npz", damaged_archive, rng)
    return ["draw", "t.npz", *rng.choice(((), ("--conflicts",))), "-o", "o.svg"]


def run(folder: Path, rng: random.Random) -> list[str]:
    """A file of a run, with every command that reads runs, the one that resumes it included."""
    files = [
        path for path in sorted(folder.glob("runs/s/**/*")) if path.is_file() and path.suffix not in (".svg", ".png")
    ]
    path = rng.choice(
        [*files, *[folder / "runs" / "s" / name for name in ("study.db", "run.toml", "problem.json")] * 3]
    )
    alike = [other for other in files if other.name == path.name and other != path]
    way = rng.random()
    if way < 0.05:
        path.unlink()
    elif way < 0.15 and alike:
        path.write_bytes(rng.choice(alike).read_bytes())
    elif path.suffix == ".db":
        damage_database(path, rng)
    else:
        ways = {".json": damaged_json, ".toml": damaged_text, ".csv": damaged_text}
        _change(path, ways.get(path.suffix, damaged_bytes), rng)
    resumed = ["search", "flowers.toml", "--name", "s", *SHORT, "--candidates", "5", "--steps", "20"]
    return rng.choice(
        (
            ["list"],
            ["status", "s"],
            ["best", "s"],
            ["best", "s", "--test"],
            ["show", "s", str(rng.randrange(4))],
            ["report", "s"],
            ["export", "s", str(rng.randrange(4)), "-o", "o.valp"],
            ["train", "--from", "s", "3", "--steps", "2", "-o", "o.valp"],
            ["clean", "s", "--yes"],
            resumed,
            resumed,
        )
    )


KINDS: dict[str, tuple[Prepared, int]] = {
    "command lines": (arguments, 5),
    "graphs and candidates": (graph, 3),
    "problems (TOML)": (problem, 3),
    "tables (CSV, Parquet, NPZ)": (table, 3),
    "pictures": (picture, 1),
    "bundles": (bundle, 3),
    "traces": (trace, 1),
    "files of runs": (run, 5),
}
"""The kinds of input, and their shares."""
