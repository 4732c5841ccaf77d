"""Colours: sRGB as people name them, linear light as lamps mix them."""

import numpy as np
import numpy.typing as npt


def to_linear(srgb: npt.ArrayLike) -> np.ndarray:
    """Linear RGB of sRGB values in [0, 1], any shape."""
    srgb = np.asarray(srgb, dtype=np.float64)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: npt.ArrayLike) -> np.ndarray:
    """sRGB in [0, 1] of linear RGB, any shape; values outside [0, 1] are cut off."""
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def hex_colour(code: str) -> np.ndarray:
    """Linear RGB of a "#rrggbb" code, (3,) float64."""
    return to_linear([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
