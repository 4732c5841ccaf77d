"""Photos, masks and attention maps as pictures for a browser."""

import io

import numpy as np
from PIL import Image

_LONGEST_SIDE = 1024
_CLOTHING = np.array([255, 0, 160], np.float32)
# Dark to bright, so that it also reads in grey: attention from 0 to 1.
_STOPS = np.array([[0, 0, 40], [90, 10, 110], [200, 50, 70], [250, 150, 20], [255, 250, 170]], np.float32)


def as_jpeg(image: Image.Image) -> bytes:
    """An RGB image as JPEG, at most 1024 pixels long: new bytes, without whatever else was in its file."""
    shown = image.copy()
    shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    # Pillow would write a JPEG's comment again.
    shown.info.clear()
    file = io.BytesIO()
    shown.save(file, format="JPEG", quality=90)
    return file.getvalue()


def with_mask(image: Image.Image, mask: np.ndarray) -> Image.Image:
    """An image with its clothing tinted.

    Args:
        image: RGB.
        mask: (height, width) bool, of its size.
    """
    pixels = np.asarray(image, np.float32)
    tinted = np.where(mask[..., None], 0.4 * pixels + 0.6 * _CLOTHING, pixels)
    return Image.fromarray(tinted.round().astype(np.uint8))


def with_attention(image: Image.Image, attention: np.ndarray) -> Image.Image:
    """An image below its attention map, whose lowest value is dark and whose highest is bright.

    Args:
        image: RGB of any size.
        attention: (h, w) float.
    """
    low, high = float(attention.min()), float(attention.max())
    scaled = (attention - low) / (high - low) if high > low else np.full_like(attention, 0.5)
    smooth = Image.fromarray(scaled.astype(np.float32)).resize(image.size, Image.Resampling.BICUBIC)
    place = np.clip(np.asarray(smooth), 0, 1) * (len(_STOPS) - 1)
    lower = np.minimum(place.astype(np.int64), len(_STOPS) - 2)
    share = (place - lower)[..., None]
    colours = (1 - share) * _STOPS[lower] + share * _STOPS[lower + 1]
    blended = 0.45 * np.asarray(image, np.float32) + 0.55 * colours
    return Image.fromarray(blended.round().astype(np.uint8))
