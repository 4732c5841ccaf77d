"""Where a figure keeps the main light off itself and the ground."""

import numba
import numpy as np

from rendered_people.render.figure import Figure
from rendered_people.render.rasterizer import rasterize

_TEXELS = 160
_BIAS = 0.02
# Added to distances along the light so that they count as inverse depths: positive, the nearer the larger.
_OFFSET = 1000.0
_UP = np.array([0.0, 0.0, 1.0])


class ShadowMap:
    """Which points the main light reaches past a figure.

    Args:
        vertices: (V, 3) float64, posed.
        figure: Who stands there.
        sun: (3,) unit vector towards the light, not straight up.
    """

    def __init__(self, vertices: np.ndarray, figure: Figure, sun: np.ndarray) -> None:
        side = np.cross(_UP, sun)
        side /= np.linalg.norm(side)
        self._axes = np.stack([side, np.cross(sun, side), sun])
        in_light = vertices @ self._axes.T
        self._low = in_light[:, :2].min(axis=0)
        self._scale = _TEXELS / (in_light[:, :2].max(axis=0) - self._low).max()
        screen = (in_light[:, :2] - self._low) * self._scale
        _, _, self._nearest = rasterize(screen, in_light[:, 2] + _OFFSET, figure.keep, figure.faces, _TEXELS, _TEXELS)

    def lit(self, points: np.ndarray) -> np.ndarray:
        """(m,) 1 where light arrives at the points (m, 3), 0 in the shadow."""
        return _lit(points @ self._axes.T, self._low, self._scale, self._nearest)


@numba.njit(cache=True, nogil=True)
def _lit(in_light: np.ndarray, low: np.ndarray, scale: float, nearest: np.ndarray) -> np.ndarray:
    """(m,) 1 where light arrives at points (m, 3) in axes of the light, 0 in the shadow."""
    result = np.ones(in_light.shape[0])
    for i in range(in_light.shape[0]):
        x, y = (in_light[i, 0] - low[0]) * scale, (in_light[i, 1] - low[1]) * scale
        if 0 <= x < _TEXELS and 0 <= y < _TEXELS:
            blocker = nearest[int(y), int(x)]
            if blocker > in_light[i, 2] + _OFFSET + _BIAS:
                result[i] = 0.0
    return result
