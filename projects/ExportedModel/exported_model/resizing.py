"""Images and clothing masks at a model's size, as evaluation resizes them, with numpy and Pillow alone."""

from functools import lru_cache

import numpy as np
from PIL import Image

MASK_RESIZES = ("antialias", "nearest")
# Pillow's resampling of 8-bit images rounds its weights to multiples of 2 ** -22.
_SMALLEST_WEIGHT = 2.0**-23


def resized(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Pixels of an RGB image at the model's size, bicubic.

    Args:
        image: RGB.
        size: (height, width).

    Returns:
        (3, height, width) float32 in 0 to 255.
    """
    pixels = np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC), np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def resized_mask(mask: np.ndarray, size: tuple[int, int], how: str) -> np.ndarray:
    """A mask at the model's size.

    Args:
        mask: (H, W) bool.
        size: (height, width).
        how: ``antialias``, through the image's own filter with its weights' absolute values, so that it is above 0
            wherever a masked pixel had a part; or ``nearest``, PyTorch's, not Pillow's.

    Returns:
        (height, width) float32 in 0 to 1.
    """
    if how == "nearest":
        rows, columns = (_nearest(new, old) for new, old in zip(size, mask.shape, strict=True))
        return mask[rows[:, None], columns].astype(np.float32)
    down, across = (touching_weights(old, new) for new, old in zip(size, mask.shape, strict=True))
    spread: np.ndarray = down @ mask.astype(np.float32) @ across.T
    return spread.clip(0, 1)


def _nearest(new: int, old: int) -> np.ndarray:
    # In float32, as PyTorch computes it: a border may fall to the other side in float64.
    return np.minimum((np.arange(new, dtype=np.float32) * np.float32(old / new)).astype(np.int64), old - 1)


@lru_cache(maxsize=16)
def touching_weights(length: int, size: int) -> np.ndarray:
    """How much each pixel of a line has part in each pixel of the line that Pillow's bicubic filter makes of it.

    Args:
        length: pixels before.
        size: pixels after.

    Returns:
        (size, length) float32: the filter's weights without their signs, each row's sum 1.
    """
    scale = length / size
    stretch = max(scale, 1.0)
    centers = (np.arange(size)[:, None] + 0.5) * scale
    # The filter's window in whole pixels, as Pillow cuts it.
    pixels = np.arange(length)
    first, last = np.trunc(centers - 2 * stretch + 0.5), np.trunc(centers + 2 * stretch + 0.5)
    weights = np.where((pixels >= first) & (pixels < last), _bicubic(np.abs(pixels + 0.5 - centers) / stretch), 0.0)
    weights = np.abs(weights / weights.sum(axis=1, keepdims=True))
    weights[weights < _SMALLEST_WEIGHT] = 0.0
    summed: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return summed


def _bicubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with a = -0.5, Pillow's, at distances x >= 0."""
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
