"""Image and parsing map, read and transformed for training, beside the host's image alone."""

import tempfile
from pathlib import Path

import torch
from fastreid.data.common import CommDataset
from fastreid.data.transforms import build_transforms

from ifd.data.transforms import build_masked_transforms
from masked_images import ParsedDataset

from .models import SIZES, config
from .pictures import HEIGHT, WIDTH, write_pictures
from .rows import Row, compared

TURNS = 7
GOAL = 1.0


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`."""
    torch.set_num_threads(1)
    count = 8 if quick else 64
    cfg = config(SIZES[0])
    with tempfile.TemporaryDirectory() as folder:
        items, maps = write_pictures(Path(folder), count)
        host = CommDataset([item[:3] for item in items], build_transforms(cfg, is_train=True))
        ours = ParsedDataset(items, [maps] * count, build_masked_transforms(cfg, is_train=True))
        case = f"{count} JPEGs of {HEIGHT}x{WIDTH} to 256x128"
        return [
            compared(
                case,
                "image and map / the host's image",
                lambda: [ours[index] for index in range(count)],
                lambda: [host[index] for index in range(count)],
                turns=TURNS,
                goal=GOAL,
            )
        ]
