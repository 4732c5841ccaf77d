"""clothes_rank and its twin against a slow reading of the definitions."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clothes_rank import retrieval
from clothes_rank.counting.cuda import TorchDistances, TorchFeatures
from clothes_rank.modes import MODES
from clothes_rank.retrieval import clothes_rank, clothes_rank_from_distances

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


def backends(monkeypatch):
    """Yields under the CPU's loops, then under the CUDA path's code on CPU tensors."""
    yield "compiled"
    monkeypatch.setattr(retrieval, "CpuFeatures", TorchFeatures)
    monkeypatch.setattr(retrieval, "GivenDistances", TorchDistances)
    yield "torch"
    monkeypatch.undo()


@pytest.fixture(params=["compiled", "torch"])
def backend(request, monkeypatch):
    """Both sets of code: the CPU's loops, and what CUDA tensors are ranked with, on CPU tensors."""
    if request.param == "torch":
        monkeypatch.setattr(retrieval, "CpuFeatures", TorchFeatures)
        monkeypatch.setattr(retrieval, "GivenDistances", TorchDistances)
    return request.param


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
    slow_rank, random_labels, assert_same_scores, seed, num_query, num_gallery, levels, dtype, pids, max_rank
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
    slow_rank, random_labels, assert_same_scores, seed, num_query, num_gallery, dim, levels, metric, dtype
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


def test_both_codes_agree_to_the_last_bit(random_labels, monkeypatch):
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


def test_one_mode_or_several():
    arguments = (WORKED_DISTANCES, *WORKED_LABELS)
    several = clothes_rank_from_distances(*arguments, mode=["clothing_change", "general"])
    assert list(several) == ["clothing_change", "general"]
    assert clothes_rank_from_distances(*arguments, mode="general").mean_ap == several["general"].mean_ap


