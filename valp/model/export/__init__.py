"""Trained models as files that others can run: `export.export` writes a file and compares it with the model.

Each format has a module: `bundle_format` (this package's own), `onnx_format` (for any ONNX runtime) and `pt2_format`
(for torch alone). ONNX and pt2 files take the user's raw numbers and the noise, and return predictions and samples;
`signature` describes their tensors.
"""

from pathlib import Path
from typing import Literal, get_args

FormatName = Literal["bundle", "onnx", "pt2"]

FORMATS: tuple[FormatName, ...] = get_args(FormatName)


def format_of(path: Path) -> FormatName:
    """The format for a file's suffix: onnx for .onnx, pt2 for .pt2, else a bundle."""
    suffix = path.suffix.lower()
    return "onnx" if suffix == ".onnx" else "pt2" if suffix == ".pt2" else "bundle"
