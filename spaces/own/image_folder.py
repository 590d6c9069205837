"""A folder of images as a table: one sub-folder a class."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from valp.errors import DataError
from valp.model.table import Table

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""The formats that are read, whatever a file is called. Pillow has others, and some start another program."""

GREY = ("1", "L", "LA")
DEEP = ("I", "F")
"""Beginnings of the modes whose values are not 0 … 255."""

SHOWN = 5
"""Unreadable files that a message names, at most."""


def read_images(path: Path, missing: tuple[str, ...], size: tuple[int, int] | None, grey: bool) -> Table:
    """Pictures as `image` (n, C, H, W), 0 … 255, and their sub-folders as `label`.

    Pictures have one channel if all are grey, or `grey` says so, and three otherwise.

    Raises:
        DataError: if there are none, some cannot be read, or their sizes differ and `size` is None.
    """
    return read_files(path, image_files(path), missing, size, grey)


def read_files(
    path: Path, files: list[Path], missing: tuple[str, ...], size: tuple[int, int] | None, grey: bool
) -> Table:
    """Some pictures as `read_images` reads those of a folder; `path` is what a message calls them.

    Raises:
        DataError: if some cannot be read, or their sizes differ and `size` is None.
    """
    pictures, faults = [], []
    for file in files:
        try:
            with open_picture(file) as opened:
                if opened.mode.startswith(DEEP):
                    raise ValueError(f"of mode {opened.mode}, not of 8 bits")
                upright: Image.Image = ImageOps.exif_transpose(opened)
                picture = upright.convert("L" if grey or upright.mode in GREY else "RGB")
            pictures.append(picture if size is None else picture.resize(size[::-1], Image.Resampling.BILINEAR))
        except Exception as error:  # each format raises its own kinds of error
            faults.append(f"{file} ({_reason(error)})")
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise DataError(f"every picture must be readable, but these are not: {', '.join(faults[:SHOWN])}{more}")
    for file, picture in zip(files, pictures, strict=True):
        if picture.size != pictures[0].size:
            raise DataError(
                f"pictures must have one size, but {files[0]} is {_shown(pictures[0])} and {file} {_shown(picture)}; "
                "give data.size = [height, width] to resize them"
            )
    mode = "L" if all(picture.mode == "L" for picture in pictures) else "RGB"
    columns = {
        "image": np.stack([_channels(picture.convert(mode)) for picture in pictures]),
        "label": pa.chunked_array([pa.array([file.parent.name for file in files])]),
    }
    return Table(path, columns, missing, lambda row: str(files[row]))


def open_picture(file: Path) -> Image.Image:
    """A picture of one of `FORMATS`, its pixels not read yet.

    Raises:
        OSError: if it cannot be read, or has another format.
    """
    return Image.open(file, formats=FORMATS)


def image_files(path: Path) -> list[Path]:
    """The pictures in the sub-folders, in order.

    Raises:
        DataError: if there are none.
    """
    if not path.is_dir():
        raise DataError(f"{path} must be a folder of images, but is {'a file' if path.exists() else 'not there'}")
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    files = [
        file
        for folder in folders
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]
    if not files:
        raise DataError(
            f"{path} must have a sub-folder of pictures ({', '.join(SUFFIXES)}) for each class, but has none"
        )
    return files


def _channels(picture: Image.Image) -> NDArray[np.uint8]:
    """(C, H, W)."""
    array = np.asarray(picture, dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _shown(picture: Image.Image) -> str:
    return f"{picture.height}×{picture.width}"


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture"
    return " ".join(str(error).split())[:80]
