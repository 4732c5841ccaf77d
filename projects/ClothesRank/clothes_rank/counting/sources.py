"""What distances come from: features of both sides, or a matrix. Made by ``inputs``, which checks them."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

# CUDA tensors stay tensors; everything else is a numpy array.
Array = np.ndarray | torch.Tensor
_Given = TypeVar("_Given", np.ndarray, torch.Tensor)


@dataclass(frozen=True, eq=False)
class FeaturePair:
    """Features that can be ranked by a metric.

    Attributes:
        query, gallery: (Q, D), (G, D) floats.
        query_norms, gallery_norms: (Q,), (G,) float64, finite; above 0 where the metric is cosine.
        metric: cosine or euclidean.
    """

    query: Array
    gallery: Array
    query_norms: np.ndarray
    gallery_norms: np.ndarray
    metric: str

    @property
    def dim(self) -> int:
        """D."""
        return self.query.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, G)."""
        return len(self.query), len(self.gallery)

    def take(self, queries: np.ndarray | None, images: np.ndarray | None) -> "FeaturePair":
        """The pair with some queries and some gallery images, (n,) int64; None: all of them."""
        query, query_norms = _rows(self.query, self.query_norms, queries)
        gallery, gallery_norms = _rows(self.gallery, self.gallery_norms, images)
        return FeaturePair(query, gallery, query_norms, gallery_norms, self.metric)

    def on_cpu(self) -> "FeaturePair":
        """The pair in main memory."""
        query, gallery = as_numpy(self.query), as_numpy(self.gallery)
        return FeaturePair(query, gallery, self.query_norms, self.gallery_norms, self.metric)


@dataclass(frozen=True, eq=False)
class DistanceMatrix:
    """Distances that are given.

    Attributes:
        values: (Q, G) real numbers. Whether they are finite is looked at when they are read.
    """

    values: Array

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, G)."""
        return self.values.shape[0], self.values.shape[1]

    def take(self, queries: np.ndarray | None, images: np.ndarray | None) -> "DistanceMatrix":
        """The matrix of some queries and some gallery images, (n,) int64; None: all of them."""
        values = self.values if queries is None else self.values[_index(self.values, queries)]
        return DistanceMatrix(values if images is None else values[:, _index(values, images)])

    def on_cpu(self) -> "DistanceMatrix":
        """The matrix in main memory."""
        return DistanceMatrix(as_numpy(self.values))


def as_numpy(array: Array) -> np.ndarray:
    """A tensor as an array in main memory, bfloat16 as float32; an array as it is."""
    if not isinstance(array, torch.Tensor):
        return array
    array = array.detach().cpu()
    return (array.float() if array.dtype == torch.bfloat16 else array).numpy()


def like(given: _Given, array: np.ndarray) -> _Given:
    """An array as a tensor on the device of a given tensor; beside a given array, as it is."""
    return torch.from_numpy(array.copy()).to(given.device) if isinstance(given, torch.Tensor) else array


def _index(array: Array, indices: np.ndarray) -> Array:
    return torch.from_numpy(indices).to(array.device) if isinstance(array, torch.Tensor) else indices


def _rows(features: Array, norms: np.ndarray, rows: np.ndarray | None) -> tuple[Array, np.ndarray]:
    return (features, norms) if rows is None else (features[_index(features, rows)], norms[rows])
