"""Transforms: keyword names that torchvision has changed, and images to tensors."""

import warnings
from typing import Any

import numpy as np
import torch
import torchvision.transforms as T
from fastreid.config import get_cfg
from fastreid.data.transforms import build, functional
from PIL import Image

from .adaptation import Adaptation, ModuleView, rebind


class RandomAffine(T.RandomAffine):
    """torchvision's RandomAffine under the keyword names that the host uses: resample (0 is nearest) and fillcolor."""

    def __init__(self, degrees: Any, *, resample: Any = False, fillcolor: Any = 0, **kwargs: Any):
        super().__init__(degrees, interpolation=int(resample), fill=fillcolor, **kwargs)


def _affine_fails() -> bool:
    cfg = get_cfg()
    cfg.INPUT.AFFINE.ENABLED = True
    try:
        build.build_transforms(cfg, is_train=True)
    except TypeError:
        return True
    return False


def _apply_affine() -> None:
    build.T = ModuleView(T, RandomAffine=RandomAffine)


# The types the host gives each PIL mode; every other mode is bytes.
_PIXEL_TYPES = {"I": np.int32, "I;16": np.int16, "F": np.float32}


def _conversion_fails() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            for mode in ("RGB", "1"):
                functional.to_tensor(Image.new(mode, (2, 2)))
        except (UserWarning, ValueError, AttributeError):
            return True
    return False


def _apply_conversion() -> None:
    host_to_tensor = functional.to_tensor

    def to_tensor(pic: Image.Image | np.ndarray) -> torch.Tensor:
        """Converts a PIL image or an (H, W[, C]) array to a (C, H, W) tensor; bytes become float, in [0, 255]."""
        if isinstance(pic, Image.Image):
            pixels = np.array(pic).astype(_PIXEL_TYPES.get(pic.mode, np.uint8))
            pic = pixels * np.uint8(255) if pic.mode == "1" else pixels
        return host_to_tensor(pic).contiguous()

    rebind(host_to_tensor, to_tensor)


ADAPTATIONS = (
    Adaptation(
        name="affine",
        reason="INPUT.AFFINE gives RandomAffine 'resample' and 'fillcolor', which torchvision calls otherwise now",
        needed=_affine_fails,
        apply=_apply_affine,
    ),
    Adaptation(
        name="image to tensor",
        reason="ToTensor warns of torch's typed storages in every worker and fails for some modes on NumPy 2",
        needed=_conversion_fails,
        apply=_apply_conversion,
    ),
)
