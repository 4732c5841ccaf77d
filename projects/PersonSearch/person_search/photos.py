"""Photos and parsing maps from files, bytes or memory, with an error that names them.

The data sets' readers (``datasets_ext``) do the same for training; they import the host and PyTorch, which a laptop
that only searches need not have.
"""

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import PhotoError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
#: Decoders of Pillow that photos go to: what a camera or an editor saves. Others start programs, or draw.
FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
#: A photo's file is read into memory whole.
LARGEST_FILE = 256 * 2**20
#: What ``as_photo`` takes.
PhotoLike = Any
_ID_BYTES = 16
# Of a PNG's header: signature, length and name of the first chunk, width and height come before.
_DEPTH_AT = 24
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Photo:
    """An image file's bytes.

    Attributes:
        content: the file as it is.
        name: what errors call it: its path, for one.
    """

    content: bytes
    name: str = "given"

    @property
    def id(self) -> str:
        """32 hexadecimal digits that follow from the bytes: the same photo has the same id wherever it lies."""
        return hashlib.blake2b(self.content, digest_size=_ID_BYTES).hexdigest()

    def image(self, most_pixels: int | None = None) -> Image.Image:
        """The upright RGB image.

        Args:
            most_pixels: that it may have, looked at before any is decoded; None: as many as Pillow takes.

        Raises:
            PhotoError: the bytes are cut short, damaged, no image of FORMATS, not convertible, or of too many pixels.
        """
        try:
            image = Image.open(io.BytesIO(self.content), formats=FORMATS)
            if most_pixels is not None and image.width * image.height > most_pixels:
                raise PhotoError(
                    f"Photo {self.name} has {image.width} x {image.height} pixels; expected at most {most_pixels:,}."
                )
            image.load()
        except _DAMAGED as error:
            # Pillow's own words name the buffer in memory.
            reason = "its format is not known" if isinstance(error, UnidentifiedImageError) else error
            raise PhotoError(
                f"Photo {self.name} cannot be read ({reason}); expected one of {', '.join(FORMATS)}. The file is "
                "damaged, cut short or no image: copy it again."
            ) from error
        return upright_rgb(image, self.name)


def read_photo(path: str | os.PathLike[str]) -> Photo:
    """Reads a photo's file, without decoding it.

    Raises:
        PhotoError: it does not exist, cannot be read, is no regular file or is larger than LARGEST_FILE.
    """
    path = os.fspath(path)
    try:
        found = os.stat(path)
        # Reading a pipe or a device would wait, or never end.
        if not stat.S_ISREG(found.st_mode):
            raise PhotoError(f"Photo {path} is no file. Name an image file.")
        if found.st_size > LARGEST_FILE:
            raise PhotoError(f"Photo {path} has {found.st_size:,} bytes; expected at most {LARGEST_FILE:,}.")
        with open(path, "rb") as file:
            return Photo(file.read(), path)
    except OSError as error:
        raise PhotoError(f"Photo {path} cannot be read ({error.strerror}).") from error


def as_photo(image: PhotoLike) -> Photo:
    """A photo from whatever holds one.

    Args:
        image: Photo, path, bytes of an image file, PIL image, or (H, W) or (H, W, 3) uint8 array in RGB.

    Raises:
        PhotoError: it cannot be read.
        TypeError: something else.
    """
    if isinstance(image, Photo):
        return image
    if isinstance(image, (str, os.PathLike)):
        return read_photo(image)
    if isinstance(image, bytes):
        return Photo(image)
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise TypeError(
                f"an image array of shape {image.shape} and dtype {image.dtype}; expected (H, W) or (H, W, 3) uint8"
            )
        image = Image.fromarray(image)
    if not isinstance(image, Image.Image):
        raise TypeError(f"expected a path, bytes, a PIL image or an array, found {type(image).__name__}")
    file = io.BytesIO()
    # Without loss, and the same bytes for the same pixels, from which the id follows.
    upright_rgb(image, "given").save(file, format="PNG", compress_level=1)
    return Photo(file.getvalue())


