"""Descriptors of tracklets: weighted means over frames that arrive one after another."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F


class TrackletMeans:
    """Sums descriptors of frames by tracklet; holds one vector a tracklet, however many frames come.

    Frames of a tracklet may be spread over batches, and over processes whose sums are added up.
    """

    def __init__(self) -> None:
        self._sums: dict[int, torch.Tensor] = {}
        self._labels: dict[int, tuple[int, ...]] = {}

    def add(
        self, features: torch.Tensor, weights: torch.Tensor, tracklets: torch.Tensor, labels: Iterable[torch.Tensor]
    ) -> None:
        """Adds a batch.

        Args:
            features: (N, D) float, on the CPU.
            weights: (N,) float, shares of the frames.
            tracklets: (N,) int, which tracklet a frame is of.
            labels: (N,) int each, the tracklet's own.
        """
        weighted = features.double() * weights.double()[:, None]
        for row, values in zip(
            weighted, zip(tracklets.tolist(), *(part.tolist() for part in labels), strict=True), strict=True
        ):
            tracklet, *own = values
            self._sums[tracklet] = self._sums[tracklet] + row if tracklet in self._sums else row.clone()
            self._labels[tracklet] = tuple(own)

    def merge(self, other: "TrackletMeans") -> None:
        """Adds the sums of another process."""
        for tracklet, total in other._sums.items():
            self._sums[tracklet] = self._sums[tracklet] + total if tracklet in self._sums else total
        self._labels.update(other._labels)

    def finish(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """(T, D) float32 descriptors of length 1 and (T,) int64 of each label (pid, camera, clothes), by tracklet."""
        order = sorted(self._sums)
        features = F.normalize(torch.stack([self._sums[tracklet] for tracklet in order]), dim=1)
        labels = torch.tensor([self._labels[tracklet] for tracklet in order], dtype=torch.int64)
        pids, cameras, clothes = labels.T
        return features.float(), pids, cameras, clothes
