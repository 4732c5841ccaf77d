"""Re-ranking, against the formulas written out with sets, and against the host's code."""

import numpy as np
import pytest
import torch

from clothes_rank.counting import blocks
from clothes_rank.rerank import rerank


def rerank_slowly(query, gallery, k1, k2, lambda_value, metric, variant):
    features = np.concatenate([query, gallery]).astype(np.float64)
    if metric == "cosine":
        features /= np.linalg.norm(features, axis=1, keepdims=True)
    num, num_query = len(features), len(query)
    squared = np.array([[((a - b) ** 2).sum() for b in features] for a in features])
    order = [sorted(range(num), key=lambda g, p=p: (squared[p][g], g)) for p in range(num)]

    def reciprocal(p, length):
        return {g for g in order[p][:length] if p in order[g][:length]}

    length = k1 + 1 if variant == "published" else k1
    distance = squared / squared.max(axis=1, keepdims=True) if variant == "published" else squared
    encodings = []
    for p in range(num):
        own = reciprocal(p, length)
        expanded = set(own)
        for q in own:
            half = reciprocal(q, int(np.around(k1 / 2)) + 1)
            if len(half & own) > 2 / 3 * len(half):
                expanded |= half
        weights = {g: np.exp(-distance[p][g]) for g in expanded}
        encodings.append(np.array([weights.get(g, 0.0) for g in range(num)]) / sum(weights.values()))
    encodings = [np.mean([encodings[g] for g in order[p][:k2]], axis=0) for p in range(num)]
    result = np.empty((num_query, num - num_query))
    for p in range(num_query):
        for g in range(num_query, num):
            jaccard = 1 - np.minimum(encodings[p], encodings[g]).sum() / np.maximum(encodings[p], encodings[g]).sum()
            original = distance[p][g]
            if variant == "host" and metric == "cosine":
                original = 1 - features[p] @ features[g]
            result[p, g - num_query] = (1 - lambda_value) * jaccard + lambda_value * original
    return result


@pytest.mark.parametrize("variant", ["published", "host"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(
    ("k1", "k2", "lambda_value"), [(20, 6, 0.3), (6, 3, 0.0), (5, 1, 0.5), (1, 2, 0.7), (60, 50, 0.2)]
)
def test_formula(clusters, variant, metric, k1, k2, lambda_value):
    options = {"k1": k1, "k2": k2, "lambda_value": lambda_value, "metric": metric, "variant": variant}
    found = rerank(*clusters, **options)
    assert found.dtype == np.float32
    expected = rerank_slowly(*clusters, **options)
    np.testing.assert_allclose(found, expected, atol=2e-6 * max(1.0, expected.max()))


def test_worked_by_hand():
    # On a line: query at 0; gallery a at 1, b at 2, c at 10, d at 11. With k1 = 1 the lists of two are
    # 0: {0, a}, a: {a, 0} (b is as near, 0 comes first), b: {b, a}, c: {c, d}, d: {d, c}.
    # Reciprocal: 0 with a, c with d; b with nobody. Lists for k1/2 = 0 (rounded to even) hold the image alone.
    # Largest squared distances: 0: 121, a: 100, b: 81, c: 100, d: 121.
    query = np.array([[0.0]], np.float32)
    gallery = np.array([[1.0], [2.0], [10.0], [11.0]], np.float32)
    near_query, near_a = np.exp(-1 / 121), np.exp(-1 / 100)
    encoding_of_query = np.array([1, near_query]) / (1 + near_query)
    encoding_of_a = np.array([near_a, 1]) / (1 + near_a)
    shared = np.minimum(encoding_of_query, encoding_of_a).sum()
    jaccard = np.array([1 - shared / (2 - shared), 1.0, 1.0, 1.0])
    original = np.array([1.0, 4.0, 100.0, 121.0]) / 121
    found = rerank(query, gallery, k1=1, k2=1, lambda_value=0.25, metric="euclidean")
    np.testing.assert_allclose(found[0], 0.75 * jaccard + 0.25 * original, atol=1e-7)


def test_published_variant_is_the_code_the_host_ships(clusters):
    from fastreid.evaluation.rerank import re_ranking

    query, gallery = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in clusters)

    def distances(left, right):
        return np.sqrt(((left[:, None].astype(np.float64) - right[None]) ** 2).sum(-1))

    pairs = (distances(query, gallery), distances(query, query), distances(gallery, gallery))
    np.testing.assert_allclose(rerank(*clusters), re_ranking(*pairs), atol=2e-6)


def test_host_variant_is_what_its_evaluator_runs(clusters):
    from fastreid.utils.compute_dist import compute_jaccard_distance

    query, gallery = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in clusters)
    jaccard = compute_jaccard_distance(torch.from_numpy(np.concatenate([query, gallery])), 20, 6, search_option=3)
    expected = 0.7 * jaccard[: len(query), len(query) :] + 0.3 * (1 - query @ gallery.T)
    np.testing.assert_allclose(rerank(*clusters, variant="host"), expected, atol=2e-6)


def test_blocks_and_containers_change_nothing(clusters, monkeypatch):
    expected = rerank(*clusters)
    np.testing.assert_array_equal(rerank(*map(torch.from_numpy, clusters)), expected)
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", 1000)
    np.testing.assert_allclose(rerank(*clusters), expected, atol=1e-6)


@pytest.mark.parametrize("variant", ["published", "host"])
def test_images_all_alike_have_no_distance(variant):
    found = rerank(np.ones((2, 3)), np.ones((4, 3)), variant=variant)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k1": 0}, "k1=0, k2=6, lambda_value=0.3: expected k1 and k2 of at least 1"),
        ({"k2": 0}, "k2=0"),
        ({"lambda_value": 1.5}, "lambda_value=1.5"),
        ({"variant": "paper"}, "variant is 'paper', expected one of published, host"),
        ({"metric": "l2"}, "metric is 'l2'"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        rerank(np.ones((1, 2)), np.ones((2, 2)), **options)


def test_features_are_checked():
    with pytest.raises(ValueError, match="gallery features hold NaN or infinite values .* in row 1;"):
        rerank(np.ones((1, 2)), np.array([[1.0, 1.0], [np.nan, 1.0]]))
    with pytest.raises(ValueError, match="query features are all zero in row 0,"):
        rerank(np.zeros((1, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="gallery_features is empty"):
        rerank(np.ones((1, 2)), np.ones((0, 2)))
