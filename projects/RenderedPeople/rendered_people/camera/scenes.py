"""Backgrounds: a ground and a wall behind it, seen through the same camera as the people.

Scene coordinates: x right, y away from the camera, z up; metres; the camera stands at x = y = 0.
"""

from dataclasses import dataclass

import numpy as np

from rendered_people.colours import hex_colour
from rendered_people.noise import lattice_noise, value_noise

_TEXELS = 256
_GROUNDS = ("#6f6c68", "#8a8378", "#4d4f52", "#a39b8e", "#5d6b4a", "#7b6a58", "#b9b4ab")
_WALLS = ("#b8b2a6", "#8f5b48", "#d9d5cc", "#6c7780", "#9aa5a0", "#4a4f57", "#c4a987", "#7d8a6a")


@dataclass(frozen=True)
class Scene:
    """A ground, and a wall behind it.

    Attributes:
        ground: (256, 256, 3) texture of the ground, linear RGB.
        ground_size: Metres that it spans.
        wall: (256, 256, 3) texture of the wall, linear RGB.
        wall_size: Metres that it spans.
        wall_distance: Metres from the camera to the wall.
        wall_height: Metres.
        sky: (3,) linear RGB above the wall.
    """

    ground: np.ndarray
    ground_size: float
    wall: np.ndarray
    wall_size: float
    wall_distance: float
    wall_height: float
    sky: np.ndarray

    def look(self, origin: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What rays meet.

        Args:
            origin: (3,) camera in scene coordinates.
            directions: (m, 3) float64, of any length.

        Returns:
            Reflectance (m, 3), linear RGB, and the points (m, 3) where they meet the ground (NaN elsewhere).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            to_ground = np.where(directions[:, 2] < 0, -origin[2] / directions[:, 2], np.inf)
            to_wall = np.where(directions[:, 1] > 0, (self.wall_distance - origin[1]) / directions[:, 1], np.inf)
        on_ground = to_ground < to_wall
        reach = np.where(np.isfinite(np.minimum(to_ground, to_wall)), np.minimum(to_ground, to_wall), 0.0)
        points = origin + directions * reach[:, None]
        colours = np.where(
            on_ground[:, None],
            _texel(self.ground, points[:, [0, 1]] / self.ground_size),
            _texel(self.wall, points[:, [0, 2]] / self.wall_size),
        )
        open_air = ~on_ground & (points[:, 2] > self.wall_height)
        colours[open_air] = self.sky
        return colours, np.where(on_ground[:, None], points, np.nan)


def draw_scene(rng: np.random.Generator, outdoors: bool) -> Scene:
    """Scene of a camera.

    Args:
        rng: Generator of the camera.
        outdoors: Whether there is sky above the wall.

    Returns:
        The scene.
    """
    ground_size = rng.uniform(3, 6)
    wall_size = rng.uniform(7, 12)
    return Scene(
        ground=_ground(rng, ground_size),
        ground_size=ground_size,
        wall=_wall(rng, wall_size),
        wall_size=wall_size,
        wall_distance=rng.uniform(9, 16),
        wall_height=rng.uniform(2.2, 4.5) if outdoors else 1e3,
        sky=hex_colour("#b9cfe4") * rng.uniform(0.8, 1.3),
    )


def _grid(size: float) -> np.ndarray:
    """(256 * 256, 2) places in metres over a texture."""
    axis = (np.arange(_TEXELS) + 0.5) / _TEXELS * size
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def _ground(rng: np.random.Generator, size: float) -> np.ndarray:
    place = _grid(size)
    seed = int(rng.integers(2**31))
    kind = rng.choice(["tiles", "asphalt", "planks", "grass"], p=[0.4, 0.25, 0.15, 0.2])
    colour = np.tile(hex_colour("#5f7042" if kind == "grass" else str(rng.choice(_GROUNDS))), (len(place), 1))
    colour *= (0.7 + 0.3 * value_noise(place * 3, seed) + 0.3 * value_noise(place * 25, seed + 1))[:, None]
    tile = size / rng.integers(3, 9)
    if kind == "tiles":
        colour[(np.mod(place / tile, 1) < 0.05).any(axis=1)] *= 0.6
        if rng.random() < 0.4:
            colour[np.floor(place / tile).sum(axis=1) % 2 == 0] *= 1.5
    elif kind == "planks":
        board = np.floor(place[:, 0] / 0.14)
        colour *= (0.7 + 0.6 * lattice_noise(board[:, None], seed))[:, None]
        colour[np.mod(place[:, 0] / 0.14, 1) < 0.06] *= 0.5
    elif kind == "asphalt" and rng.random() < 0.7:
        colour[np.abs(place[:, rng.integers(2)] - size / 2) < 0.07] = 0.6
    return np.clip(colour, 0, 1).reshape(_TEXELS, _TEXELS, 3)


def _wall(rng: np.random.Generator, size: float) -> np.ndarray:
    place = _grid(size)
    seed = int(rng.integers(2**31))
    kind = rng.choice(["bricks", "panels", "plain", "glass", "hedge"], p=[0.25, 0.2, 0.25, 0.15, 0.15])
    base = hex_colour({"glass": "#51626e", "hedge": "#33472a"}.get(kind) or str(rng.choice(_WALLS)))
    colour = np.tile(base, (len(place), 1))
    colour *= (0.85 + 0.2 * value_noise(place * 1.2, seed) + 0.1 * value_noise(place * 16, seed + 1))[:, None]
    if kind == "bricks":
        brick = place / [0.5, 0.16]
        brick[:, 0] += 0.5 * (np.floor(brick[:, 1]) % 2)
        colour[(np.mod(brick, 1) < [0.06, 0.16]).any(axis=1)] *= 1.4
    elif kind == "panels":
        colour[np.mod(place[:, 0] / rng.uniform(0.8, 1.6), 1) < 0.04] *= 0.5
    elif kind == "glass":
        colour *= (0.5 + 1.4 * value_noise(place * [0.7, 0.35], seed + 2))[:, None]
        colour[(np.mod(place / [1.1, 2.3], 1) < [0.06, 0.03]).any(axis=1)] = 0.05
    elif kind == "hedge":
        colour *= (0.2 + 1.6 * value_noise(place * 7, seed + 2) * value_noise(place * 22, seed + 3) * 2)[:, None]
    if kind != "hedge":
        _add_openings(rng, place, size, colour, base * 0.4)
    return np.clip(colour, 0, 1).reshape(_TEXELS, _TEXELS, 3)


def _add_openings(
    rng: np.random.Generator, place: np.ndarray, size: float, colour: np.ndarray, frame_colour: np.ndarray
) -> None:
    """Paints doors, windows and posters on a wall's colours (n, 3) at places (n, 2), in place."""
    for _ in range(rng.integers(2, 7)):
        corner = rng.uniform(0, size, 2) * [1, 0.25]
        extent = rng.uniform([0.5, 0.7], [1.8, 2.2])
        inside = ((place > corner) & (place < corner + extent)).all(axis=1)
        frame = inside & ~((place > corner + 0.07) & (place < corner + extent - 0.07)).all(axis=1)
        colour[inside] = rng.uniform(0.03, 0.6) * np.exp(rng.normal(0, 0.35, 3))
        colour[frame] = frame_colour


def _texel(texture: np.ndarray, place: np.ndarray) -> np.ndarray:
    # The remainder of a division by one, without dividing.
    cells = ((place - np.floor(place)) * _TEXELS).astype(np.int64) % _TEXELS
    return texture[cells[:, 1], cells[:, 0]]
