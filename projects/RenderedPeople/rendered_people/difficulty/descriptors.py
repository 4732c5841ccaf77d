"""Colours of a region as a vector, and how far two are apart."""

import numpy as np

HISTOGRAM_STRIPES = 6
MEAN_STRIPES = 8
_BINS = 8


def histogram(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Histogram of each stripe and channel, of sum 1 where the region is in the stripe and 0 elsewhere.

    Args:
        image: (H, W, 3) uint8.
        region: (H, W) bool.

    Returns:
        (6 * 3 * 8,) float64.
    """
    bins = image // (256 // _BINS)
    feature = []
    for colours, inside in _stripes(bins, region, HISTOGRAM_STRIPES):
        counts = [np.bincount(colours[..., c][inside], minlength=_BINS) for c in range(3)]
        feature += [count / max(count.sum(), 1) for count in counts]
    return np.concatenate(feature)


def stripe_means(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Mean colour of each stripe.

    Args:
        image: (H, W, 3) uint8.
        region: (H, W) bool.

    Returns:
        (8 * 3,) float64 in [0, 255]; NaN where the region is not in the stripe.
    """
    means = [
        colours[inside].mean(axis=0) if inside.any() else np.full(3, np.nan)
        for colours, inside in _stripes(image, region, MEAN_STRIPES)
    ]
    return np.concatenate(means)


def standardised(features: np.ndarray, cameras: np.ndarray) -> np.ndarray:
    """Features with mean 0 and variance 1 among the images of each camera.

    Light, white balance and exposure of a camera are the same for all its images; no label of a person is used.

    Args:
        features: (n, d) float64; NaN where there is no value.
        cameras: (n,) int.

    Returns:
        (n, d) float64; 0, a camera's mean, where there was no value.
    """
    result = np.zeros_like(features)
    for camera in np.unique(cameras):
        here = cameras == camera
        values = features[here]
        known = ~np.isnan(values)
        count = np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, values - np.where(known, values, 0).sum(axis=0) / count, 0)
        spread = np.sqrt((centred**2).sum(axis=0) / count)
        result[here] = centred / np.where(spread > 0, spread, 1)
    return result


def absolute_distances(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """(Q, G) sums of absolute differences of (Q, d) and (G, d)."""
    return np.stack([np.abs(gallery - feature).sum(axis=1) for feature in query])


def squared_distances(query: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """(Q, G) sums of squared differences of (Q, d) and (G, d)."""
    return np.stack([((gallery - feature) ** 2).sum(axis=1) for feature in query])


def _stripes(image: np.ndarray, region: np.ndarray, count: int) -> zip:
    """The image and region in `count` level stripes from top to bottom."""
    return zip(np.array_split(image, count), np.array_split(region, count), strict=True)
