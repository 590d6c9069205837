"""Ways to damage an input: bytes of any file, words of a text, values of a JSON document, cells of a database."""

import io
import json
import random
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

NUMBERS = (
    "-1",
    "0",
    "1",
    "2",
    "3.5",
    "-0.0",
    "nan",
    "inf",
    "-inf",
    "1e309",
    "1e-320",
    "9" * 20,
    "9" * 400,
    "0x10",
    "٣",
)
TEXTS = (
    "",
    " ",
    "x",
    "x" * 300,
    "x" * 10_000,
    "..",
    "../../x",
    "/dev/null",
    "a\x00b",
    "=1+1",
    "é😀",
    "\ud800",
    "%s",
    "{0}",
)
JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, [], {}, [[]], {"": None}, "", "x" * 10_000, "a\x00b", "../x"),
    *(0, -1, 1, 2, 10**9, 10**20, 1.5, 1e308, float("nan"), float("inf")),
)
WORD = re.compile(rb'"[^"\n]*"|[-+\w.]+')

Damage = Callable[[bytes, random.Random], bytes]


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """Cuts, flips, zeros, repeats, removes or adds bytes."""
    if not content:
        return rng.randbytes(rng.randint(1, 100))
    start = rng.randrange(len(content))
    end = min(len(content), start + rng.choice((1, 4, 64, 4096)))
    way = rng.randrange(7)
    if way == 0:
        return content[:start]
    if way == 1:
        changed = bytearray(content)
        for _ in range(rng.choice((1, 3, 30))):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if way == 2:
        return content[:start] + bytes(end - start) + content[end:]
    if way == 3:
        return content[:end] + content[start:end] * rng.choice((1, 50)) + content[end:]
    if way == 4:
        return content[:start] + content[end:]
    if way == 5:
        return content[:start] + rng.randbytes(rng.choice((1, 8, 500))) + content[start:]
    return rng.choice((b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf" + content, rng.randbytes(len(content) % 5000)))


def damaged_text(content: bytes, rng: random.Random) -> bytes:
    """Replaces words, or moves, repeats or removes lines; sometimes damages bytes."""
    if not content.strip() or rng.random() < 0.2:
        return damaged_bytes(content, rng)
    if rng.random() < 0.3:
        lines = content.splitlines(keepends=True)
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        way = rng.randrange(3)
        if way == 0:
            del lines[i]
        elif way == 1:
            lines.insert(j, lines[i])
        else:
            lines[i], lines[j] = lines[j], lines[i]
        return b"".join(lines)
    words = list(WORD.finditer(content))
    for word in sorted(rng.sample(words, min(len(words), rng.choice((1, 1, 2, 5)))), key=lambda w: -w.start()):
        other = rng.choice(words).group() if rng.random() < 0.3 else _nasty(rng)
        content = content[: word.start()] + other + content[word.end() :]
    return content


def _nasty(rng: random.Random) -> bytes:
    text = rng.choice((*NUMBERS, *TEXTS, "true", "null", "[]", "{}", '"'))
    text = f'"{text}"' if rng.random() < 0.4 else text
    return text.encode(errors="surrogatepass")


def damaged_json(content: bytes, rng: random.Random) -> bytes:
    """Replaces, removes, repeats or moves values of the document; sometimes damages its text."""
    if rng.random() < 0.25:
        return damaged_text(content, rng)
    document = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        places = list(_places(document))
        if not places:
            break
        holder, key = rng.choice(places)
        way = rng.randrange(4)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        elif way == 2:
            other, its = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[its]))
        else:
            holder[key] = rng.choice(JSON_VALUES)
    return json.dumps(document).encode(errors="surrogatepass")


def _places(document: Any) -> Any:
    """All (container, key) of a document."""
    holders = [document]
    while holders:
        holder = holders.pop()
        if isinstance(holder, dict | list):
            for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
                yield holder, key
                holders.append(holder[key])


def damaged_archive(content: bytes, rng: random.Random) -> bytes:
    """Damages one file in a ZIP archive, as JSON where it is, and packs it again; sometimes damages the archive."""
    if rng.random() < 0.3:
        return damaged_bytes(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(files))
    way = rng.randrange(8)
    if way == 0:
        del files[name]
    elif way == 1:
        files[rng.choice(("../x", "/x", "x", name + "x"))] = files[name]
    else:
        files[name] = damaged_json(files[name], rng) if name.endswith(".json") else damaged_bytes(files[name], rng)
    packed = io.BytesIO()
    with zipfile.ZipFile(
        packed, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    ) as archive:
        for name, inner in files.items():
            archive.writestr(name, inner)
    return packed.getvalue()


def damage_database(path: Path, rng: random.Random) -> None:
    """Changes or removes rows, or removes a table, of an SQLite file; sometimes damages its bytes."""
    if rng.random() < 0.4:
        path.write_bytes(damaged_bytes(path.read_bytes(), rng))
        return
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = [name for name in tables if connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]]
        table = rng.choice(filled)
        rows = [row for (row,) in connection.execute(f'SELECT rowid FROM "{table}"')]
        columns = [told[1] for told in connection.execute(f'PRAGMA table_info("{table}")')]
        way = rng.randrange(10)
        if way == 0:
            connection.execute(f'DROP TABLE "{table}"')
        elif way < 4:
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rng.choice(rows),))
        else:
            value = rng.choice((None, "", "x", "{", "[]", "null", -1, 10**12, 0.5, b"\xff", "9" * 400))
            column = rng.choice(columns)
            try:
                connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, rng.choice(rows)))
            except sqlite3.IntegrityError:  # this value is not allowed here
                connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rng.choice(rows),))
    connection.close()
