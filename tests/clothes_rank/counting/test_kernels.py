"""The compiled loops beside the same in Python, to the last bit where that is promised."""

import itertools

import numpy as np
import pytest

from clothes_rank.counting import kernels
from clothes_rank.counting.kernels import LANES, REMAINDER, Side


def added_up(terms):
    """The sum whose order kernels.py promises, one addition at a time."""
    partial = [0.0] * LANES
    for i, term in enumerate(terms):
        partial[i % LANES] += term
    while len(partial) > REMAINDER:
        half = len(partial) // 2
        partial = [first + second for first, second in zip(partial[:half], partial[half:], strict=True)]
    total = partial[0]
    for value in partial[1:]:
        total += value
    return total


@pytest.fixture(scope="module")
def sides():
    """Features of 5 queries and 7 gallery images over one and a half rounds of lanes, with their norms."""
    generator = np.random.default_rng(0)
    made = []
    for size in (5, 7):
        features = generator.standard_normal((size, LANES + 37)).astype(np.float32)
        norms = np.empty(size)
        kernels.norms(features, norms, 0, size)
        made.append(Side(features, norms, np.empty(0, np.int64)))
    return made


def test_sums_are_added_in_the_order_that_is_promised(sides):
    for side in sides:
        expected = [np.sqrt(added_up([float(x) * float(x) for x in row])) for row in side.features]
        assert side.norms.tolist() == expected


def test_only_the_rows_asked_for_are_written(sides):
    result = np.full(7, -1.0)
    kernels.norms(sides[1].features, result, 2, 4)
    assert (result >= 0).tolist() == [False, False, True, True, False, False, False]
    target = np.full((7, LANES + 38), 9.0, np.float32)
    kernels.scaled(sides[1].features, np.arange(7.0), target, 1, 3)
    assert (target[[0, 3, 4, 5, 6]] == 9).all()
    assert (target[:, -1] == 9).all()
    np.testing.assert_array_equal(target[2, :-1], sides[1].features[2] * np.float32(2))


@pytest.mark.parametrize("metric", [kernels.COSINE, kernels.EUCLIDEAN])
def test_pair_distances_of_a_block_are_exact(sides, metric):
    query, gallery = sides
    # Every query with every second image; the block is images 3 to 6.
    members = np.tile(np.arange(0, 7, 2), 5)
    offsets = np.arange(0, 21, 4)
    distances = np.full(20, -1.0)
    block = Side(gallery.features[3:], gallery.norms[3:], gallery.pids)
    order = np.array([4, 0, 3, 1, 2])
    kernels.pair_distances(metric, query, block, 3, offsets, members, distances, order, 0, 5)
    for (i, j), found in zip(itertools.product(range(5), range(0, 7, 2)), distances, strict=True):
        a, b = (side.features[row].astype(float).tolist() for side, row in ((query, i), (gallery, j)))
        if metric == kernels.COSINE:
            products = added_up([x * y for x, y in zip(a, b, strict=True)])
            expected = 1.0 - products / (query.norms[i] * gallery.norms[j])
        else:
            expected = added_up([(x - y) * (x - y) for x, y in zip(a, b, strict=True)])
        assert found == (expected if j >= 3 else -1)


def test_pairs_are_sorted_by_distance_and_equal_ones_by_image():
    offsets = np.array([0, 4, 4, 7])
    members = np.array([1, 5, 6, 9, 0, 2, 3])
    distances = np.array([0.5, 0.25, 0.5, 0.25, 3.0, 2.0, 1.0])
    kernels.sort_pairs(offsets, members, distances, 0, 2)
    assert members.tolist() == [5, 9, 1, 6, 0, 2, 3]
    kernels.sort_pairs(offsets, members, distances, 2, 3)
    assert members.tolist() == [5, 9, 1, 6, 3, 2, 0]
    assert distances.tolist() == [0.25, 0.25, 0.5, 0.5, 1.0, 2.0, 3.0]
