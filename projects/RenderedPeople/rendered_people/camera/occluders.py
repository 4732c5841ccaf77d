"""Things that stand between camera and person."""

from dataclasses import dataclass

import numpy as np

from rendered_people.colours import hex_colour
from rendered_people.noise import value_noise

_COLOURS = ("#2f3133", "#75706a", "#a8aaac", "#5b4634", "#37492f", "#8a3a2c", "#c8b98f")


@dataclass(frozen=True)
class Occluder:
    """An upright thing that hides a part of the picture.

    Attributes:
        box: (4,) left, top, right, bottom as shares of the picture.
        colour: (3,) linear RGB.
        round: Whether it is lit as a pole is.
        seed: Seed of its texture.
    """

    box: np.ndarray
    colour: np.ndarray
    round: bool
    seed: int


def draw_occluder(rng: np.random.Generator) -> Occluder:
    """Occluder of an image, drawn from its generator: a pole, something low, or the edge of something near."""
    kind = rng.choice(["pole", "low", "edge"])
    if kind == "pole":
        left = rng.uniform(0.1, 0.8)
        box = [left, -1, left + rng.uniform(0.06, 0.14), 2]
    elif kind == "low":
        box = [rng.uniform(-0.3, 0.3), rng.uniform(0.62, 0.85), rng.uniform(0.6, 1.3), 2]
    else:
        depth = rng.uniform(0.15, 0.32)
        box = [-1, -1, depth, 2] if rng.random() < 0.5 else [1 - depth, -1, 2, 2]
    colour = hex_colour(str(rng.choice(_COLOURS))) * rng.uniform(0.7, 1.2)
    return Occluder(np.array(box), colour, kind == "pole", int(rng.integers(2**31)))


def hide(
    light: np.ndarray, labels: np.ndarray, occluder: Occluder, brightness: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Puts an occluder in front of a picture.

    Args:
        light: (H, W, 3) linear RGB.
        labels: (H, W) uint8.
        occluder: What stands in front.
        brightness: (3,) light on it.

    Returns:
        The light (H, W, 3) and the labels (H, W) uint8, 0 (Background) where the occluder covers at least half of a
        pixel; both new.
    """
    height, width = labels.shape
    left, top, right, bottom = occluder.box * [width, height, width, height]
    columns, rows = np.arange(width), np.arange(height)
    across = np.clip(np.minimum(right, columns + 1) - np.maximum(left, columns), 0, 1)
    down = np.clip(np.minimum(bottom, rows + 1) - np.maximum(top, rows), 0, 1)
    share = down[:, None] * across
    place = np.stack(np.meshgrid(columns / width, rows / width), axis=-1).reshape(-1, 2)
    texture = 0.75 + 0.5 * value_noise(place * [14, 5], occluder.seed).reshape(height, width)
    if occluder.round:
        turn = np.clip((columns + 0.5 - left) / (right - left), 0, 1)
        texture = texture * (0.35 + 0.8 * np.sqrt(turn * (1 - turn)) * 2)
    surface = texture[..., None] * occluder.colour * brightness
    return light + share[..., None] * (surface - light), np.where(share >= 0.5, 0, labels).astype(np.uint8)
