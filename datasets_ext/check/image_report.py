"""One look at an image and its parsing map, on all cores."""

import hashlib
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from tqdm import tqdm

from ..errors import DatasetError, ImageFileError, MissingParsingMapError, ParsingMapError
from ..image_and_map import ImageAndMap
from ..images import read_rgb
from ..parsing_maps import read_label_png
from ..plausibility import MapStatistics, map_statistics

# Images a process takes at a time.
_CHUNK = 32


class ImageReport(NamedTuple):
    """What an image file and its map hold; what cannot be read is None.

    Attributes:
        size: (width, height) of the upright image.
        pixels: digest of its size and RGB pixels.
        image_error: what is wrong with the image's file.
        has_map: whether there is a file of the map.
        map_size: (width, height) of the map.
        map_error: what is wrong with the map's file.
        statistics: of the map.
    """

    size: tuple[int, int] | None = None
    pixels: bytes | None = None
    image_error: str | None = None
    has_map: bool = True
    map_size: tuple[int, int] | None = None
    map_error: str | None = None
    statistics: MapStatistics | None = None

    def label_counts(self) -> dict[int, int]:
        """Pixels of each label that occurs in the map; empty where it cannot be read."""
        if self.statistics is None:
            return {}
        return dict(zip(self.statistics.labels, self.statistics.counts, strict=True))


def check_image(pair: ImageAndMap[str, str]) -> ImageReport:
    """Reads an image and its map, each once.

    Args:
        pair: their paths.
    """
    found: dict[str, Any] = {}
    try:
        image = read_rgb(pair.image)
        found["size"] = image.size
        found["pixels"] = hashlib.blake2b(image.tobytes(), digest_size=16, key=repr(image.size).encode()).digest()
    except ImageFileError as error:
        found["image_error"] = str(error)
    try:
        labels = read_label_png(pair.map)
        found["map_size"] = labels.shape[::-1]
        found["statistics"] = map_statistics(labels)
    except MissingParsingMapError:
        found["has_map"] = False
    except ParsingMapError as error:
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
        DatasetError: one of the processes has ended.
    """
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers {workers}; expected at least 1")
    bar: dict[str, Any] = {"total": len(pairs), "desc": "images and maps", "unit": "image"}
    if workers == 1:
        return list(tqdm(map(check_image, pairs), **bar))
    with ProcessPoolExecutor(workers, initializer=_leave_interrupts_to_the_first) as pool:
        try:
            return list(tqdm(pool.map(check_image, pairs, chunksize=_CHUNK), **bar))
        except BrokenProcessPool as error:
            raise DatasetError(
                f"One of {workers} processes that read images has ended; where memory ran out, take fewer: --workers."
            ) from error


def _leave_interrupts_to_the_first() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
