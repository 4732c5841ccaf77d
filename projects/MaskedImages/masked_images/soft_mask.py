"""A clothing mask that goes through an image's own resampling, so that it covers whatever clothing has touched.

A mask that is resized otherwise than its image leaves a rim of clothing colour around itself. Here the mask follows
Pillow's antialiased bicubic filter, with the weights' absolute values: the filter overshoots, so that clothes reach
pixels on which a mask resized by the filter itself would be negative, or zero where its lobes cancel out.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.sparse import csr_array
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from exported_model import resizing


class SoftMask(tv_tensors.Mask):
    """Mask (1, H, W) float32 in [0, 1] that torchvision's v2 transforms move as they move a PIL image.

    Zero exactly where no masked pixel had a part in the pixel.
    """

    def dilated(self) -> "SoftMask":
        """The mask after a 3x3 filter of the image, such as sharpening."""
        return _like(self, F.max_pool2d(_plain(self)[None], 3, 1, 1)[0])


def _plain(mask: SoftMask) -> torch.Tensor:
    return mask.as_subclass(torch.Tensor)


def _like(mask: SoftMask, moved: torch.Tensor) -> SoftMask:
    return tv_tensors.wrap(moved, like=mask)


@v2.functional.register_kernel("resize", SoftMask)
def _resize(
    mask: SoftMask,
    size: list[int],
    interpolation: InterpolationMode = InterpolationMode.BICUBIC,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> SoftMask:
    assert interpolation == InterpolationMode.BICUBIC
    assert max_size is None
    return _like(mask, torch.from_numpy(soft_resized(_plain(mask)[0].numpy(), (size[0], size[1])))[None])


def soft_resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask at another size, above 0 wherever a masked pixel had a part.

    Args:
        mask: (H, W) in [0, 1].
        size: (height, width).

    Returns:
        (height, width) float32 in [0, 1].
    """
    rows, columns = (touching_weights(old, new) for old, new in zip(mask.shape, size, strict=True))
    resized: np.ndarray = (columns @ (rows @ mask.astype(np.float32, copy=False)).T).T
    return np.clip(resized, 0, 1, order="C")


@v2.functional.register_kernel("resized_crop", SoftMask)
def _resized_crop(
    mask: SoftMask, top: int, left: int, height: int, width: int, size: list[int], **options: Any
) -> SoftMask:
    return v2.functional.resize(v2.functional.crop(mask, top, left, height, width), size, **options)


# The image is moved by Pillow, which rounds its nearest pixels otherwise than torch does.
@v2.functional.register_kernel("affine", SoftMask)
def _affine(mask: SoftMask, *arguments: Any, **options: Any) -> SoftMask:
    return _like(mask, _from_pil(v2.functional.affine(_to_pil(mask), *arguments, **options)))


@v2.functional.register_kernel("rotate", SoftMask)
def _rotate(mask: SoftMask, *arguments: Any, **options: Any) -> SoftMask:
    return _like(mask, _from_pil(v2.functional.rotate(_to_pil(mask), *arguments, **options)))


def _to_pil(mask: SoftMask) -> Image.Image:
    return Image.fromarray(_plain(mask)[0].numpy())


def _from_pil(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image))[None]


@lru_cache(maxsize=64)
def touching_weights(length: int, size: int) -> csr_array:
    """Those of :func:`exported_model.resizing.touching_weights` as a sparse matrix, most of which is 0.

    Args:
        length: pixels before.
        size: pixels after.

    Returns:
        (size, length) float32.
    """
    return csr_array(resizing.touching_weights(length, size))
