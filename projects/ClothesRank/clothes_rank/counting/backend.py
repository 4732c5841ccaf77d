"""Which code counts: compiled loops, or torch where the input is a CUDA tensor, with equal results."""

from typing import Protocol

import numpy as np
import torch

from .cpu import CpuDistances, CpuFeatures
from .cuda import TorchDistances, TorchFeatures
from .kernels import Thresholds
from .sources import DistanceMatrix, FeaturePair
from .workers import Workers


class Backend(Protocol):
    """Distances of queries to gallery images, and how many images are closer than each of some.

    Attributes:
        queries_per_pass: how many queries a call may be about.
    """

    queries_per_pass: int

    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Exact distances (P,) float64 of pairs of the queries in a chunk, ascending within a query."""

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, worst_case: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value that an image as far as a pair's distance may have, both (P,)."""

    def count_closer(
        self,
        chunk: slice,
        thresholds: Thresholds,
        query_pids: np.ndarray,
        gallery_pids: np.ndarray,
        *,
        worst_case: bool,
    ) -> np.ndarray:
        """Fills thresholds.closer_count.

        Args:
            query_pids: (n,) of the queries in the chunk.
            gallery_pids: (G,).
            worst_case: as the bounds were made.

        Returns:
            (n,) bool, whether the values of a query were within their tolerance.
        """


def backend(source: FeaturePair | DistanceMatrix, workers: Workers) -> Backend:
    """The code that counts for a source."""
    if isinstance(source, DistanceMatrix):
        return (TorchDistances if isinstance(source.values, torch.Tensor) else CpuDistances)(source, workers)
    on_cuda = isinstance(source.query, torch.Tensor) or isinstance(source.gallery, torch.Tensor)
    return (TorchFeatures if on_cuda else CpuFeatures)(source, workers)


def cpu_backend(source: FeaturePair | DistanceMatrix, workers: Workers) -> CpuFeatures | CpuDistances:
    """The compiled code for a source, which is brought to main memory."""
    if isinstance(source, DistanceMatrix):
        return CpuDistances(source.on_cpu(), workers)
    return CpuFeatures(source.on_cpu(), workers)
