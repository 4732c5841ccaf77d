"""What the CPU's backends say of a gallery, beside loops over its images."""

import numpy as np
import pytest

from clothes_rank.counting import cpu, kernels
from clothes_rank.counting.kernels import Thresholds
from clothes_rank.counting.sources import DistanceMatrix, FeaturePair
from clothes_rank.counting.workers import evaluation_workers

QUERY, GALLERY, CHUNK = 6, 40, slice(1, 5)


@pytest.fixture
def workers():
    with evaluation_workers() as made:
        yield made


@pytest.fixture(scope="module")
def labels():
    generator = np.random.default_rng(0)
    return generator.integers(0, 4, QUERY), generator.integers(0, 4, GALLERY)


def same_person_pairs(labels):
    """Offsets and members of the pairs of the chunk's queries."""
    members = [np.flatnonzero(labels[1] == pid) for pid in labels[0][CHUNK]]
    return np.cumsum([0, *map(len, members)]), np.concatenate(members)


def closer_by_hand(distances, labels, thresholds):
    """Images of other people between each threshold and the one before."""
    counts = []
    for i, (start, stop) in enumerate(zip(thresholds.offsets[:-1], thresholds.offsets[1:], strict=True)):
        q = i + CHUNK.start
        before = -1
        for pair in range(start, stop):
            threshold = (thresholds.distances[pair], thresholds.members[pair])
            closer = sum((distances[q, g], g) < threshold for g in range(GALLERY) if labels[1][g] != labels[0][q])
            counts.append(closer - max(before, 0))
            before = closer
    return counts


def counted(backend, labels, *, worst_case=False):
    """(thresholds with their counts, whether each query's values were within their tolerance)."""
    offsets, members = same_person_pairs(labels)
    distances = backend.pair_distances(CHUNK, offsets, members)
    kernels.sort_pairs(offsets, members, distances, 0, len(offsets) - 1)
    low, high = backend.bounds(CHUNK, offsets, distances, worst_case=worst_case)
    thresholds = Thresholds(offsets, members, distances, low, high, np.zeros(len(members), np.int64))
    return thresholds, backend.count_closer(CHUNK, thresholds, labels[0][CHUNK], labels[1], worst_case=worst_case)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("worst_case", [False, True])
def test_features(workers, labels, metric, worst_case):
    generator = np.random.default_rng(1)
    query, gallery = (generator.standard_normal((size, 9)).astype(np.float32) for size in (QUERY, GALLERY))
    # Ties: the second half of the gallery is the first.
    gallery[GALLERY // 2 :] = gallery[: GALLERY // 2]
    norms = [cpu.norms(side, workers) for side in (query, gallery)]
    for side, found in zip((query, gallery), norms, strict=True):
        np.testing.assert_allclose(found, np.linalg.norm(side.astype(float), axis=1), rtol=1e-15)
    backend = cpu.CpuFeatures(FeaturePair(query, gallery, *norms, metric), workers)
    every = np.tile(np.arange(GALLERY), QUERY)
    exact = backend.pair_distances(slice(0, QUERY), np.arange(0, len(every) + 1, GALLERY), every)
    exact = exact.reshape(QUERY, GALLERY)
    wide = [side.astype(float) for side in (query, gallery)]
    if metric == "cosine":
        expected = 1 - wide[0] @ wide[1].T / np.outer(*norms)
    else:
        expected = ((wide[0][:, None] - wide[1][None]) ** 2).sum(2)
    np.testing.assert_allclose(exact, expected, atol=1e-13)
    thresholds, within = counted(backend, labels, worst_case=worst_case)
    assert within.all()
    assert thresholds.closer_count.tolist() == closer_by_hand(exact, labels, thresholds)

    # What the blocks hold is what is expected of them, and covers the chunk once.
    said = backend.expectation(CHUNK, worst_case=True)
    values = np.full((4, GALLERY), np.nan)
    backend.each_block(CHUNK, lambda found, rows, columns: values.__setitem__((rows, columns), found))
    errors = np.abs(values - (said.scale * exact[CHUNK] - said.shift[:, None]))
    assert (errors <= said.allowed[:, None]).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_given_distances(workers, labels, dtype):
    distances = np.random.default_rng(2).integers(0, 9, (QUERY, GALLERY)).astype(dtype)
    backend = cpu.CpuDistances(DistanceMatrix(distances), workers)
    thresholds, within = counted(backend, labels)
    assert within.all()
    assert thresholds.distances.dtype == np.float64
    assert thresholds.closer_count.tolist() == closer_by_hand(distances, labels, thresholds)
    values = np.full((4, GALLERY), np.nan)
    backend.each_block(CHUNK, lambda found, rows, columns: values.__setitem__((rows, columns), found))
    np.testing.assert_array_equal(values, distances[CHUNK])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_distance_that_is_no_number_is_named(workers, labels, wrong):
    distances = np.ones((QUERY, GALLERY), np.float32)
    distances[3, 7] = wrong
    backend = cpu.CpuDistances(DistanceMatrix(distances), workers)
    message = rf"distances\[3, 7\] is {wrong}, expected finite numbers"
    with pytest.raises(ValueError, match=message):
        counted(backend, labels)
    with pytest.raises(ValueError, match=message):
        backend.each_block(CHUNK, lambda values, rows, columns: None)
