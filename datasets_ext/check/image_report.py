"""One look at an image and its parsing map, on all cores."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..errors import ImageFileError, MissingParsingMapError, ParsingMapError
from ..image_and_map import ImageAndMap
from ..images import read_rgb
from ..parsing_maps import read_label_png

# Images a process takes at a time.
_CHUNK = 32


class ImageReport(NamedTuple):
    """What an image file and its map hold; what cannot be read is None.

    size: (width, height) of the upright image.   pixels: digest of its size and RGB pixels.
    image_error, map_error: what is wrong with the file.   has_map: whether there is a map file.
    map_size: (width, height).   label_counts: pixels by label that occurs.
    """

    size: tuple[int, int] | None = None
    pixels: bytes | None = None
    image_error: str | None = None
    has_map: bool = True
    map_size: tuple[int, int] | None = None
    map_error: str | None = None
    label_counts: dict[int, int] | None = None


def check_image(pair: ImageAndMap[str, str]) -> ImageReport:
    """Reads an image and its map, each once."""
    found: dict = {}
    try:
        image = read_rgb(pair.image)
        found["size"] = image.size
        found["pixels"] = hashlib.blake2b(image.tobytes(), digest_size=16, key=repr(image.size).encode()).digest()
    except ImageFileError as error:
        found["image_error"] = str(error)
    try:
        labels = read_label_png(pair.map)
        found["map_size"] = labels.shape[::-1]
        counts = np.bincount(labels.ravel(), minlength=256)
        found["label_counts"] = {int(label): int(counts[label]) for label in np.flatnonzero(counts)}
    except MissingParsingMapError:
        found["has_map"] = False
    except (ParsingMapError, OSError) as error:
        found["map_error"] = str(error)
    return ImageReport(**found)


def check_images(pairs: Sequence[ImageAndMap[str, str]], workers: int | None = None) -> list[ImageReport]:
    """Reads images and maps, with a progress bar.

    Args:
        pairs: paths of images and maps.
        workers: processes; None: as many as this process has cores; 1: none but this one.

    Returns:
        one report for each, in order.

    Raises:
        ValueError: ``workers`` is below 1.
    """
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers {workers}; expected at least 1")
    bar = {"total": len(pairs), "desc": "images and maps", "unit": "image"}
    if workers == 1:
        return list(tqdm(map(check_image, pairs), **bar))
    with ProcessPoolExecutor(workers) as pool:
        return list(tqdm(pool.map(check_image, pairs, chunksize=_CHUNK), **bar))
