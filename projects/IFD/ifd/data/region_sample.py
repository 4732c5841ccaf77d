"""A few training images whose head, clothes and background are known, to look at attention maps by."""

from typing import Any, NamedTuple

import numpy as np
import torch

from datasets_ext import LabelSystem, clothing_mask, counterparts, image_paths, read_rgb
from masked_images import ParsedDataset

from .transforms import build_masked_transforms


class RegionSample(NamedTuple):
    """Images and what they show where.

    Attributes:
        images: (N, 4, H, W) float, as a test loader gives them.
        regions: name -> (N, 1, H, W) float in [0, 1]; "head", "clothes" and "background", but for what no map knows.
    """

    images: torch.Tensor
    regions: dict[str, torch.Tensor]


def read_region_sample(cfg: Any, dataset: ParsedDataset, count: int = 32) -> RegionSample:
    """Reads images spread evenly over a data set, the same in each run.

    Args:
        cfg: full config.
        dataset: of training.
        count: images, fewer where the data set has fewer.
    """
    transform = build_masked_transforms(cfg, is_train=False)
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int))
    images, regions = [], []
    for index in map(int, chosen):
        path, maps = next(iter(image_paths(dataset.img_items[index][0]))), dataset.parsing_maps[index]
        image = read_rgb(path)
        labels = maps.load(path, image.size)
        shown = {name: clothing_mask(labels, ids) for name, ids in _regions(maps.system).items()}
        shown["clothes"] = clothing_mask(labels, maps.clothing)
        moved = {name: transform(image, mask) for name, mask in shown.items()}
        images.append(moved["clothes"])
        regions.append({name: tensor[3:] for name, tensor in moved.items()})
    common = [name for name in ("head", "clothes", "background") if all(name in each for each in regions)]
    return RegionSample(torch.stack(images), {name: torch.stack([each[name] for each in regions]) for name in common})


def _regions(system: LabelSystem) -> dict[str, tuple[int, ...]]:
    """Label values of the head and of the background, where the system has such labels."""
    head = tuple(system.ids([name for name, whole in counterparts(system, "pascal").items() if whole == "Head"]))
    background = tuple(system.ids([name for name in system.names if name == "Background"]))
    return {name: ids for name, ids in (("head", head), ("background", background)) if ids}
