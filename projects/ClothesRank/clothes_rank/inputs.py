"""What ranking accepts: features and distances as numpy arrays or torch tensors, checked once, before any work."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch

from .counting import cpu, cuda
from .counting.sources import Array, DistanceMatrix, FeaturePair, as_numpy
from .counting.workers import evaluation_workers

METRICS = ("cosine", "euclidean")


class FeatureError(ValueError):
    """Features of which some rows cannot be ranked.

    Attributes:
        reason: ``not finite``, or ``zero``, which has no direction and so no cosine distance.
        rows: query or gallery -> (n,) int64, the rows, for the sides that have any.
    """

    def __init__(self, reason: Literal["not finite", "zero"], rows: Mapping[str, np.ndarray]):
        self.reason, self.rows = reason, rows
        side, found = next(iter(rows.items()))
        where = f"row {found[0]}" + (f" (and {len(found) - 1} more rows)" if len(found) > 1 else "")
        super().__init__(
            f"{side} features hold NaN or infinite values (or overflow) in {where}; "
            "expected finite numbers: did training diverge?"
            if reason == "not finite"
            else f"{side} features are all zero in {where}, which has no direction and so no cosine distance; "
            "use metric='euclidean' or look at how these features are made"
        )


def _plain(values: Any, name: str) -> Array:
    if isinstance(values, torch.Tensor):
        return values.detach() if values.is_cuda else as_numpy(values)
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} is a {type(values).__name__}, expected a numpy array or a torch tensor")
    return values


def _is_floating(values: Array) -> bool:
    if isinstance(values, torch.Tensor):
        return values.is_floating_point()
    return values.dtype in (np.float16, np.float32, np.float64)


def as_feature_pair(query_features: Any, gallery_features: Any) -> tuple[Array, Array]:
    """The features of both sides, unchanged but for the container: CUDA tensors stay, everything else becomes numpy.

    Raises:
        TypeError: they are not float arrays.
        ValueError: a side is empty or not two-dimensional, or the dimensions differ.
    """
    sides = {"query": _plain(query_features, "query_features"), "gallery": _plain(gallery_features, "gallery_features")}
    for side, features in sides.items():
        if features.ndim != 2:
            raise ValueError(
                f"{side}_features has shape {tuple(features.shape)}, expected (number of images, dimensions)"
            )
        if not _is_floating(features):
            raise TypeError(f"{side}_features has dtype {features.dtype}, expected floating point numbers")
        if features.shape[0] == 0:
            raise ValueError(f"{side}_features is empty: there is no {side} image to rank")
        if features.shape[1] == 0:
            raise ValueError(f"{side}_features has no dimension, expected at least one")
    query, gallery = sides["query"], sides["gallery"]
    if query.shape[1] != gallery.shape[1]:
        raise ValueError(
            f"query features have {query.shape[1]} dimensions and gallery features {gallery.shape[1]}, "
            "expected the same: are both from one model?"
        )
    return query, gallery


def check_features(query_features: Any, gallery_features: Any, metric: str) -> FeaturePair:
    """Features that can be ranked.

    Args:
        query_features, gallery_features: (Q, D), (G, D) float arrays or tensors.
        metric: of METRICS.

    Raises:
        TypeError: they are not float arrays.
        ValueError: a side is empty or not two-dimensional, the dimensions differ, or the metric is unknown.
        FeatureError: a feature is NaN, infinite, or zero with metric cosine.
    """
    query, gallery = as_feature_pair(query_features, gallery_features)
    check_metric(metric)
    norms = {}
    with evaluation_workers() as workers:
        for side, features in (("query", query), ("gallery", gallery)):
            if isinstance(query, torch.Tensor) or isinstance(gallery, torch.Tensor):
                norms[side] = cuda.norms(features, cuda.shared_device(query, gallery))
            else:
                norms[side] = cpu.norms(as_numpy(features), workers)
    check_norms(norms, metric)
    return FeaturePair(query, gallery, norms["query"], norms["gallery"], metric)


def check_metric(metric: str) -> str:
    """Raises: ValueError where the metric is not in METRICS."""
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}, expected one of {', '.join(METRICS)}")
    return metric


def check_whole(value: int, name: str) -> int:
    """Raises: ValueError where the value is not a positive whole number."""
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise ValueError(f"{name} is {value!r}, expected a whole number of at least 1")
    return int(value)


def check_norms(norms: Mapping[str, np.ndarray], metric: str) -> None:
    """Looks at features by their norms.

    Args:
        norms: query or gallery -> (N,) floats.
        metric: of METRICS.

    Raises:
        FeatureError: a norm is not finite, or zero with metric cosine.
    """
    broken = {side: rows for side, of_side in norms.items() if len(rows := np.flatnonzero(~np.isfinite(of_side)))}
    if broken:
        raise FeatureError("not finite", broken)
    empty = {side: rows for side, of_side in norms.items() if len(rows := np.flatnonzero(of_side == 0))}
    if metric == "cosine" and empty:
        raise FeatureError("zero", empty)


def check_distances(distances: Any) -> DistanceMatrix:
    """A (Q, G) distance matrix. Whether its numbers are finite is looked at when they are read.

    Raises:
        TypeError: it is no array of real numbers.
        ValueError: it is empty or not two-dimensional.
    """
    distances = _plain(distances, "distances")
    if distances.ndim != 2:
        raise ValueError(f"distances has shape {tuple(distances.shape)}, expected (queries, gallery images)")
    for side, length in zip(("query", "gallery"), distances.shape, strict=True):
        if length == 0:
            raise ValueError(f"distances has shape {tuple(distances.shape)}: there is no {side} image to rank")
    if not isinstance(distances, torch.Tensor) and distances.dtype.kind not in "iuf":
        raise TypeError(f"distances has dtype {distances.dtype}, expected real numbers")
    return DistanceMatrix(distances)
