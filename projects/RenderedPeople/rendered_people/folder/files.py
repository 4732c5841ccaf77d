"""Files that are either whole or not there."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from rendered_people.errors import RenderingError

# Holds what is being written, and the lock; gone from a finished folder.
WORKSHOP = ".partial"
_JPEG_QUALITY = 92
_ENDS = {".jpg": (b"\xff\xd8\xff", b"\xff\xd9"), ".png": (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82")}


class Shelf:
    """A benchmark's folder.

    Args:
        root: Its path.

    Raises:
        RenderingError: The path is empty or something else than a folder.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        if not os.fspath(root):
            raise RenderingError("the output folder has no name; name a new or empty folder")
        self.root = Path(root)
        if self.root.exists() and not self.root.is_dir():
            raise RenderingError(f"{self.root} is a file; the output must be a new or empty folder")

    def has(self, relative: str) -> bool:
        """Whether there is a file of this name."""
        return (self.root / relative).is_file()

    def holds(self, relative: str, content: bytes) -> bool:
        """Whether there is a file of this name with this content."""
        return self.has(relative) and (self.root / relative).read_bytes() == content

    def is_empty(self) -> bool:
        """Whether nothing but what a run that wrote nothing left behind is in the folder, or there is none."""
        return not self.root.is_dir() or all(entry.name == WORKSHOP for entry in self.root.iterdir())

    def is_whole_image(self, relative: str) -> bool:
        """Whether there is an image file of this name that begins and ends as its format does."""
        if not self.has(relative):
            return False
        head, tail = _ENDS[Path(relative).suffix]
        with open(self.root / relative, "rb") as file:
            start = file.read(len(head))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - len(tail), 0))
            return start == head and file.read() == tail

    def write(self, relative: str, content: bytes) -> None:
        """Puts bytes in a file in one step: a kill leaves the old state or the new one.

        Raises:
            OSError: The file could not be written; nothing of it is left.
        """
        target = self.root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = self.root / WORKSHOP / f"{os.getpid()}-{target.name}"
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            os.replace(partial, target)
        except BaseException as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename is None:
                # As a full disk does it.
                raise OSError(error.errno, error.strerror, str(target)) from error
            raise

    def sweep(self) -> None:
        """Removes what interrupted writes left behind; only for who holds the folder's lock."""
        for leftover in (self.root / WORKSHOP).glob("*-*"):
            leftover.unlink(missing_ok=True)


def encoded(pixels: np.ndarray, suffix: str) -> bytes:
    """The file of (H, W, 3) or (H, W) uint8: for .jpg a JPEG of fixed quality, else a PNG, without loss."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if suffix == ".jpg":
        image.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    else:
        image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
