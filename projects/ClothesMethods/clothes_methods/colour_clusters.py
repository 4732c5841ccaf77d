"""Outfits told apart by the colours of the clothes, for data whose outfits nobody has labelled."""

from collections.abc import Hashable, Sequence

import numpy as np
from sklearn.cluster import AgglomerativeClustering

_STRIPES = 4
# XYZ of linear sRGB, divided by the white point D65 (IEC 61966-2-1, CIE 15).
_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
) / np.array([[0.950456], [1.0], [1.088754]])


def clothing_colours(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean colours of the clothes in stripes from their top to their bottom.

    Args:
        image: (H, W, 3) uint8, sRGB.
        mask: (H, W), 1 on clothing and 0 elsewhere.

    Returns:
        (12,) float64, CIELAB of four stripes; a stripe without clothing has the mean of all, and an image without any
        has zeros. Distances are divided by 2, so that one is about the colour difference of a stripe.

    Raises:
        ValueError: shapes differ.
    """
    if image.shape != (*mask.shape, 3):
        raise ValueError(f"image and mask have shapes {image.shape} and {mask.shape}; expected (H, W, 3) and (H, W)")
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return np.zeros(3 * _STRIPES)
    colours = _lab(image[rows, columns])
    top, bottom = rows.min(), rows.max() + 1
    stripe = (rows - top) * _STRIPES // (bottom - top)
    mean = colours.mean(axis=0)
    means = [colours[stripe == number].mean(axis=0) if (stripe == number).any() else mean for number in range(_STRIPES)]
    return np.concatenate(means) / np.sqrt(_STRIPES)


def colour_clusters(
    colours: np.ndarray, pids: Sequence[Hashable], *, clusters: int = 0, distance: float = 15.0
) -> np.ndarray:
    """Numbers each person's images by which look like one outfit: average linkage, without a random number.

    Args:
        colours: (N, D) float of N images, see :func:`clothing_colours`.
        pids: of N images.
        clusters: outfits of each person, as many as they have images at most; 0: as ``distance`` says.
        distance: mean colour difference (CIELAB) from which two groups are two outfits; above 0.

    Returns:
        (N,) int64, from 0 for each person in the order of their images.

    Raises:
        ValueError: lengths differ or an argument is out of its range.
    """
    if len(colours) != len(pids):
        raise ValueError(f"{len(colours)} colours and {len(pids)} people; expected as many of each")
    if clusters < 0 or not distance > 0:
        raise ValueError(f"clusters is {clusters} and distance {distance}; expected at least 0 and more than 0")
    members: dict[Hashable, list[int]] = {}
    for index, pid in enumerate(pids):
        members.setdefault(pid, []).append(index)
    labels = np.zeros(len(pids), dtype=np.int64)
    for indices in members.values():
        if len(indices) > 1:
            labels[indices] = _in_order(_grouped(colours[indices], clusters, distance))
    return labels


def _grouped(colours: np.ndarray, clusters: int, distance: float) -> np.ndarray:
    wanted = {"n_clusters": min(clusters, len(colours))} if clusters else {"distance_threshold": distance}
    found: np.ndarray = AgglomerativeClustering(**{"n_clusters": None, **wanted}, linkage="average").fit_predict(
        colours
    )
    return found


def _in_order(labels: np.ndarray) -> np.ndarray:
    """The same groups, numbered by their first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _lab(colours: np.ndarray) -> np.ndarray:
    """(N, 3) uint8 sRGB to CIELAB."""
    srgb = colours / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
