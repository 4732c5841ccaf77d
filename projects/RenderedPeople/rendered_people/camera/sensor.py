"""From light to a picture: lens, exposure, noise, tone and compression of a camera."""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from rendered_people.camera.cameras import Camera, View
from rendered_people.colours import to_srgb

# Above this light, highlights roll off as on film instead of burning out.
_KNEE = 0.5


def develop(light: np.ndarray, camera: Camera, view: View, rng: np.random.Generator) -> np.ndarray:
    """Picture of the light that reaches a camera.

    Args:
        light: (H, W, 3) float64, linear RGB.
        camera: What takes it.
        view: Where the person stands in it.
        rng: Generator of the image, for the noise.

    Returns:
        (H, W, 3) uint8, sRGB.
    """
    sigma = camera.blur * view.blur * light.shape[0] / 128
    light = gaussian_filter(light, (sigma, sigma, 0), mode="nearest") * camera.white_balance * view.exposure
    light = np.where(light > _KNEE, 1 - (1 - _KNEE) ** 2 / (1 - 2 * _KNEE + light), light)
    grain = rng.normal(0, camera.noise, light.shape) * np.sqrt(np.clip(light, 0.02, 1) / 0.2)
    picture = np.round(255 * to_srgb(light + grain)).astype(np.uint8)
    compressed = io.BytesIO()
    Image.fromarray(picture).save(compressed, "JPEG", quality=camera.quality)
    with Image.open(compressed) as image:
        return np.asarray(image)
