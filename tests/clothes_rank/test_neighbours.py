"""Exact nearest neighbours, in order."""

import numpy as np
import pytest
import torch

from clothes_rank import neighbours
from clothes_rank.neighbours import nearest_neighbours


@pytest.mark.parametrize("metric", ["euclidean", "inner_product"])
def test_neighbours_in_order(metric):
    features = np.random.default_rng(0).integers(-3, 4, (40, 5)).astype(np.float32)
    found, indices = nearest_neighbours(features, 40, metric=metric)
    for row in range(40):
        products = features @ features[row]
        values = products if metric == "inner_product" else ((features - features[row]) ** 2).sum(1)
        order = sorted(range(40), key=lambda g, v=values: (-v[g] if metric == "inner_product" else v[g], g))
        assert indices[row].tolist() == order
        np.testing.assert_array_equal(found[row], values[order])


def test_neighbours_leave_faiss_threads_as_found(monkeypatch):
    before = neighbours.faiss.omp_get_max_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    nearest_neighbours(np.eye(3, dtype=np.float32), 2, metric="euclidean")
    assert neighbours.faiss.omp_get_max_threads() == before