def test_several_modes_rank_once(monkeypatch):
    calls = []
    count = retrieval._count
    monkeypatch.setattr(retrieval, "_count", lambda *arguments: calls.append(1) or count(*arguments))
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
def test_no_query_with_a_match_gives_zeros(backend, mode):
    one_camera = ([1, 2], [1, 2, 2], [5, 5], [5, 5, 5], [0, 0], [0, 1, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = clothes_rank(np.eye(2, 3), np.eye(3), *one_camera, mode=mode, max_rank=4)
    assert (result.num_queries, result.num_skipped) == (0, 2)
    assert (result.mean_ap, result.mean_inp) == (0.0, 0.0)
    assert result.cmc.tolist() == [0.0] * 4
    assert result.all_ap.shape == result.all_inp.shape == result.query_indices.shape == (0,)


def test_curve_beyond_the_gallery_stays_at_its_end():
    result = clothes_rank_from_distances(WORKED_DISTANCES, *WORKED_LABELS, mode="general", max_rank=100)
    assert result.cmc.shape == (100,)
    assert result.cmc[-1] == 1.0


@pytest.mark.parametrize(
    "given_as",
    [
        lambda x: x,
        lambda x: x.astype(np.float16),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1][::-1],
        lambda x: torch.from_numpy(x),
        lambda x: torch.from_numpy(x).bfloat16(),
        lambda x: torch.from_numpy(x.astype(np.float64)).requires_grad_(),
    ],
    ids=["float32", "float16", "fortran", "strided", "reversed", "tensor", "bfloat16", "with gradient"],
)
def test_containers_of_features(backend, random_labels, given_as):
    generator = np.random.default_rng(6)
    # Whole numbers up to 100 are the same in every type.
    query, gallery = (generator.integers(-100, 100, shape).astype(np.float32) for shape in ((7, 30), (40, 30)))
    labels = random_labels(generator, 7, 40)
    expected = clothes_rank(query, gallery, *labels, mode="general", metric="euclidean")
    result = clothes_rank(given_as(query), given_as(gallery), *labels, mode="general", metric="euclidean")
    np.testing.assert_array_equal(result.all_ap, expected.all_ap)


@pytest.mark.parametrize(
    "given_as", [np.asfortranarray, torch.from_numpy, lambda x: x.astype(int), lambda x: x.astype(np.float16)]
)
def test_containers_of_distances(backend, random_labels, given_as):
    generator = np.random.default_rng(7)
    distances = generator.integers(0, 9, (11, 23)).astype(np.float64)
    labels = random_labels(generator, 11, 23)
    expected = clothes_rank_from_distances(distances, *labels, mode="general")
    result = clothes_rank_from_distances(given_as(distances), *labels, mode="general")
    np.testing.assert_array_equal(result.all_ap, expected.all_ap)


def test_labels_as_lists_arrays_or_tensors():
    as_arrays = clothes_rank_from_distances(WORKED_DISTANCES, *map(np.array, WORKED_LABELS), mode="general")
    as_tensors = clothes_rank_from_distances(
        WORKED_DISTANCES, *(torch.tensor(labels, dtype=torch.int32) for labels in WORKED_LABELS), mode="general"
    )
    as_lists = clothes_rank_from_distances(WORKED_DISTANCES, *WORKED_LABELS, mode="general")
    assert as_arrays.mean_ap == as_tensors.mean_ap == as_lists.mean_ap


def test_arguments_are_left_alone(backend, random_labels):
    generator = np.random.default_rng(8)
    arrays = [generator.standard_normal((5, 6)), generator.standard_normal((9, 6)), *random_labels(generator, 5, 9)]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    clothes_rank(*arrays, mode=MODES)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


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


LABELS = ([1], [1, 2], [0], [1, 1], [0], [0, 0])


@pytest.mark.parametrize(
    ("query", "gallery", "options", "message"),
    [
        (np.zeros((0, 2)), np.ones((2, 2)), {}, "query_features is empty"),
        (np.ones((1, 2)), np.zeros((0, 2)), {}, "gallery_features is empty"),
        (np.ones((1, 0)), np.ones((2, 0)), {}, "query_features has no dimension"),
        (np.ones(2), np.ones((2, 2)), {}, r"query_features has shape \(2,\)"),
        (np.ones((1, 2)), np.ones((2, 3)), {}, "query features have 2 dimensions and gallery features 3"),
        (np.array([[1.0, np.nan]]), np.ones((2, 2)), {}, "query features hold NaN or infinite values .* in row 0;"),
        (
            np.ones((1, 2)),
            np.array([[1.0, 2.0], [np.inf, 0.0]]),
            {"metric": "euclidean"},
            "gallery features hold NaN or infinite values .* in row 1;",
        ),
        (np.ones((1, 2)), np.full((2, 2), -np.inf), {}, r"gallery features hold .* in row 0 \(and 1 more rows\);"),
        (np.ones((1, 2)), np.array([[1.0, 0.0], [0.0, 0.0]]), {}, "gallery features are all zero in row 1,"),
        (np.zeros((1, 2)), np.ones((2, 2)), {}, "query features are all zero in row 0,"),
        (np.ones((1, 2)), np.ones((2, 2)), {"mode": "cloth_change"}, "mode is 'cloth_change', expected one of general"),
        (np.ones((1, 2)), np.ones((2, 2)), {"mode": []}, r"mode is \[\], expected one of"),
        (np.ones((1, 2)), np.ones((2, 2)), {"metric": "l2"}, "metric is 'l2', expected one of cosine, euclidean"),
        (np.ones((1, 2)), np.ones((2, 2)), {"max_rank": 0}, "max_rank is 0, expected a whole number of at least 1"),
        (np.ones((1, 2)), np.ones((2, 2)), {"max_rank": 1.5}, "max_rank is 1.5, expected a whole number"),
    ],
)
def test_what_features_may_not_be(backend, query, gallery, options, message):
    with pytest.raises(ValueError, match=message):
        clothes_rank(query, gallery, *LABELS, **{"mode": "general", **options})


def test_zero_features_have_a_euclidean_distance(backend):
    result = clothes_rank(np.zeros((1, 2)), np.eye(2), *LABELS, mode="general", metric="euclidean")
    assert result.mean_ap == 1.0
    result = clothes_rank(np.zeros((1, 2)), np.zeros((2, 2)), *LABELS, mode="general", metric="euclidean")
    assert result.mean_ap == 1.0


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([[1.0, 2.0]], "query_features is a list, expected a numpy array or a torch tensor"),
        (np.ones((1, 2), int), "query_features has dtype int64, expected floating point"),
        (np.ones((1, 2), complex), "query_features has dtype complex128, expected floating point"),
    ],
)
def test_types_of_features(features, message):
    with pytest.raises(TypeError, match=message):
        clothes_rank(features, np.ones((2, 2)), *LABELS, mode="general")


