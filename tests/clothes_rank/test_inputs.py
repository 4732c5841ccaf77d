"""What features, distances and labels may be, in what container, and what is said of the rest."""

import numpy as np
import pytest
import torch

from clothes_rank import MODES, clothes_rank, clothes_rank_from_distances
from clothes_rank.inputs import FeatureError, check_features

LABELS = ([1], [1, 2], [0], [1, 1], [0], [0, 0])


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


def test_arguments_are_left_alone(backend, random_labels):
    generator = np.random.default_rng(8)
    arrays = [generator.standard_normal((5, 6)), generator.standard_normal((9, 6)), *random_labels(generator, 5, 9)]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    clothes_rank(*arrays, mode=MODES)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


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


def test_all_rows_that_cannot_be_ranked_are_told():
    query, gallery = np.ones((3, 2)), np.ones((4, 2))
    query[2] = np.nan
    gallery[[0, 3]] = np.inf
    gallery[1] = 0.0
    with pytest.raises(FeatureError, match="query features hold NaN or infinite values .* in row 2;") as caught:
        check_features(query, gallery, "cosine")
    assert caught.value.reason == "not finite"
    assert {side: rows.tolist() for side, rows in caught.value.rows.items()} == {"query": [2], "gallery": [0, 3]}
    with pytest.raises(FeatureError, match="gallery features are all zero in row 0,") as caught:
        check_features(query[:2], gallery[1:3], "cosine")
    assert caught.value.reason == "zero"
