"""Which pixels of an image are described."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import binary_dilation

from rendered_people.labels import LABEL_ID

_CLOTHES = [
    LABEL_ID[name]
    for name in ("Glove", "Upper-clothes", "Dress", "Coat", "Socks", "Pants", "Jumpsuits", "Scarf", "Skirt")
    + ("Left-shoe", "Right-shoe")
]
_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def clothes(labels: np.ndarray) -> np.ndarray:
    """(H, W) bool, what is worn below the neck, of LIP labels (H, W)."""
    return np.isin(labels, _CLOTHES)


def rim(labels: np.ndarray, distance: int) -> np.ndarray:
    """Pixels just outside the clothes: what a mask of the clothes, widened by `distance` - 1, leaves of them.

    Lens, samples and compression carry colours of the clothes over their outline: it is these pixels that tell a
    network of masked images what is worn.

    Args:
        labels: (H, W) LIP labels.
        distance: 1 for the pixels that touch the clothes, diagonally too, 2 for the next ones, and so on.

    Returns:
        (H, W) bool.
    """
    inside = clothes(labels)
    if distance > 1:
        inside = binary_dilation(inside, _NEIGHBOURS, iterations=distance - 1)
    return binary_dilation(inside, _NEIGHBOURS) & ~inside


REGIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "whole image": lambda labels: np.ones(labels.shape, dtype=bool),
    "person": lambda labels: labels > 0,
    "clothes": clothes,
    "head and skin": lambda labels: (labels > 0) & ~clothes(labels),
    "rim of clothes, 1st px": lambda labels: rim(labels, 1),
    "rim of clothes, 2nd px": lambda labels: rim(labels, 2),
    "rim of clothes, 3rd px": lambda labels: rim(labels, 3),
}