@pytest.mark.parametrize("position", range(6))
def test_labels_of_the_wrong_length_or_type(position):
    names = ("query_pids", "gallery_pids", "query_camids", "gallery_camids", "query_clothes", "gallery_clothes")
    labels = [list(side) for side in LABELS]
    labels[position] = labels[position] + [0]
    expected = rf"{names[position]} has shape \({len(labels[position])},\), expected \({len(labels[position]) - 1},\)"
    with pytest.raises(ValueError, match=expected):
        clothes_rank(np.ones((1, 2)), np.ones((2, 2)), *labels, mode="general")
    labels[position] = np.array(LABELS[position], float)
    with pytest.raises(TypeError, match=f"{names[position]} has dtype float64, expected integers"):
        clothes_rank(np.ones((1, 2)), np.ones((2, 2)), *labels, mode="general")


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (np.array([[0.1, np.nan]]), r"distances\[0, 1\] is nan"),
        (np.array([[np.inf, 0.1]], np.float32), r"distances\[0, 0\] is inf"),
        (np.array([[0.1, -np.inf]]), r"distances\[0, 1\] is -inf"),
        (
            np.array([[0.1, 3e38]], np.float32),
            r"distances\[0, 1\] is .*e\+38, expected finite numbers of magnitude up to 8",
        ),
        (np.ones(2), r"distances has shape \(2,\)"),
        (np.ones((0, 2)), "there is no query image to rank"),
        (np.ones((1, 0)), "there is no gallery image to rank"),
    ],
)
def test_what_distances_may_not_be(backend, distances, message):
    with pytest.raises(ValueError, match=message):
        clothes_rank_from_distances(distances, *LABELS, mode="general")


def test_distances_are_checked_for_queries_without_a_match_too(backend):
    labels = ([9], [1, 2], [0], [1, 1], [0], [0, 0])
    with pytest.raises(ValueError, match=r"distances\[0, 1\] is nan"):
        clothes_rank_from_distances(np.array([[0.1, np.nan]]), *labels, mode="general")


def test_types_of_distances():
    with pytest.raises(TypeError, match="distances is a list"):
        clothes_rank_from_distances([[0.1, 0.2]], *LABELS, mode="general")
    with pytest.raises(TypeError, match="distances has dtype bool"):
        clothes_rank_from_distances(np.ones((1, 2), bool), *LABELS, mode="general")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("reduced", [False, True])
def test_cuda_agrees_to_the_last_bit(random_labels, monkeypatch, metric, reduced):
    generator = np.random.default_rng(10)
    query = generator.standard_normal((300, 256)).astype(np.float32)
    gallery = generator.standard_normal((5000, 256)).astype(np.float32)
    labels = random_labels(generator, 300, 5000, pids=60)
    on_cpu = clothes_rank(query, gallery, *labels, mode=MODES, metric=metric)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", reduced)
    on_cuda = clothes_rank(
        torch.from_numpy(query).cuda(), torch.from_numpy(gallery).cuda(), *labels, mode=MODES, metric=metric
    )
    for mode in MODES:
        np.testing.assert_array_equal(on_cpu[mode].all_ap, on_cuda[mode].all_ap)
