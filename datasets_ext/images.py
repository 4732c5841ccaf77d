"""Reading one image, with an error that names the file."""

import contextlib
import io
import os

import numpy as np
from fastreid.utils.file_io import PathManager
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import ImageFileError

_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


def read_rgb(path):
    """Reads an image, EXIF orientation applied.

    Args:
        path: str or path-like, any file format and mode that `to_rgb` takes.
    Returns: PIL.Image.Image of mode RGB.
    Raises: ImageFileError, naming the file, where it is missing, cut short, damaged or no image.
    """
    path = os.fspath(path)
    try:
        with PathManager.open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise ImageFileError(f"Image {path} does not exist: was it moved after the data set was listed?") from error
    except OSError as error:
        raise ImageFileError(f"Image {path} cannot be read ({error}).") from error
    return decode_rgb(data, path)


def decode_rgb(data, name):
    """Decodes an image file's bytes, EXIF orientation applied.

    Args:
        data: bytes of the file.   name: what an error calls it.
    Returns: PIL.Image.Image of mode RGB.
    Raises: ImageFileError, with the name, where the bytes are cut short, damaged, no image or not convertible.
    """
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except _DAMAGED as error:
        # Pillow's own words name the buffer in memory.
        reason = "its format is not known" if isinstance(error, UnidentifiedImageError) else error
        raise ImageFileError(
            f"Image {name} cannot be read ({reason}). The file is damaged, cut short or no image: "
            "copy it again from the original data set."
        ) from error
    try:
        return to_rgb(image)
    except ValueError as error:
        raise ImageFileError(f"Image {name} cannot be converted to RGB: {error}.") from error


def to_rgb(image):
    """Turns an image of any mode upright, as its EXIF data say, and into RGB of 8 bits.

    Grey and palette become the colours they show, an alpha channel is dropped, CMYK is converted, and 16-bit grey is
    scaled by 255 / 65535 (Pillow alone would clip it, so that all but the darkest pixels turn white).

    Args:
        image: PIL.Image.Image.
    Returns: PIL.Image.Image of mode RGB; a new one.
    Raises: ValueError for floating-point and 32-bit pixels outside 0 to 65535, whose white is not known.
    """
    # As in the host: EXIF data that are damaged, in whatever way, say nothing about the pixels.
    with contextlib.suppress(Exception):
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError(
                f"its pixels are of mode {image.mode}, from {values.min()} to {values.max()}, and which value is "
                "white is not known; save it with 8 or 16 bits a channel"
            )
        image = Image.fromarray(scale_16_bit(values))
    return image.convert("RGB")


def scale_16_bit(values):
    """Scales integers in 0 to 65535 to uint8, to the nearest."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
