"""Reading one image, with an error that names the file."""

import contextlib
import functools
import io
import os
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import ImageFileError
from .files import read_regular_file, reason, shown
from .host import HOST_IS_THERE

if HOST_IS_THERE:
    # Knows places beyond the disk, where somebody taught it.
    from fastreid.utils.file_io import PathManager

ImageForm: TypeAlias = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any]
"""What :func:`as_rgb` takes for an image."""

# What Pillow raises, by format, for bytes that are no whole image.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    OverflowError,
    Image.DecompressionBombError,
)

# Pixels alone: for EPS, Pillow would hand the file to Ghostscript, which runs what stands in it.
_FORMATS = ("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "SGI", "TGA", "TIFF", "WEBP")


def read_rgb(path: str | os.PathLike[str]) -> Image.Image:
    """Reads an image, EXIF orientation applied.

    Args:
        path: of a regular file of a raster format and a mode that :func:`to_rgb` takes.

    Returns:
        an image of mode RGB.

    Raises:
        ImageFileError: the file is missing, cut short, damaged or no image; names it.
    """
    path = os.fspath(path)
    try:
        data = read_regular_file(PathManager.get_local_path(path) if HOST_IS_THERE else path)
    except FileNotFoundError as error:
        raise ImageFileError(
            f"Image {shown(path)} does not exist: was it moved after the data set was listed?"
        ) from error
    except OSError as error:
        raise ImageFileError(f"Image {shown(path)} cannot be read: {reason(error)}. Expected an image file.") from error
    return decode_rgb(data, shown(path))


def decode_rgb(data: bytes, name: str) -> Image.Image:
    """Decodes an image file's bytes, EXIF orientation applied.

    Args:
        data: bytes of the file.
        name: what an error calls it.

    Returns:
        an image of mode RGB.

    Raises:
        ImageFileError: the bytes are cut short, damaged, no image, of more pixels than Pillow lets through (179
            million) or not convertible; has the name.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_formats())
        image.load()
    except _DAMAGED as error:
        raise _damaged(error, name) from error
    return as_rgb(image, name)


def as_rgb(image: ImageForm, name: str = "given") -> Image.Image:
    """The upright RGB image that a path, an image or an array stands for.

    Args:
        image: path; PIL image of any mode; or array (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA of uint8 or
            uint16. EXIF orientation is applied, 16 bits are scaled to 8, alpha is dropped.
        name: what an error calls an image that is no path.

    Returns:
        an image of mode RGB.

    Raises:
        ImageFileError: a file that cannot be read, or an image that cannot be loaded or converted.
        TypeError: another kind of image, or of array.
        ValueError: an array of another shape.
    """
    if isinstance(image, (str, os.PathLike)):
        return read_rgb(image)
    if isinstance(image, np.ndarray):
        return _array_rgb(image, name)
    if not isinstance(image, Image.Image):
        raise TypeError(f"image {name}: expected a path, a PIL image or a NumPy array, found {type(image).__name__}")
    try:
        image.load()
    except _DAMAGED as error:
        raise _damaged(error, name) from error
    try:
        return to_rgb(image)
    except ValueError as error:
        raise ImageFileError(f"Image {name} cannot be converted to RGB: {error}.") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Turns an image of any mode upright, as its EXIF data say, and into RGB of 8 bits.

    Grey and palette become the colours they show, an alpha channel is dropped, CMYK is converted, and 16-bit grey is
    scaled by 255 / 65535 (Pillow alone would clip it, so that all but the darkest pixels turn white).

    Args:
        image: of any mode.

    Returns:
        a new image of mode RGB.

    Raises:
        ValueError: floating-point or 32-bit pixels outside 0 to 65535, whose white is not known.
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


def scale_16_bit(values: np.ndarray) -> np.ndarray:
    """Scales integers in 0 to 65535 to uint8, to the nearest."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _array_rgb(image: np.ndarray, name: str) -> Image.Image:
    if image.dtype not in (np.uint8, np.uint16):
        raise TypeError(
            f"image {name}: an array of dtype {image.dtype}, whose white is not known; expected uint8 in 0 to 255 or "
            "uint16 in 0 to 65535"
        )
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4) or 0 in image.shape:
        raise ValueError(
            f"image {name}: an array of shape {image.shape}; expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
        )
    if image.dtype == np.uint16:
        image = scale_16_bit(image)
    pixels = image.reshape(*image.shape[:2], channels)[..., :3]
    return Image.fromarray(np.ascontiguousarray(np.broadcast_to(pixels, (*image.shape[:2], 3))))


def _damaged(error: Exception, name: str) -> ImageFileError:
    # Pillow's own words name the buffer in memory.
    reason = "its format is not known" if isinstance(error, UnidentifiedImageError) else error
    return ImageFileError(
        f"Image {name} cannot be read ({reason}). The file is damaged, cut short or no image: copy it again from the "
        "original data set."
    )


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those of our formats that this Pillow reads; it refuses others by a KeyError."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)
