"""Other backgrounds behind people, so that a model does not learn its cameras by heart."""

import random
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

Scene = tuple[np.ndarray, np.ndarray]

# Standard deviations of the blurs, in heights of the image.
_BLUR = 0.05
_FILL = 0.1


class BackgroundAugmentation:
    """Replaces, blurs or blacks what is background in a parsing map.

    It works on an image as it was read: nothing travels with it to the network. A background mask as a further channel
    would change what every batch, export and collate function of the project knows as an image, go through each
    geometric step, and be needed again by nobody; and after resizing, pixels between person and background hold both.
    Here each pixel is one or the other, and the edge is drawn by the image's own antialiased resizing. It draws from
    Python's generator, which the project's loaders seed for each sample.

    Args:
        replace: probability of the background of another image, whose person is filled in from around.
        blur: probability of the own background, blurred.
        black: probability of black. Together at most 1.

    Raises:
        ValueError: the probabilities are none.
    """

    def __init__(self, replace: float = 0.0, blur: float = 0.0, black: float = 0.0):
        if min(replace, blur, black) < 0 or not replace + blur + black <= 1:
            raise ValueError(
                f"replace, blur and black are {replace}, {blur} and {black}; expected probabilities of at most 1 in all"
            )
        self.replace = replace
        self.blur = blur
        self.black = black

    def __call__(self, image: np.ndarray, background: np.ndarray, another: Callable[[], Scene]) -> np.ndarray:
        """The image, maybe with another background.

        Args:
            image: (H, W, 3) uint8.
            background: (H, W) bool, True where no person is.
            another: gives another image and its background, of any size; asked where it is needed only.

        Returns:
            (H, W, 3) uint8; the person's pixels are as they were.

        Raises:
            ValueError: shapes differ.
        """
        if image.shape != (*background.shape, 3):
            raise ValueError(f"image and background have shapes {image.shape} and {background.shape}")
        drawn = random.random()
        if drawn < self.replace:
            return np.where(background[..., None], empty_scene(*another(), background.shape), image)
        if drawn < self.replace + self.blur:
            return np.where(background[..., None], spread(image, background, _BLUR), image)
        if drawn < self.replace + self.blur + self.black:
            return np.where(background[..., None], np.zeros_like(image), image)
        return image


def empty_scene(image: np.ndarray, background: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The background of an image without its person, in another size.

    Args:
        image: (H, W, 3) uint8.
        background: (H, W) bool.
        size: (height, width) in pixels.

    Returns:
        (height, width, 3) uint8.
    """
    filled = np.where(background[..., None], image, spread(image, background, _FILL))
    return np.asarray(Image.fromarray(filled).resize(size[::-1], Image.Resampling.BILINEAR))


def spread(image: np.ndarray, background: np.ndarray, sigma: float) -> np.ndarray:
    """A blurred image into which nothing of the person comes.

    Args:
        image: (H, W, 3) uint8.
        background: (H, W) bool.
        sigma: of the blur, in heights of the image.

    Returns:
        (H, W, 3) uint8; where no background is near, its mean; black without any.
    """
    shown = background[..., None].astype(np.float64)
    pixels = sigma * len(image)
    weights = gaussian_filter(shown, (pixels, pixels, 0))
    sums = gaussian_filter(image * shown, (pixels, pixels, 0))
    mean = (image * shown).sum((0, 1)) / max(1.0, shown.sum())
    return np.where(weights > 1e-3, sums / np.maximum(weights, 1e-3), mean).round().clip(0, 255).astype(np.uint8)
