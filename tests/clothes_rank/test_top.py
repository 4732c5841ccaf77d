"""Rank lists beside a sort of all images, and beside the scores of the same ranking."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clothes_rank import MODES, Labels, Mode, Retrieval, other, same
from clothes_rank.counting import blocks


def sides(labels):
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    return Labels(query_pids, query_camids, query_clothes), Labels(gallery_pids, gallery_camids, gallery_clothes)


def top_slowly(distances, labels, mode, query):
    """All ranked images of a query with whether they match, nearest first."""
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    listed = []
    for image in np.argsort(distances[query], kind="stable"):
        is_match = False
        if gallery_pids[image] == query_pids[query]:
            same_clothes = gallery_clothes[image] == query_clothes[query]
            is_match = gallery_camids[image] != query_camids[query] and (
                mode == "general" or same_clothes == (mode == "same_clothing")
            )
            if not is_match:
                continue
        listed.append((image, is_match))
    return listed


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_query=st.integers(1, 6),
    num_gallery=st.integers(1, 20),
    levels=st.sampled_from([1, 3, 100]),
    dtype=st.sampled_from([np.float32, np.float64, np.float16, np.int64]),
    k=st.integers(1, 25),
)
def test_any_distances(random_labels, seed, num_query, num_gallery, levels, dtype, k):
    generator = np.random.default_rng(seed)
    distances = generator.integers(-levels, levels, (num_query, num_gallery)).astype(dtype)
    labels = random_labels(generator, num_query, num_gallery)
    retrieval = Retrieval.from_distances(distances, *sides(labels))
    for mode in MODES:
        found = retrieval.top(k, mode)
        assert found.mode == mode
        assert found.queries.tolist() == list(range(num_query))
        assert found.images.shape == found.distances.shape == found.is_match.shape == (num_query, min(k, num_gallery))
        for query in range(num_query):
            expected = top_slowly(distances, labels, mode, query)[:k]
            length = len(expected)
            assert found.images[query, :length].tolist() == [image for image, _ in expected]
            assert found.is_match[query, :length].tolist() == [is_match for _, is_match in expected]
            assert found.distances[query, :length].tolist() == [distances[query, image] for image, _ in expected]
            assert (found.images[query, length:] == -1).all()
            assert np.isnan(found.distances[query, length:]).all()
            assert not found.is_match[query, length:].any()


@pytest.fixture(params=[np.float16, np.float32, np.float64])
def close_features(request, random_labels):
    """Features within some 1e-7 of one another, beyond what float32 products tell apart, and gallery images twice."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((4, 33))
    query, gallery = (
        (centres[generator.integers(0, 4, size)] + 1e-7 * generator.standard_normal((size, 33))).astype(request.param)
        for size in (40, 120)
    )
    gallery[60:] = gallery[:60]
    return query, gallery, random_labels(generator, 40, 120, pids=6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("scratch", [4000, blocks.SCRATCH_BYTES])
def test_the_whole_list_is_the_ranking_that_is_scored(monkeypatch, close_features, metric, scratch):
    query, gallery, labels = close_features
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", scratch)
    monkeypatch.setattr(blocks, "MAX_GALLERY_ROWS", 50 if scratch == 4000 else 10**6)
    retrieval = Retrieval(query, gallery, *sides(labels), metric=metric)
    ranked = retrieval.rank()
    for mode in MODES:
        found = retrieval.top(10**6, mode)
        scored = ranked[mode]
        for ap, first_rank, matching in zip(
            scored.all_ap, scored.first_ranks, found.is_match[scored.query_indices], strict=True
        ):
            ranks = np.flatnonzero(matching) + 1
            assert ranks[0] == first_rank
            total = 0.0
            for count, rank in enumerate(ranks, start=1):
                total += count / rank
            assert total / len(ranks) == ap
        assert not found.is_match[scored.skipped_indices].any()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_short_list_is_the_head_of_the_long_one(close_features, metric):
    query, gallery, labels = close_features
    retrieval = Retrieval(query, gallery, *sides(labels), metric=metric)
    for mode in MODES:
        whole, head = retrieval.top(120, mode), retrieval.top(5, mode)
        for name in ("images", "distances", "is_match"):
            np.testing.assert_array_equal(getattr(head, name), getattr(whole, name)[:, :5])
        asked = retrieval.top(5, mode, queries=[7, 3, 7])
        assert asked.queries.tolist() == [7, 3, 7]
        np.testing.assert_array_equal(asked.images, head.images[[7, 3, 7]])
        np.testing.assert_array_equal(asked.distances, head.distances[[7, 3, 7]])


def test_distances_are_those_of_the_metric():
    query, gallery = np.array([[2.0, 0.0]]), np.array([[0.0, 3.0], [1.0, 0.0]])
    labels = Labels([1], [0]), Labels([2, 1], [1, 1])
    assert Retrieval(query, gallery, *labels).top(2, "general").distances.tolist() == [[0.0, 1.0]]
    squared = Retrieval(query, gallery, *labels, metric="euclidean").top(2, "general")
    assert squared.distances.tolist() == [[1.0, 13.0]]
    assert squared.images.tolist() == [[1, 0]]


def test_a_mode_of_ones_own():
    mode = Mode("tracklets", match=other("tracklet"), removed=same("tracklet"))
    query = Labels([1], None, further={"tracklet": [5]})
    gallery = Labels([1, 2, 1], None, further={"tracklet": [5, 5, 6]})
    found = Retrieval.from_distances(torch.tensor([[0.1, 0.2, 0.3]]), query, gallery).top(3, mode)
    assert found.images.tolist() == [[1, 2, -1]]
    assert found.is_match.tolist() == [[False, True, False]]


@pytest.mark.parametrize("queries", [[], [3], [-1], [0.5], [[0]]])
def test_queries_that_are_none(queries):
    retrieval = Retrieval(np.eye(3), np.eye(3), Labels([1] * 3, None), Labels([1] * 3, None))
    with pytest.raises(ValueError, match="expected indices from 0 to 2"):
        retrieval.top(1, "general", queries=queries)


def test_k_is_at_least_one():
    retrieval = Retrieval(np.eye(3), np.eye(3), Labels([1] * 3, None), Labels([1] * 3, None))
    with pytest.raises(ValueError, match="k is 0, expected a whole number of at least 1"):
        retrieval.top(0, "general")


def test_distances_that_are_not_finite_are_named():
    distances = np.array([[0.1, 0.2], [0.3, np.nan]])
    retrieval = Retrieval.from_distances(distances, Labels([1, 1], None), Labels([1, 1], None))
    with pytest.raises(ValueError, match=r"distances\[1, 1\] is nan"):
        retrieval.top(1, "general")


def test_products_beyond_float32_rounding_are_refused(monkeypatch, close_features):
    query, gallery, labels = close_features
    matmul, generator = np.matmul, np.random.default_rng(0)

    def noisy(left, right, out):
        matmul(left, right, out=out)
        out += generator.uniform(-1e-3, 1e-3, out.shape).astype(np.float32)
        return out

    monkeypatch.setattr(np, "matmul", noisy)
    with pytest.raises(RuntimeError, match="less exact than any float32 rounding explains"):
        Retrieval(query, gallery, *sides(labels)).top(5, "general")
