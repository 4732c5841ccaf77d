"""Query expansion, against its formula written as a loop, and against the host's code."""

import numpy as np
import pytest
import torch

from clothes_rank.query_expansion import expand_queries


def expand_slowly(query, gallery, times, k, alpha):
    features = [row.astype(np.float64) for row in (*query, *gallery)]
    for _ in range(times):
        units = [row / np.linalg.norm(row) for row in features]
        expanded = []
        for unit in units:
            similarities = [float(unit @ other) for other in units]
            nearest = sorted(range(len(units)), key=lambda g, s=similarities: (-s[g], g))[:k]
            expanded.append(sum(max(similarities[g], 0.0) ** alpha * features[g] for g in nearest) / len(nearest))
        features = expanded
    return np.array(features[: len(query)]), np.array(features[len(query) :])


@pytest.mark.parametrize(("times", "k", "alpha"), [(1, 5, 3.0), (2, 4, 1.0), (3, 1, 2.5), (1, 500, 0.5), (0, 5, 3.0)])
def test_expansion_formula(clusters, times, k, alpha):
    found = expand_queries(*clusters, times=times, k=k, alpha=alpha)
    for side, expected in zip(found, expand_slowly(*clusters, times, k, alpha), strict=True):
        assert side.dtype == np.float32
        np.testing.assert_allclose(side, expected, rtol=1e-4, atol=1e-5)


def test_expansion_is_the_hosts(clusters):
    from fastreid.evaluation.query_expansion import aqe

    tensors = tuple(map(torch.from_numpy, clusters))
    found = expand_queries(*tensors, times=2, k=3, alpha=3.0)
    for side, expected in zip(found, aqe(*tensors, 2, 3, 3.0), strict=True):
        assert isinstance(side, torch.Tensor)
        torch.testing.assert_close(side, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{"times": -1}, {"k": 0}, {"alpha": -0.5}])
def test_expansion_options_out_of_range(options):
    with pytest.raises(ValueError, match="expected times >= 0, k >= 1 and alpha >= 0"):
        expand_queries(np.ones((1, 2)), np.ones((2, 2)), **options)


def test_features_are_checked():
    with pytest.raises(ValueError, match="gallery features hold NaN or infinite values .* in row 1;"):
        expand_queries(np.ones((1, 2)), np.array([[1.0, 1.0], [np.nan, 1.0]]))
    with pytest.raises(ValueError, match="query features are all zero in row 0,"):
        expand_queries(np.zeros((1, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="gallery_features is empty"):
        expand_queries(np.ones((1, 2)), np.ones((0, 2)))
