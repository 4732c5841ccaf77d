"""Parsing maps: reading one with all checks and its mask beside the bare PNG; labels of logits beside an argmax."""

import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from people_parsing.upsampling import upsampled_labels

from .pictures import HEIGHT, WIDTH, write_pictures
from .rows import Row, compared

TURNS = 7
_LABELS = 20


def _read_bare(paths: list[str]) -> None:
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image)


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`."""
    torch.set_num_threads(1)
    count = 8 if quick else 64
    with tempfile.TemporaryDirectory() as folder:
        items, maps = write_pictures(Path(folder), count)
        images = [item[0] for item in items]
        bare = [maps.path_for(path) for path in images]
        rows = [
            compared(
                f"{count} maps of {HEIGHT}x{WIDTH}",
                "checked, as a mask / the PNG decoded",
                lambda: [maps.load_mask(path, (WIDTH, HEIGHT)) for path in images],
                lambda: _read_bare(bare),
                turns=TURNS,
            )
        ]
    logits = torch.randn(1 if quick else 8, _LABELS, 120, 50)
    rows.append(
        compared(
            f"{len(logits)} maps of {_LABELS} labels to {HEIGHT}x{WIDTH}",
            "class by class / all interpolated, argmax",
            lambda: upsampled_labels(logits, (WIDTH, HEIGHT)),
            lambda: F.interpolate(logits, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False).argmax(dim=1),
            turns=TURNS,
        )
    )
    return rows
