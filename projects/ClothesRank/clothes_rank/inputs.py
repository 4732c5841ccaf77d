"""What ranking accepts: features and distances as numpy arrays or torch tensors, checked before any work."""

import numpy as np
import torch

METRICS = ("cosine", "euclidean")


def _plain(values, name: str):
    if isinstance(values, torch.Tensor):
        values = values.detach()
        if values.is_cuda:
            return values
        values = values.cpu()
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} is a {type(values).__name__}, expected a numpy array or a torch tensor")
    return values


def _is_floating(values) -> bool:
    if isinstance(values, torch.Tensor):
        return values.is_floating_point()
    return values.dtype in (np.float16, np.float32, np.float64)


def as_feature_pair(query_features, gallery_features):
    """The features of both sides, unchanged but for the container: CUDA tensors stay, everything else becomes numpy.

    Raises: TypeError where they are not float arrays; ValueError where a side is empty, not two-dimensional, or the
        dimensions differ.
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


def check_metric(metric: str) -> str:
    """Raises: ValueError where the metric is not in METRICS."""
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}, expected one of {', '.join(METRICS)}")
    return metric


def check_max_rank(max_rank: int) -> int:
    """Raises: ValueError where max_rank is not a positive whole number."""
    if isinstance(max_rank, bool) or int(max_rank) != max_rank or max_rank < 1:
        raise ValueError(f"max_rank is {max_rank!r}, expected a whole number of at least 1")
    return int(max_rank)


def check_norms(norms: np.ndarray, side: str, metric: str) -> None:
    """Raises: ValueError naming the rows whose norm (N,) is not finite, or zero where the metric is cosine."""
    broken = np.flatnonzero(~np.isfinite(norms))
    if len(broken):
        raise ValueError(
            f"{side} features hold NaN or infinite values (or overflow) in {_rows(broken)}; "
            "expected finite numbers: did training diverge?"
        )
    empty = np.flatnonzero(norms == 0)
    if metric == "cosine" and len(empty):
        raise ValueError(
            f"{side} features are all zero in {_rows(empty)}, which has no direction and so no cosine distance; "
            "use metric='euclidean' or look at how these features are made"
        )


def _rows(indices: np.ndarray) -> str:
    named = f"row {indices[0]}"
    return named if len(indices) == 1 else f"{named} (and {len(indices) - 1} more rows)"


def as_distances(distances):
    """A (Q, G) distance matrix, unchanged but for the container: a CUDA tensor stays, everything else becomes numpy.

    Raises: TypeError where it is no numeric array; ValueError where it is empty or not two-dimensional.
    """
    distances = _plain(distances, "distances")
    if distances.ndim != 2:
        raise ValueError(f"distances has shape {tuple(distances.shape)}, expected (queries, gallery images)")
    for side, length in zip(("query", "gallery"), distances.shape, strict=True):
        if length == 0:
            raise ValueError(f"distances has shape {tuple(distances.shape)}: there is no {side} image to rank")
    if not isinstance(distances, torch.Tensor) and distances.dtype.kind not in "iuf":
        raise TypeError(f"distances has dtype {distances.dtype}, expected real numbers")
    return distances
