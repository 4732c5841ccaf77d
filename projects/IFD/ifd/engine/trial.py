"""One training step and one evaluation on made-up people, before hours are spent on real ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fastreid.config import CfgNode
from PIL import Image

from fastreid_runs.trial import MadeUp
from fastreid_runs.trial import try_config as try_on

from ..data import build_masked_transforms
from ..evaluation import ClothesEvaluator
from .checkpointer import IFDCheckpointer

# Two people in two outfits each: enough for every loss to have pairs, and no more than a CPU does in seconds.
_LABELS: dict[str, Sequence[Any]] = {
    "targets": (0, 0, 1, 1),
    "camids": (0, 1, 0, 1),
    "clothes": (0, 1, 2, 3),
    "clothes_range": ((0, 2), (0, 2), (2, 4), (2, 4)),
}


def try_config(cfg: CfgNode, *, train: bool = True, weights: str = "") -> None:
    """Builds what a config of one stage names and runs it once, see :func:`fastreid_runs.trial.try_config`."""
    trial = cfg.clone()
    trial.defrost()
    trial.IFD.OUTFITS.COUNT = len(_LABELS["clothes"])
    try_on(trial, _MADE_UP, train=train, weights=weights)


def _images(cfg: CfgNode, train: bool) -> torch.Tensor:
    """(4, 4, H, W) float32, as a loader gives them."""
    transform = build_masked_transforms(cfg, is_train=train)
    random_pixels = np.random.default_rng(0)
    images = []
    for _ in _LABELS["targets"]:
        pixels = random_pixels.integers(0, 256, (128, 64, 3), dtype=np.uint8)
        mask = np.zeros((128, 64), dtype=np.uint8)
        mask[48:112, 8:56] = 1
        images.append(transform(Image.fromarray(pixels), mask))
    return torch.stack(images)


def _evaluator(cfg: CfgNode) -> ClothesEvaluator:
    return ClothesEvaluator(cfg, len(_LABELS["targets"]) // 2, single_shot_gallery=True)


_MADE_UP = MadeUp(_images, _LABELS, _evaluator, IFDCheckpointer, norms=("IFD.IKT.NORM",))
