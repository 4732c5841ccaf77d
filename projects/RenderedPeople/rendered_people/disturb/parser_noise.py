"""What a parser gets wrong: edges, small regions, and which label a region has."""

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.ndimage import label as components

from rendered_people.labels import LABEL_ID

# Labels that parsers take for one another: of what was worn, and of what is bare and what is not.
_CONFUSED = (
    ("Upper-clothes", "Coat"),
    ("Upper-clothes", "Dress"),
    ("Coat", "Upper-clothes"),
    ("Dress", "Upper-clothes"),
    ("Skirt", "Dress"),
    ("Pants", "Skirt"),
    ("Pants", "Left-leg"),
    ("Left-arm", "Upper-clothes"),
    ("Right-arm", "Upper-clothes"),
    ("Left-leg", "Pants"),
    ("Right-leg", "Pants"),
    ("Scarf", "Upper-clothes"),
    ("Upper-clothes", "Scarf"),
    ("Hair", "Hat"),
    ("Hat", "Hair"),
    ("Face", "Hair"),
    ("Left-shoe", "Right-shoe"),
    ("Right-shoe", "Left-shoe"),
    ("Socks", "Left-leg"),
)
_EDGE = (1.0, 2.0, 3.0)
_SMALLEST = (0.005, 0.01, 0.02)
_BACKGROUND = LABEL_ID["Background"]


def parser_noise(labels: np.ndarray, rng: np.random.Generator, strength: int) -> np.ndarray:
    """A parsing map as a worse parser would give it; the image stays as it is.

    One, two or three labels of those on the person are taken for others they are often taken for; every region's edge
    moves in or out by 1, 2 or 3 pixels of an image 128 high (at least one); and regions of less than 0.5, 1 or 2 % of
    the image are lost to the background.

    Args:
        labels: (H, W) uint8, LIP.
        rng: Generator of the image; what is drawn does not depend on the strength.
        strength: 1, 2 or 3.

    Returns:
        (H, W) uint8, LIP.
    """
    order, edges = rng.permutation(len(_CONFUSED)), rng.random((2, len(LABEL_ID)))
    noisy = _confused(labels, [_CONFUSED[index] for index in order], strength)
    noisy = _moved_edges(noisy, edges, max(1.0, _EDGE[strength - 1] * labels.shape[0] / 128))
    return _without_small_regions(noisy, _SMALLEST[strength - 1] * labels.size)


def _confused(labels: np.ndarray, pairs: list[tuple[str, str]], count: int) -> np.ndarray:
    present = set(np.unique(labels))
    found = [(LABEL_ID[one], LABEL_ID[other]) for one, other in pairs if LABEL_ID[one] in present]
    table = np.arange(len(LABEL_ID), dtype=np.uint8)
    for one, other in found[:count]:
        table[one] = other
    return table[labels]


def _moved_edges(labels: np.ndarray, edges: np.ndarray, pixels: float) -> np.ndarray:
    """Lets each region grow or shrink, one after another; what one leaves goes to the nearest other one."""
    moved = labels.copy()
    turn, grows = np.argsort(edges[0]), edges[1] < 0.5
    for region in turn:
        inside = moved == region
        if region == _BACKGROUND or not inside.any() or inside.all():
            continue
        if grows[region]:
            moved[distance_transform_edt(~inside) <= pixels] = region
        else:
            depth, nearest = distance_transform_edt(inside, return_indices=True)
            rim = inside & (depth <= pixels)
            moved[rim] = moved[tuple(nearest[:, rim])]
    return moved


def _without_small_regions(labels: np.ndarray, least: float) -> np.ndarray:
    kept = labels.copy()
    for region in np.unique(labels):
        numbered, _ = components(labels == region)
        sizes = np.bincount(numbered.ravel())
        # Number 0 is all that is not of this label.
        small = sizes < least
        small[0] = False
        if region != _BACKGROUND:
            kept[small[numbered]] = _BACKGROUND
    return kept
