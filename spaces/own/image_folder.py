"""Reads a folder of images as a table, with one sub-folder per class."""

import stat
import warnings
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

MOST_PIXELS = 50_000_000
"""The most pixels of one picture. A small file can hold far more, and would fill the memory."""

MOST_PIXELS_IN_ALL = 1_000_000_000
"""The most pixels of all pictures together, in the size in which they are kept."""

SHOWN = 5
"""The most unreadable files that a message lists."""


def read_images(path: Path, missing: tuple[str, ...], size: tuple[int, int] | None, grey: bool) -> Table:
    """Reads pictures into the column `image`, (n, C, H, W) from 0 to 255, and their sub-folders' names into `label`.

    Pictures have one channel if all are grey or `grey` is set, otherwise three.

    Raises:
        DataError: if there are no pictures, some cannot be read, they have too many pixels, or their sizes differ and
            `size` is None.
    """
    return read_files(path, image_files(path), missing, size, grey)


def read_files(
    path: Path, files: list[Path], missing: tuple[str, ...], size: tuple[int, int] | None, grey: bool
) -> Table:
    """Reads the listed pictures, like `read_images`. Error messages name them by `path`.

    Raises:
        DataError: if some cannot be read, they have too many pixels, or their sizes differ and `size` is None.
    """
    pictures, faults, pixels = [], [], 0
    for file in files:
        try:
            with open_picture(file) as opened:
                pixels += opened.width * opened.height if size is None else size[0] * size[1]
                if pixels > MOST_PIXELS_IN_ALL:
                    break
                if opened.mode.startswith(DEEP):
                    raise ValueError(f"it has mode {opened.mode}, not 8 bits per channel")
                upright: Image.Image = ImageOps.exif_transpose(opened)
                picture = upright.convert("L" if grey or upright.mode in GREY else "RGB")
            pictures.append(picture if size is None else picture.resize(size[::-1], Image.Resampling.BILINEAR))
        except Exception as error:  # each format raises different errors
            faults.append(f"{file} ({_reason(error)})")
    if pixels > MOST_PIXELS_IN_ALL:
        raise DataError(
            f"the pictures of {path} must have at most {MOST_PIXELS_IN_ALL:,} pixels in all, but the first "
            f"{len(pictures) + len(faults) + 1} of {len(files)} have more; give a smaller data.size = [height, width]"
        )
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
        OSError: if it is not a file, cannot be read or has another format.
        ValueError: if it has more than `MOST_PIXELS`.
    """
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError("it is not a file")  # a named pipe would never end
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # about a size that is refused here anyway
        try:
            opened = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise ValueError(f"it has more than {MOST_PIXELS:,} pixels") from error
    if opened.width * opened.height > MOST_PIXELS:
        opened.close()
        raise ValueError(f"it has {opened.width * opened.height:,} pixels, more than {MOST_PIXELS:,}")
    return opened


def image_files(path: Path) -> list[Path]:
    """The pictures in the sub-folders, sorted by name.

    Symbolic links to files and folders are followed.

    Raises:
        DataError: if there are none, a folder cannot be read, or a link leads nowhere or to a folder that contains it.
    """
    if not path.is_dir():
        raise DataError(f"{path} must be a folder of images, but {'is a file' if path.exists() else 'does not exist'}")
    inside = files_in(path)
    for link in filter(Path.is_symlink, inside):
        if not link.exists():
            raise DataError(f"{link} must be a folder or a picture, but is a symbolic link that leads nowhere")
        if path.resolve().is_relative_to(link.resolve()):
            raise DataError(f"{link} must be a folder of pictures, but is a symbolic link to a folder that contains it")
    folders = [folder for folder in inside if folder.is_dir()]
    files = [file for folder in folders for file in files_in(folder) if file.suffix.lower() in SUFFIXES]
    if not files:
        raise DataError(
            f"{path} must have a sub-folder of pictures ({', '.join(SUFFIXES)}) for each class, but has none"
        )
    return files


def files_in(folder: Path) -> list[Path]:
    """The files and folders in a folder, sorted by name, without hidden ones.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        return sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error


def _channels(picture: Image.Image) -> NDArray[np.uint8]:
    """The pixels as (C, H, W)."""
    array = np.asarray(picture, dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _shown(picture: Image.Image) -> str:
    return f"{picture.height}×{picture.width}"


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:80]
