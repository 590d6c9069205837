"""Trained models as files that others can run: `writing.export` writes one, and holds it against the model.

A module a format: `bundle` (this package's own), `onnx` (any ONNX runtime), `pt2` (torch alone). ONNX and pt2 files
take the user's raw numbers, and the noise, and give predictions and samples; `signature` says what is what.
"""

from pathlib import Path
from typing import Literal, get_args

FormatName = Literal["bundle", "onnx", "pt2"]

FORMATS: tuple[FormatName, ...] = get_args(FormatName)


def format_of(path: Path) -> FormatName:
    """The format that a file's suffix asks for: onnx for .onnx, pt2 for .pt2, else a bundle."""
    suffix = path.suffix.lower()
    return "onnx" if suffix == ".onnx" else "pt2" if suffix == ".pt2" else "bundle"
