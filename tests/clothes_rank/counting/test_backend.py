import numpy as np
import pytest
import torch

from clothes_rank.counting.backend import backend, cpu_backend
from clothes_rank.counting.cpu import CpuDistances, CpuFeatures
from clothes_rank.counting.cuda import TorchDistances, TorchFeatures
from clothes_rank.counting.sources import DistanceMatrix, FeaturePair
from clothes_rank.counting.workers import evaluation_workers

FEATURES, NORMS = np.eye(3, dtype=np.float32), np.ones(3)


@pytest.mark.parametrize(
    ("query", "gallery", "expected"),
    [
        (FEATURES, FEATURES, CpuFeatures),
        (torch.eye(3), FEATURES, TorchFeatures),
        (FEATURES, torch.eye(3), TorchFeatures),
    ],
)
def test_tensors_on_either_side_are_counted_by_torch(query, gallery, expected):
    with evaluation_workers() as workers:
        pair = FeaturePair(query, gallery, NORMS, NORMS, "cosine")
        assert type(backend(pair, workers)) is expected
        assert type(cpu_backend(pair, workers)) is CpuFeatures


@pytest.mark.parametrize(("values", "expected"), [(FEATURES, CpuDistances), (torch.eye(3), TorchDistances)])
def test_and_so_are_distances(values, expected):
    with evaluation_workers() as workers:
        assert type(backend(DistanceMatrix(values), workers)) is expected
        assert type(cpu_backend(DistanceMatrix(values), workers)) is CpuDistances
