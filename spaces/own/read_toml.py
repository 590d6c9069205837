"""Reads the TOML file of a user's own data, and turns any fault in it into a one-sentence error."""

import json
import re
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from valp.errors import DataError, hint
from valp.spaces.own.readable_size import require_file
from valp.spaces.own.toml_schema import AnyInput, AnyOutput, Own, TomlData, TomlSplit

DEEP = "{path} must not be nested so deeply: its deepest table has three levels"

PARTS: dict[str, type[BaseModel]] = {"data": TomlData, "split": TomlSplit}
TYPED: dict[str, dict[str, type[BaseModel]]] = {
    part: {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(models)}
    for part, models in (("inputs", AnyInput), ("outputs", AnyOutput))
}
"""The model of each type of input and of output."""


def read_description(path: Path) -> Own:
    """Reads the description in a TOML file.

    Raises:
        DataError: if the file cannot be read, is not TOML, or has an invalid key or value. The message names the first.
    """
    require_file(path)
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} must be UTF-8 text, but byte {error.start} is not") from error
    except ValueError as error:  # also a number of thousands of digits
        raise DataError(f"{path} must be TOML, but is not: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise DataError(DEEP.format(path=path)) from error
    try:
        return Own.model_validate_json(json.dumps(document, default=str))
    except RecursionError as error:  # dotted keys nest tables without brackets
        raise DataError(DEEP.format(path=path)) from error
    except ValidationError as error:
        # An unknown key comes first: it is often the misspelt name of a missing one.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        raise DataError(f"{path}: {_sentence(faults[0])}") from error


def _sentence(fault: Any) -> str:
    place, kind, value = fault["loc"], fault["type"], fault["input"]
    typed = place[0] in TYPED if place else False
    # The third step into an input or output is its type, which the key in the file does not have.
    key = ".".join(str(step) for i, step in enumerate(place) if not (typed and i == 2))
    if kind == "extra_forbidden":
        return f"there is no key {key}{hint(str(place[-1]), _keys(place))}"
    if kind == "missing":
        return f"{key} is missing" + ("" if len(place) > 1 else f": a table like [{key}]")
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        known = list(TYPED[place[0]])
        given = value.get("type") if isinstance(value, dict) else None
        found = "is missing" if given is None else f"is {given!r}"
        return f"{key}.type must be one of {', '.join(known)}, but {found}{_close(given, known)}"
    if kind == "value_error":
        reason = str(fault["ctx"]["error"])
        return f"{key} {reason}" if key else reason
    message = re.sub(r"^\w+ should | after validation, not \d+", "", fault["msg"])
    shown = "a table" if isinstance(value, dict) else json.dumps(value, ensure_ascii=False)[:60]
    return f"{key or 'the file'} must {message}, but is {shown}"


def _close(word: object, known: Sequence[str]) -> str:
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _keys(place: Sequence[Any]) -> list[str]:
    """The keys that are allowed in the place of an unknown one."""
    if len(place) == 1:
        return list(Own.model_fields)
    model = TYPED[place[0]][place[2]] if place[0] in TYPED else PARTS[place[0]]
    return list(model.model_fields)