def upright_rgb(image: Image.Image, name: str) -> Image.Image:
    """Turns an image of any mode upright, as its EXIF data say, and into RGB of 8 bits, as evaluation reads it.

    Args:
        image: any; 16-bit grey is scaled by 255 / 65535, an alpha channel dropped.
        name: what an error calls it.

    Raises:
        PhotoError: floating-point and 32-bit pixels outside 0 to 65535, whose white is not known.
    """
    # EXIF data that are damaged, in whatever way, say nothing about the pixels.
    with contextlib.suppress(Exception):
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > 0xFFFF:
            raise PhotoError(
                f"Photo {name} has pixels of mode {image.mode}, from {values.min()} to {values.max()}, and which value "
                "is white is not known; save it with 8 or 16 bits a channel."
            )
        image = Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
    return image.convert("RGB")


def list_photos(folder: str | os.PathLike[str], leave_out: str | None = None) -> Iterator[str]:
    """Relative paths of the photos below a folder, '/' between their parts, folder by folder in order of name.

    Hidden files and folders, files of other kinds and folders that are links are passed over.

    Args:
        folder: to look in.
        leave_out: a folder below it, such as that of the maps; None: none.

    Raises:
        PhotoError: there is no such folder, or it cannot be listed.
    """
    root = os.fspath(folder)
    if not os.path.isdir(root):
        raise PhotoError(f"There is no folder {os.path.abspath(root)}. Name the one that holds the photos.")
    yield from _photos_below(root, "", None if leave_out is None else os.path.realpath(leave_out))


def _photos_below(folder: str, prefix: str, leave_out: str | None) -> Iterator[str]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise PhotoError(f"Folder {folder} cannot be listed ({error.strerror}).") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if os.path.realpath(entry.path) != leave_out:
                yield from _photos_below(entry.path, f"{prefix}{entry.name}/", leave_out)
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
            yield prefix + entry.name


def read_map(path: str | os.PathLike[str], size: tuple[int, int]) -> np.ndarray:
    """Reads a parsing map: a PNG of one byte per pixel, 8-bit grey or a palette's indices, the labels.

    Args:
        path: of the PNG.
        size: (width, height) of its image.

    Returns:
        (height, width) uint8 labels.

    Raises:
        PhotoError: it is missing, damaged, of another kind or of another size.
    """
    path = os.fspath(path)
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"Parsing map {path} does not exist; make it with people_parsing.") from error
    except OSError as error:
        raise PhotoError(f"Parsing map {path} cannot be read ({error.strerror}).") from error
    return decode_map(content, size, path)


def decode_map(content: bytes, size: tuple[int, int], path: str) -> np.ndarray:
    """As ``read_map``, from the PNG's bytes; ``path`` is what an error calls it."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            # Looked at before any pixel is decoded.
            if image.size != size:
                raise PhotoError(
                    f"Parsing map {path} is {image.width} x {image.height} pixels (width x height), its image "
                    f"{size[0]} x {size[1]}. Make the map again from this very image."
                )
            image.load()
            mode, labels = image.mode, np.array(image)
    except _DAMAGED as error:
        raise PhotoError(f"Parsing map {path} cannot be read; expected a PNG of labels. Make it again.") from error
    # Pillow spreads grey of 1, 2 or 4 bits over 0 to 255, so that what looks like a map has other labels than were
    # written.
    if mode not in ("L", "P") or (mode == "L" and content[_DEPTH_AT] != 8):
        raise PhotoError(
            f"Parsing map {path} is a PNG of mode {mode} and {content[_DEPTH_AT]} bits; expected one byte per pixel, "
            "8-bit grey or a palette, the labels themselves."
        )
    check_map(labels, size, path)
    return labels


def check_map(labels: np.ndarray, size: tuple[int, int], name: str) -> None:
    """Checks that a parsing map has its image's size.

    Args:
        labels: (H, W) integers.
        size: (width, height) of the image.
        name: what an error calls the map.

    Raises:
        PhotoError: it is no such array, or of another size.
    """
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise PhotoError(
            f"Parsing map {name} has shape {labels.shape} and dtype {labels.dtype}; expected (H, W) integers."
        )
    if labels.shape != size[::-1]:
        raise PhotoError(
            f"Parsing map {name} is {labels.shape[1]} x {labels.shape[0]} pixels (width x height), its image "
            f"{size[0]} x {size[1]}. Make the map again from this very image."
        )
