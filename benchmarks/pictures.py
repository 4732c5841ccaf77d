"""Made-up crops of people with parsing maps on disk, as large as a full-HD camera gives them."""

from pathlib import Path

import numpy as np
from PIL import Image

from datasets_ext import ParsingMaps

HEIGHT, WIDTH = 480, 200
_FACE, _CLOTHES, _BLOCK = 13, 5, 8


def write_pictures(folder: Path, count: int) -> tuple[list[tuple], ParsingMaps]:
    """Writes JPEGs of blurred noise, which take as long to decode as photos of their size, and LIP maps.

    Args:
        folder: empty.
        count: of pictures.

    Returns:
        items as data sets give them, (path, pid, camid, clothes id), and what reads their maps.
    """
    images, maps = folder / "images", folder / "maps"
    images.mkdir()
    maps.mkdir()
    random = np.random.default_rng(0)
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[HEIGHT // 16 : HEIGHT // 5, WIDTH // 3 : -WIDTH // 3] = _FACE
    labels[HEIGHT // 5 : -HEIGHT // 8, WIDTH // 5 : -WIDTH // 5] = _CLOTHES
    items = []
    for number in range(count):
        coarse = random.integers(0, 255, (HEIGHT // _BLOCK, WIDTH // _BLOCK, 3), np.uint8)
        picture = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        path = images / f"{number:04d}.jpg"
        picture.save(path, quality=90)
        Image.fromarray(labels).save(maps / f"{number:04d}.png")
        items.append((str(path), number // 4, number % 2, number // 2))
    return items, ParsingMaps(images, maps, "lip")
