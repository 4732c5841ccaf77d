import numpy as np
import pytest
import torch

from clothes_rank.counting.sources import DistanceMatrix, FeaturePair, as_numpy

QUERIES, IMAGES = np.array([2, 0]), np.array([4, 4, 1])


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_some_rows_and_columns_are_taken(kind):
    generator = np.random.default_rng(0)
    query, gallery = generator.standard_normal((3, 6)), generator.standard_normal((5, 6))
    norms = np.arange(3.0), np.arange(5.0)
    pair = FeaturePair(kind(query), kind(gallery), *norms, "cosine")
    assert (pair.dim, pair.shape) == (6, (3, 5))
    some = pair.take(QUERIES, IMAGES)
    assert (some.shape, some.metric) == ((2, 3), "cosine")
    np.testing.assert_array_equal(as_numpy(some.query), query[[2, 0]])
    np.testing.assert_array_equal(as_numpy(some.gallery), gallery[[4, 4, 1]])
    assert (some.query_norms.tolist(), some.gallery_norms.tolist()) == ([2, 0], [4, 4, 1])
    # All of a side: as it is, without a copy.
    half = pair.take(None, IMAGES)
    assert half.query is pair.query
    assert half.query_norms is pair.query_norms

    matrix = DistanceMatrix(kind(query @ gallery.T))
    assert matrix.shape == (3, 5)
    np.testing.assert_array_equal(as_numpy(matrix.take(QUERIES, IMAGES).values), (query @ gallery.T)[[2, 0]][:, IMAGES])
    assert matrix.take(None, None).values is matrix.values


def test_in_main_memory_everything_is_an_array():
    array = np.ones((2, 2), np.float16)
    assert as_numpy(array) is array
    brain = torch.tensor([[1.0, 2.5]], dtype=torch.bfloat16, requires_grad=True)
    assert as_numpy(brain).tolist() == [[1.0, 2.5]]
    assert as_numpy(brain).dtype == np.float32
    pair = FeaturePair(brain, array, np.ones(1), np.ones(2), "euclidean").on_cpu()
    assert isinstance(pair.query, np.ndarray)
    assert pair.gallery is array
    assert isinstance(DistanceMatrix(brain).on_cpu().values, np.ndarray)
