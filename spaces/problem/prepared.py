"""Prepared problems on disk: the user's cache keeps the tensors of problems that are slow to make.

A problem is one safetensors file, mapped into memory: processes with the same problem share its memory. A checksum
covers the whole file.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from valp.errors import FileError
from valp.files import replacing
from valp.spaces.problem.cache_folder import cache_folder
from valp.spaces.problem.description import Description
from valp.spaces.problem.problem import Problem
from valp.spaces.problem.splits import SPLITS, Split

FORMAT = 1
CODE = (
    "valp.model.preprocessing",
    "valp.spaces.builtin.digits",
    "valp.spaces.builtin.fashion_mnist",
    "valp.spaces.builtin.fashion_mnist_files",
    "valp.spaces.builtin.idx_files",
    "valp.spaces.builtin.mnist",
    "valp.spaces.builtin.overlaid",
    "valp.spaces.builtin.two_digits",
    "valp.spaces.problem.array_columns",
    "valp.spaces.problem.given_answers",
    "valp.spaces.problem.arrays",
    "valp.spaces.problem.conditions",
    "valp.spaces.problem.scaling",
    "valp.spaces.problem.description",
    "valp.spaces.problem.metrics",
    "valp.spaces.problem.prepared",
    "valp.spaces.problem.problem",
    "valp.spaces.problem.splits",
)
"""The modules that determine prepared problems. A change in one makes cached problems outdated."""

PARTS = ("inputs", "truths", "present")
"""The fields of a split."""

Tensors = dict[str, Tensor]


def prepared(name: str, title: str, source: str, make: Callable[[], Problem]) -> Problem:
    """Reads a problem from the cache, or makes it and writes it to the cache.

    A cached problem that is damaged, or was made from another source or by other code, is made again. If the cache
    cannot be written, every start just takes longer.

    Args:
        name: the name of the problem and of its file.
        title: one line about the problem; its name if empty.
        source: identifies the data that the problem is made from. Other data must have another source.
        make: makes the problem.
    """
    path, key = cache_folder() / "problems" / f"{name}.safetensors", _key(source)
    found = _read(path, key, title or name)
    if found is not None:
        return found
    made = make()
    try:
        _write(path, key, made)
    except (FileError, SafetensorError):
        return made
    return _read(path, key, title or name) or made


def _key(source: str) -> str:
    """A hash of the source and the code that a valid cache file was made from."""
    return sha256(json.dumps([FORMAT, source, _code(), np.__version__, torch.__version__]).encode()).hexdigest()


@cache
def _code() -> str:
    """A checksum of the code that prepares problems."""
    files = [Path(str(spec.origin)) for spec in map(find_spec, CODE) if spec is not None]
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _write(path: Path, key: str, problem: Problem) -> None:
    """Writes a problem. Equal tensors, such as an image that is both input and output, are stored once."""
    kept: Tensors = {}
    same: dict[str, str] = {}
    for name, tensor in _tensors(problem):
        twin = next((other for other, held in kept.items() if _equal(held, tensor)), None)
        if twin is None:
            kept[name] = tensor.contiguous()
        else:
            same[name] = twin
    about = {
        "key": key,
        "fingerprint": problem.fingerprint,
        "description": problem.description.model_dump_json(),
        "same": json.dumps(same),
    }
    with replacing(path) as temporary:
        save_file(kept, temporary, metadata=about | {"checksum": _checksum(about, kept)})


def _read(path: Path, key: str, title: str) -> Problem | None:
    """The problem in a file; None if the file is missing, damaged, or has another key."""
    try:
        with safe_open(str(path), framework="pt") as file:
            about = file.metadata() or {}
            checksum = about.pop("checksum", "")
            if about.get("key") != key:
                return None
            kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError, RuntimeError, ValueError):
        return None
    if checksum != _checksum(about, kept):
        return None
    tensors = kept | {name: kept[twin] for name, twin in json.loads(about["same"]).items()}
    described = Description.model_validate_json(about["description"])
    fields = {field: getattr(described, field) for field in Description.model_fields}
    splits = {split: Split(*(_below(tensors, f"{split}/{part}/") for part in PARTS)) for split in SPLITS}
    problem = Problem(**fields | {"title": title} | splits)
    vars(problem)["fingerprint"] = about["fingerprint"]  # valid, because the checksum matches
    return problem


def _tensors(problem: Problem) -> Iterator[tuple[str, Tensor]]:
    for split in SPLITS:
        for part in PARTS:
            for name, tensor in getattr(getattr(problem, split), part).items():
                yield f"{split}/{part}/{name}", tensor


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.dtype is b.dtype and a.shape == b.shape and torch.equal(a, b)


def _checksum(about: Mapping[str, str], tensors: Tensors) -> str:
    """CRC-32 of the whole content of a file."""
    found = zlib.crc32(json.dumps(sorted(about.items())).encode())
    for name in sorted(tensors):
        found = zlib.crc32(tensors[name].numpy().data, zlib.crc32(name.encode(), found))
    return f"{found:08x}"
