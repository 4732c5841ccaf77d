"""Resizing, padding, cropping and flipping of an image and its mask at once: what nearly every config asks for.

One after another, torchvision's transforms spend more time on finding out what they were given than on its pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from exported_model.resizing import resized_mask

from .soft_mask import soft_resized


@dataclass(frozen=True)
class Framing:
    """An image and its mask at a size: the very values, and draws, of torchvision's transforms one after another.

    Attributes:
        size: (height, width) of the result.
        padding: black pixels put around the resized image, of which a random window is cut; 0: none.
        flip: how often the result is mirrored; None: nothing is drawn for that.
    """

    size: tuple[int, int]
    padding: int = 0
    flip: float | None = None

    @classmethod
    def of(cls, steps: Sequence[Callable[..., Any]]) -> "Framing | None":
        """What does the same as a chain of torchvision's transforms; None where one of them does something else.

        Args:
            steps: of (image, mask).
        """
        left = list(steps)
        resize = _next(left, v2.Resize)
        if resize is None or len(resize.size) != 2 or resize.interpolation != InterpolationMode.BICUBIC:
            return None
        height, width = resize.size
        padding = 0
        pad = _next(left, v2.Pad)
        if pad is not None:
            crop = _next(left, v2.RandomCrop)
            if not _is_plain(pad) or crop is None or tuple(crop.size) != (height, width):
                return None
            padding = pad.padding
        flip = _next(left, v2.RandomHorizontalFlip)
        return None if left else cls((height, width), padding, None if flip is None else flip.p)

    def __call__(self, image: Image.Image, mask: np.ndarray, mask_resize: str) -> torch.Tensor:
        """Frames them.

        Args:
            image: RGB.
            mask: (H, W) uint8 of 0 and 1, of the image's size.
            mask_resize: as of :class:`masked_images.MaskedTransforms`.

        Returns:
            (4, height, width) float32, RGB in 0-255 and mask in [0, 1].
        """
        height, width = self.size
        top, left = (int(torch.randint(0, 2 * self.padding + 1, (1,))) if self.padding else 0 for _ in range(2))
        flipped = self.flip is not None and bool(torch.rand(1) < self.flip)
        pixels = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
        small = (
            soft_resized(mask, self.size) if mask_resize == "antialias" else resized_mask(mask, self.size, "nearest")
        )
        framed = np.zeros((4, height, width), np.float32)
        rows, from_rows = _overlap(height, self.padding - top)
        columns, from_columns = _overlap(width, self.padding - left)
        window = (framed[..., ::-1] if flipped else framed)[:, rows, columns]
        window[:3] = pixels[:, from_rows, from_columns]
        window[3] = small[from_rows, from_columns]
        return torch.from_numpy(framed)


def _next(steps: list[Any], kind: type) -> Any:
    """Takes the first step off, where it is of just this kind."""
    return steps.pop(0) if steps and type(steps[0]) is kind else None


def _is_plain(pad: v2.Pad) -> bool:
    return isinstance(pad.padding, int) and pad.padding > 0 and pad.padding_mode == "constant" and pad.fill == 0


def _overlap(length: int, moved: int) -> tuple[slice, slice]:
    """Where a line lies that was moved within one of its length, and which part of it that is; none where it left."""
    return _part(length, moved), _part(length, -moved)


def _part(length: int, moved: int) -> slice:
    return slice(max(moved, 0), max(length + min(moved, 0), 0))
