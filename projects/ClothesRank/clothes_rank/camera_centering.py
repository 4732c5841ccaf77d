"""Takes out of descriptors what all images of a camera have in common, without any label of a person.

A network that has never seen a camera gives its images a part of their own: light, background, point of view. Within a
gallery of several cameras it brings a camera's images nearer to each other than a person's, and the first places go to
strangers before the query's camera. Means of features by camera are a domain's statistics, as in Zhuang et al.,
Rethinking the Distribution Gap of Person Re-identification with Camera-Based Batch Normalization (ECCV 2020), which
takes them inside the network.
"""

from typing import TypeVar

import numpy as np
import torch

from .counting.sources import as_numpy, like
from .inputs import as_feature_pair, check_norms

_Features = TypeVar("_Features", np.ndarray, torch.Tensor)


def center_by_camera(
    query_features: _Features,
    gallery_features: _Features,
    query_cameras: np.ndarray | torch.Tensor,
    gallery_cameras: np.ndarray | torch.Tensor,
    *,
    metric: str = "cosine",
    prior: float = 10.0,
) -> tuple[_Features, _Features]:
    """Subtracts from each feature the mean over its camera's images, queries and gallery together.

    The mean of a camera with few images would be those people themselves. So it is drawn to the mean of all images, as
    if the camera had ``prior`` more of those: (sum of the camera's + prior * mean of all) / (count + prior).

    Figures that follow depend on which images are in the test set, as with re-ranking: they are not those of the plain
    protocol, and must not bear its name.

    Args:
        query_features, gallery_features: (Q, D), (G, D) float arrays or tensors; not changed.
        query_cameras, gallery_cameras: (Q,), (G,) int camera labels.
        metric: with cosine each feature is brought to length 1 first, so that all images weigh the same.
        prior: images of the mean of all that each camera's has besides its own, at least 0.

    Returns:
        The two sides, (Q, D) and (G, D) float32: a tensor on its device where a tensor was given, else an array.

    Raises:
        ValueError, TypeError: features as for Retrieval; labels of another number; a prior below 0.
    """
    if not prior >= 0:
        raise ValueError(f"prior={prior}: expected at least 0")
    as_feature_pair(query_features, gallery_features)
    sides = [np.asarray(as_numpy(features), np.float32) for features in (query_features, gallery_features)]
    labels = [np.asarray(as_numpy(cameras)) for cameras in (query_cameras, gallery_cameras)]
    for side, of_side, name in zip(sides, labels, ("query", "gallery"), strict=True):
        if of_side.shape != (len(side),):
            raise ValueError(f"{name} cameras have the shape {of_side.shape}; expected ({len(side)},)")
    features = np.concatenate(sides)
    num_query = len(sides[0])
    if metric == "cosine":
        norms = np.linalg.norm(features, axis=1, keepdims=True)
        check_norms({"query": norms[:num_query, 0], "gallery": norms[num_query:, 0]}, metric)
        features = features / norms
    _, camera = np.unique(np.concatenate(labels), return_inverse=True)
    counts = np.bincount(camera)
    rows_of = np.split(np.argsort(camera, kind="stable"), np.cumsum(counts)[:-1])
    # In float64: a camera may have a million images.
    sums = np.stack([features[rows].sum(axis=0, dtype=np.float64) for rows in rows_of])
    means = (sums + prior * sums.sum(axis=0) / len(features)) / (counts + prior)[:, None]
    features = features - means.astype(np.float32)[camera]
    return like(query_features, features[:num_query]), like(gallery_features, features[num_query:])
