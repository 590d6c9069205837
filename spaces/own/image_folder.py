"""Reads a folder of images as a table, with one sub-folder per class."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from valp.errors import DataError
from valp.model.table import Table

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""The formats that are read, regardless of the file's suffix. Pillow has others, and some start another program."""

GREY = ("1", "L", "LA")
DEEP = ("I", "F")
"""Prefixes of the Pillow modes whose values are not 0 … 255."""

SHOWN = 5
"""The most unreadable files that a message lists."""


def read_images(path: Path, missing: tuple[str, ...], size: tuple[int, int] | None, grey: bool) -> Table:
    """Reads pictures into the column `image`, (n, C, H, W) from 0 to 255, and their sub-folders' names into `label`.

    Pictures have one channel if all are grey or `grey` is set, otherwise three.

    Raises:
        DataError: if there are no pictures, some cannot be read, or their sizes differ and `size` is None.
    """
    return read_files(path, image_files(path), missing, size, grey)


def read_files(
    path: Path, files: list[Path], missing: tuple[str, ...], size: tuple[int, int] | None, grey: bool
) -> Table:
    """Reads the listed pictures, like `read_images`. Error messages name them by `path`.

    Raises:
        DataError: if some cannot be read, or their sizes differ and `size` is None.
    """
    pictures, faults = [], []
    for file in files:
        try:
            with open_picture(file) as opened:
                if opened.mode.startswith(DEEP):
                    raise ValueError(f"it has mode {opened.mode}, not 8 bits per channel")
                upright: Image.Image = ImageOps.exif_transpose(opened)
                picture = upright.convert("L" if grey or upright.mode in GREY else "RGB")
            pictures.append(picture if size is None else picture.resize(size[::-1], Image.Resampling.BILINEAR))
        except Exception as error:  # each format raises different errors
            faults.append(f"{file} ({_reason(error)})")
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise DataError(f"every picture must be readable, but these are not: {', '.join(faults[:SHOWN])}{more}")
    for file, picture in zip(files, pictures, strict=True):
        if picture.size != pictures[0].size:
            raise DataError(
                f"pictures must have the same size, but {files[0]} is {_shown(pictures[0])} and "
                f"{file} is {_shown(picture)}; give data.size = [height, width] to resize them"
            )
    mode = "L" if all(picture.mode == "L" for picture in pictures) else "RGB"
    columns = {
        "image": np.stack([_channels(picture.convert(mode)) for picture in pictures]),
        "label": pa.chunked_array([pa.array([file.parent.name for file in files])]),
    }
    return Table(path, columns, missing, lambda row: str(files[row]))


def open_picture(file: Path) -> Image.Image:
    """Opens a picture in one of `FORMATS` without reading its pixels yet.

    Raises:
        OSError: if it cannot be read or has another format.
    """
    return Image.open(file, formats=FORMATS)


def image_files(path: Path) -> list[Path]:
    """The pictures in the sub-folders, sorted by name.

    Raises:
        DataError: if there are none.
    """
    if not path.is_dir():
        raise DataError(f"{path} must be a folder of images, but {'is a file' if path.exists() else 'does not exist'}")
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
    """The pixels as (C, H, W)."""
    array = np.asarray(picture, dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _shown(picture: Image.Image) -> str:
    return f"{picture.height}×{picture.width}"


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture"
    return " ".join(str(error).split())[:80]
