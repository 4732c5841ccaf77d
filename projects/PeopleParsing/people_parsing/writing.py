"""Writing a parsing map so that it is whole or absent."""

import os

import numpy as np
from PIL import Image

from datasets_ext import label_colours


def write_label_png(path: str, labels: np.ndarray) -> None:
    """Writes labels as a palette PNG, through a temporary file beside it; missing folders are made.

    Args:
        path: of the PNG.   labels: (H, W) uint8.
    """
    folder, name = os.path.split(path)
    os.makedirs(folder or ".", exist_ok=True)
    image = Image.fromarray(labels)
    image.putpalette(label_colours().tobytes())
    # Hidden, so that no listing of the folder takes it for a map, and of this process's own name.
    part = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            image.save(file, format="PNG")
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
