"""Ranks and scores against a slow reading of the definitions."""

import hashlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clothes_rank import MODES, clothes_rank, clothes_rank_from_distances, ranking

# One query of person 1, camera 0, clothes 10. By distance the gallery holds:
#   rank in general            2     .     3     4     5     6
#   gallery index        4     2     0     5     1     3     6
#   distance             0.1   0.2   0.3   0.4   0.4   0.5   0.6
#   person               2     1     1     1     3     1     1
#   camera               1     1     0     2     1     1     2
#   clothes              20    11    10    10    30    10    11
# Images 1 and 5 are equally far: 1 comes first. Image 0 has the query's camera and is removed in every mode.
QUERY_LABELS = ([1], [0], [10])
GALLERY_LABELS = ([1, 3, 1, 1, 2, 1, 1], [0, 1, 1, 1, 1, 2, 2], [10, 30, 11, 10, 20, 10, 11])
WORKED_LABELS = tuple(side[i] for i in range(3) for side in (QUERY_LABELS, GALLERY_LABELS))
WORKED_DISTANCES = np.array([[0.3, 0.4, 0.2, 0.5, 0.1, 0.4, 0.6]])
# Ranks of the matches. general: 4, 2, 1, 5, 3, 6 in order; same_clothing: 4, 1, 5, 3; clothing_change: 4, 2, 1, 6.
WORKED_MATCH_RANKS = {"general": [2, 4, 5, 6], "same_clothing": [3, 4], "clothing_change": [2, 4]}


def exact_distances(query, gallery, metric):
    """Distances in float64, exact for small whole numbers but for one rounding each."""
    query, gallery = query.astype(np.float64), gallery.astype(np.float64)
    if metric == "euclidean":
        return ((query[:, None] - gallery[None]) ** 2).sum(-1)
    norms = np.sqrt((query**2).sum(1))[:, None] * np.sqrt((gallery**2).sum(1))[None]
    return 1.0 - (query[:, None] * gallery[None]).sum(-1) / norms


def without_zero_rows(features):
    features[~features.any(axis=1), 0] = 1
    return features


@pytest.mark.parametrize("mode", MODES)
def test_worked_example(backend, mode):
    result = clothes_rank_from_distances(WORKED_DISTANCES, *WORKED_LABELS, mode=mode, max_rank=8)
    ranks = WORKED_MATCH_RANKS[mode]
    assert result.mode == mode
    assert result.first_ranks.tolist() == ranks[:1]
    assert result.mean_ap == pytest.approx(np.mean([(i + 1) / rank for i, rank in enumerate(ranks)]))
    assert result.mean_inp == pytest.approx(len(ranks) / ranks[-1])
    assert result.cmc.tolist() == [0.0] * (ranks[0] - 1) + [1.0] * (8 - ranks[0] + 1)
    assert (result.num_queries, result.num_skipped) == (1, 0)


def test_worked_example_in_numbers():
    # Written out for the reader: 1/2, 2/4, 3/5, 4/6 in general; 1/3, 2/4; 1/2, 2/4.
    results = clothes_rank_from_distances(WORKED_DISTANCES, *WORKED_LABELS, mode=MODES)
    assert results["general"].mean_ap == pytest.approx((1 / 2 + 2 / 4 + 3 / 5 + 4 / 6) / 4)
    assert results["same_clothing"].mean_ap == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert results["clothing_change"].mean_ap == pytest.approx((1 / 2 + 2 / 4) / 2)


