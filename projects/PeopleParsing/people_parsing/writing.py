"""Writing a parsing map so that it is whole or absent, and telling whether it is."""

import io
import os

import numpy as np
from PIL import Image

from datasets_ext import ParsingMapError, label_colours, read_label_png
from datasets_ext.files import write_whole

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def write_label_png(path: str, labels: np.ndarray) -> None:
    """Writes labels as a palette PNG, through a temporary file beside it; missing folders are made.

    Args:
        path: of the PNG.
        labels: (H, W) uint8.

    Raises:
        OSError: the file cannot be written.
    """
    image = Image.fromarray(labels)
    image.putpalette(label_colours().tobytes())
    content = io.BytesIO()
    image.save(content, format="PNG")
    write_whole(path, content.getvalue())


def is_whole(path: str) -> bool:
    """Whether there is a parsing map that can be read; one that is cut short or empty is none.

    Args:
        path: of the PNG.
    """
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        start = file.read(len(_PNG_SIGNATURE))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(_PNG_END)))
        if start == _PNG_SIGNATURE and file.read() == _PNG_END:
            return True
    # Not as PNGs begin and end, which most readers, ours among them, may overlook.
    try:
        read_label_png(path)
    except ParsingMapError:
        return False
    return True
