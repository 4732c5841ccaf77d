"""Where a figure keeps the main light off itself and the ground."""

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
        in_light = points @ self._axes.T
        place = (in_light[:, :2] - self._low) * self._scale
        inside = ((place >= 0) & (place < _TEXELS)).all(axis=1)
        texel = np.where(inside[:, None], place, 0).astype(np.int64)
        blocker = self._nearest[texel[:, 1], texel[:, 0]]
        return np.where(inside & (blocker > in_light[:, 2] + _OFFSET + _BIAS), 0.0, 1.0)
