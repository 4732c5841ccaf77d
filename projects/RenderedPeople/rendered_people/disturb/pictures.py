"""What spoils a picture: the lens, the light, things in the way, and a detector's box.

Each takes an image (H, W, 3) uint8, its LIP labels (H, W) uint8, the generator of the image and a strength of 1, 2 or
3, and returns both anew. What is drawn does not depend on the strength: a stronger one is more of the same. Lengths are
pixels of an image 128 high.
"""

import numpy as np
from PIL import Image
from scipy.ndimage import convolve

from rendered_people.camera.occluders import Occluder, draw_occluder, hide
from rendered_people.colours import to_linear, to_srgb

Pixels = tuple[np.ndarray, np.ndarray]

_MOTION = (5.0, 9.0, 15.0)
_DEFOCUS = (1.2, 2.2, 3.6)
_STOPS = (2.0, 3.5, 5.0)
_SHOT_NOISE, _READ_NOISE = 2e-4, 2e-3
_HIDDEN = (0.2, 0.4, 0.6)
_CUT = (0.1, 0.2, 0.35)


def blur(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator, strength: int) -> Pixels:
    """Blurs by motion (a line of 5, 9 or 15 pixels, mostly across) or defocus (a disc of radius 1.2, 2.2 or 3.6)."""
    moves, angle = rng.random() < 0.5, np.radians(rng.normal(0, 20))
    scale = image.shape[0] / 128
    kernel = _line(_MOTION[strength - 1] * scale, angle) if moves else _disc(_DEFOCUS[strength - 1] * scale)
    light = to_linear(image / 255)
    blurred = np.stack([convolve(channel, kernel, mode="nearest") for channel in np.moveaxis(light, -1, 0)], axis=-1)
    return _developed(blurred), labels.copy()


def low_light(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator, strength: int) -> Pixels:
    """Takes 2, 3.5 or 5 stops of light away; the camera's gain gives half of them back, noise included."""
    stops = _STOPS[strength - 1]
    light = to_linear(image / 255) * 2**-stops
    noise = rng.normal(0, 1, light.shape) * np.sqrt(_SHOT_NOISE * light + _READ_NOISE**2)
    return _developed((light + noise) * 2 ** (stops / 2)), labels.copy()


def occlusion(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator, strength: int) -> Pixels:
    """Puts a pole, something low or an edge in front, which hides 20, 40 or 60 % of the person's pixels or a row more.

    An image without a person stays as it is.
    """
    drawn = draw_occluder(rng)
    place, from_left = rng.random(), rng.random() < 0.5
    person = labels > 0
    if not person.any():
        return image.copy(), labels.copy()
    height, width = labels.shape
    rows, columns = np.mgrid[:height, :width]
    if drawn.round:
        middle = np.quantile(columns[person], 0.25 + 0.5 * place, method="inverted_cdf")
        reached = np.abs(columns - middle)
    elif drawn.box[3] > 1 and drawn.box[1] > 0:
        reached = height - 1 - rows
    else:
        reached = columns if from_left else width - 1 - columns
    reach = np.quantile(reached[person], _HIDDEN[strength - 1], method="inverted_cdf")
    covered = reached <= reach
    top, left = np.argwhere(covered).min(axis=0)
    bottom, right = np.argwhere(covered).max(axis=0) + 1
    box = np.array([left / width, top / height, right / width, bottom / height])
    light = to_linear(image / 255)
    # Scenes reflect a quarter of the light or so.
    hidden, seen = hide(light, labels, Occluder(box, drawn.colour, drawn.round, drawn.seed), light.mean((0, 1)) / 0.25)
    return _developed(hidden), seen


def crop(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator, strength: int) -> Pixels:
    """Takes 10, 20 or 35 % of height and width off the box, where it comes, and fills the image with the rest."""
    height, width = labels.shape
    cut = _CUT[strength - 1]
    left, top = rng.random(2) * cut * [width, height]
    box = (left, top, left + (1 - cut) * width, top + (1 - cut) * height)
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC, box)
    nearest = Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST, box)
    return np.array(resized), np.array(nearest)


def _developed(light: np.ndarray) -> np.ndarray:
    return np.round(255 * to_srgb(light)).astype(np.uint8)


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    offsets = np.arange(-reach, reach + 1)
    kernel = np.clip(radius + 0.5 - np.hypot(offsets[:, None], offsets), 0, 1)
    return kernel / kernel.sum()


def _line(length: float, angle: float) -> np.ndarray:
    """Kernel of an even motion along a line, its light spread over the four pixels around each of its points."""
    reach = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    steps = np.linspace(-length / 2, length / 2, 8 * reach + 1)
    rows, columns = reach + steps * np.sin(angle), reach + steps * np.cos(angle)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, across = rows - top, columns - left
    for row, weight in ((top, 1 - down), (top + 1, down)):
        np.add.at(kernel, (row, left), weight * (1 - across))
        np.add.at(kernel, (row, left + 1), weight * across)
    return kernel / kernel.sum()