@settings(max_examples=1000, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_query=st.integers(1, 6),
    num_gallery=st.integers(1, 14),
    levels=st.sampled_from([1, 2, 4, 30]),
    dtype=st.sampled_from([np.float32, np.float64, np.float16, np.int64]),
    pids=st.integers(1, 4),
    max_rank=st.integers(1, 20),
)
def test_any_distances(
    backends, slow_rank, random_labels, assert_same_scores, seed, num_query, num_gallery, levels, dtype, pids, max_rank
):
    generator = np.random.default_rng(seed)
    distances = generator.integers(-levels, levels, (num_query, num_gallery)).astype(dtype)
    labels = random_labels(generator, num_query, num_gallery, pids=pids)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for _ in backends(monkeypatch):
            results = clothes_rank_from_distances(distances, *labels, mode=MODES, max_rank=max_rank)
            for mode in MODES:
                assert_same_scores(results[mode], slow_rank(distances, labels, mode, max_rank))


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_query=st.integers(1, 5),
    num_gallery=st.integers(1, 12),
    dim=st.sampled_from([1, 2, 3, 7, 8, 9, 63, 64, 65, 130]),
    levels=st.integers(1, 3),
    metric=st.sampled_from(["cosine", "euclidean"]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_features_of_small_whole_numbers(
    backends, slow_rank, random_labels, assert_same_scores, seed, num_query, num_gallery, dim, levels, metric, dtype
):
    generator = np.random.default_rng(seed)
    query, gallery = (
        without_zero_rows(generator.integers(-levels, levels + 1, (length, dim))).astype(dtype)
        for length in (num_query, num_gallery)
    )
    labels = random_labels(generator, num_query, num_gallery, pids=2)
    distances = exact_distances(query, gallery, metric)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for _ in backends(monkeypatch):
            results = clothes_rank(query, gallery, *labels, mode=MODES, metric=metric)
            for mode in MODES:
                assert_same_scores(results[mode], slow_rank(distances, labels, mode))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_features_of_any_numbers(backend, slow_rank, random_labels, assert_same_scores, metric):
    generator = np.random.default_rng(3)
    query, gallery = generator.standard_normal((40, 96)), generator.standard_normal((300, 96))
    labels = random_labels(generator, 40, 300, pids=12)
    distances = exact_distances(query.astype(np.float32), gallery.astype(np.float32), metric)
    results = clothes_rank(query.astype(np.float32), gallery.astype(np.float32), *labels, mode=MODES, metric=metric)
    for mode in MODES:
        assert_same_scores(results[mode], slow_rank(distances, labels, mode))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_order_below_float32_resolution(backend, slow_rank, random_labels, assert_same_scores, metric):
    # Gallery features within some 1e-8 of one another, and every one of them twice: float32 products cannot tell them
    # apart, so all rests on the exact distances and the rule for ties.
    generator = np.random.default_rng(5)
    query = generator.standard_normal((12, 33))
    distinct = generator.standard_normal(33) + 1e-8 * generator.standard_normal((60, 33))
    gallery = distinct[generator.permutation(np.repeat(np.arange(60), 2))]
    labels = random_labels(generator, 12, 120, pids=3)
    results = clothes_rank(query, gallery, *labels, mode=MODES, metric=metric)
    # Accurate to the last bits and the same for equal rows.
    wide_query, wide_gallery = query.astype(np.longdouble), gallery.astype(np.longdouble)
    if metric == "euclidean":
        distances = ((wide_query[:, None] - wide_gallery[None]) ** 2).sum(-1)
    else:
        norms = np.sqrt((wide_query**2).sum(1))[:, None] * np.sqrt((wide_gallery**2).sum(1))[None]
        distances = -(wide_query[:, None] * wide_gallery[None]).sum(-1) / norms
    ranks_of_values = np.unique(distances, return_inverse=True)[1].reshape(distances.shape)
    for mode in MODES:
        assert_same_scores(results[mode], slow_rank(ranks_of_values, labels, mode))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equal_features_rank_by_gallery_index(backend, metric):
    feature = np.random.default_rng(0).standard_normal(200).astype(np.float32)
    gallery = np.tile(feature, (50, 1))
    match = 31
    gallery_pids = np.where(np.arange(50) == match, 1, 2)
    labels = ([1], gallery_pids, [0], [1] * 50, [0], [0] * 50)
    result = clothes_rank(feature[None], gallery, *labels, mode="general", metric=metric)
    assert result.first_ranks.tolist() == [match + 1]


@pytest.mark.parametrize("dim", [300, 500, 2000])
def test_rounding_that_all_points_one_way(backend, slow_rank, random_labels, assert_same_scores, dim):
    # Equal terms are added up with the same rounding again and again, the worst a float32 sum can do.
    generator = np.random.default_rng(1)
    query = generator.choice([-1.0, 1.0], (6, dim)).astype(np.float32)
    gallery = np.repeat(query, 10, axis=0) * generator.choice([-1.0, 1.0], (60, dim), p=[0.01, 0.99]).astype(np.float32)
    labels = random_labels(generator, 6, 60, pids=3)
    results = clothes_rank(query, gallery, *labels, mode=MODES)
    for mode in MODES:
        assert_same_scores(results[mode], slow_rank(exact_distances(query, gallery, "cosine"), labels, mode))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_scale_of_features_changes_nothing(backend, random_labels, metric, scale):
    generator = np.random.default_rng(2)
    query, gallery = generator.standard_normal((9, 20)), generator.standard_normal((50, 20))
    labels = random_labels(generator, 9, 50)
    plain = clothes_rank(query, gallery, *labels, mode="general", metric=metric)
    scaled = clothes_rank(
        (query * scale).astype(np.float32), (gallery * scale).astype(np.float32), *labels, mode="general", metric=metric
    )
    np.testing.assert_array_equal(plain.all_ap, scaled.all_ap)


def test_both_codes_agree_to_the_last_bit(backends, random_labels, monkeypatch):
    generator = np.random.default_rng(4)
    query = generator.standard_normal((70, 200)).astype(np.float32)
    gallery = query[generator.integers(0, 70, 500)] + 1e-6 * generator.standard_normal((500, 200)).astype(np.float32)
    labels = random_labels(generator, 70, 500, pids=9)
    for metric in ("cosine", "euclidean"):
        found = [clothes_rank(query, gallery, *labels, mode=MODES, metric=metric) for _ in backends(monkeypatch)]
        for mode in MODES:
            compiled, through_torch = (results[mode] for results in found)
            np.testing.assert_array_equal(compiled.all_ap, through_torch.all_ap)
            np.testing.assert_array_equal(compiled.all_inp, through_torch.all_inp)


def test_several_modes_rank_once(monkeypatch):
    calls = []
    count = ranking._count
    monkeypatch.setattr(ranking, "_count", lambda *arguments: calls.append(1) or count(*arguments))
    clothes_rank_from_distances(WORKED_DISTANCES, *WORKED_LABELS, mode=MODES)
    assert len(calls) == 1


@pytest.mark.parametrize("mode", MODES)
def test_queries_without_a_match_are_left_out_and_named(backend, mode):
    # Query 0 has a match in the mode, query 1 only its own camera, query 2 nobody.
    clothes = {"general": 0, "same_clothing": 0, "clothing_change": 1}[mode]
    labels = ([1, 2, 9], [1, 2], [0, 0, 0], [1, 0], [0, 0, 0], [clothes, clothes])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = clothes_rank_from_distances(np.array([[0.2, 0.1]] * 3), *labels, mode=mode)
    assert (result.num_queries, result.num_skipped) == (1, 2)
    assert result.query_indices.tolist() == [0]
    assert result.skipped_indices.tolist() == [1, 2]
    assert result.all_ap.tolist() == [0.5]
    assert result.mean_ap == 0.5


@pytest.mark.parametrize("mode", MODES)
def test_no_query_with_a_match_gives_no_number(backend, mode):
    one_camera = ([1, 2], [1, 2, 2], [5, 5], [5, 5, 5], [0, 0], [0, 1, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = clothes_rank(np.eye(2, 3), np.eye(3), *one_camera, mode=mode, max_rank=4)
    assert (result.num_queries, result.num_skipped) == (0, 2)
    assert np.isnan([result.mean_ap, result.mean_inp, *result.cmc]).all()
    assert result.cmc.shape == (4,)
    assert result.all_ap.shape == result.all_inp.shape == result.query_indices.shape == (0,)


def test_curve_beyond_the_gallery_stays_at_its_end():
    result = clothes_rank_from_distances(WORKED_DISTANCES, *WORKED_LABELS, mode="general", max_rank=100)
    assert result.cmc.shape == (100,)
    assert result.cmc[-1] == 1.0


def test_agrees_with_the_host_in_general_mode(random_labels):
    from fastreid.evaluation.rank import evaluate_rank

    generator = np.random.default_rng(9)
    distances = generator.random((60, 400)).astype(np.float32)
    labels = random_labels(generator, 60, 400, pids=25)
    cmc, aps, inps = evaluate_rank(distances, *labels[:4], max_rank=50, use_cython=False)
    result = clothes_rank_from_distances(distances, *labels, mode="general")
    np.testing.assert_allclose(result.cmc, cmc, atol=1e-6)
    np.testing.assert_allclose(result.all_ap, aps, atol=1e-6)
    np.testing.assert_allclose(result.all_inp, inps, atol=1e-6)


# Of 0.1.0, which wrote these for the features and labels below: the first 32 digits of a SHA-256, and mAP.
OF_THE_FIRST_VERSION = {
    ("cosine", "general"): ("a4ae2554f650521ed227d4fe381c1457", 0.08984555010437931),
    ("cosine", "same_clothing"): ("f55c74428e8b0489f6611fe49d2895b0", 0.05215872190729898),
    ("cosine", "clothing_change"): ("983947ec1c79c105c1033e9bbf42fbf4", 0.05822451546616263),
    ("euclidean", "general"): ("8d212331006ed86c2dabed1d82e75234", 0.0906022195410537),
    ("euclidean", "same_clothing"): ("3f591a5aed86584adc834a681b8c08e9", 0.05596216555848701),
    ("euclidean", "clothing_change"): ("794833ac7db2193d5ec0921be7f96fb3", 0.05908196690628148),
}


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_ranks_and_scores_are_the_first_versions_to_the_last_bit(backend, metric):
    # Raw numbers of the generator, which no version of NumPy changes.
    raw = np.random.PCG64(0).random_raw
    query, gallery = (
        ((raw(size * 24) >> 40) / 2.0**24 - 0.5).astype(np.float32).reshape(size, 24) for size in (40, 300)
    )
    gallery[150:] = gallery[:150]
    labels = [(raw(size) % kinds).astype(np.int64) for kinds in (9, 3, 2) for size in (40, 300)]
    for mode, result in clothes_rank(query, gallery, *labels, mode=MODES, metric=metric).items():
        digest = hashlib.sha256(result.first_ranks.astype("<i8").tobytes())
        for values in (result.all_ap, result.all_inp):
            digest.update(values.astype("<f8").tobytes())
        digest.update(result.query_indices.astype("<i8").tobytes())
        assert (digest.hexdigest()[:32], result.mean_ap) == OF_THE_FIRST_VERSION[metric, mode]
