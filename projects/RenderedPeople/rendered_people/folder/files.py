"""Files that are either whole or not there."""

import io
import os
from pathlib import Path

from PIL import Image

_PARTIAL = ".partial"
_JPEG_QUALITY = 92


class Shelf:
    """A benchmark's folder; root: its path."""

    def __init__(self, root):
        self.root = Path(root)

    def has(self, relative):
        return (self.root / relative).is_file()

    def write(self, relative, content):
        """Puts bytes in a file in one step: a kill leaves the old state or the new one."""
        target = self.root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = self.root / _PARTIAL / f"{os.getpid()}-{target.name}"
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, target)

    def write_image(self, relative, pixels):
        """Writes (H, W, 3) or (H, W) uint8 as the suffix says: .jpg at a fixed quality, .png without loss."""
        buffer = io.BytesIO()
        image = Image.fromarray(pixels)
        if relative.endswith(".jpg"):
            image.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        else:
            image.save(buffer, "PNG", compress_level=6)
        self.write(relative, buffer.getvalue())

    def sweep(self):
        """Removes what interrupted writes left behind."""
        for leftover in (self.root / _PARTIAL).glob("*"):
            leftover.unlink(missing_ok=True)
        if (self.root / _PARTIAL).is_dir():
            (self.root / _PARTIAL).rmdir()
