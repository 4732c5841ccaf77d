"""Each camera's mean is taken out: against the formula as a loop, and where it decides who is found."""

import numpy as np
import pytest
import torch

from clothes_rank import Labels, Retrieval
from clothes_rank.camera_centering import center_by_camera
from clothes_rank.inputs import FeatureError


def center_slowly(query, gallery, query_cameras, gallery_cameras, metric, prior):
    rows = [row.astype(np.float64) for row in (*query, *gallery)]
    if metric == "cosine":
        rows = [row / np.linalg.norm(row) for row in rows]
    cameras = [*query_cameras, *gallery_cameras]
    everywhere = sum(rows) / len(rows)
    centered = []
    for row, camera in zip(rows, cameras, strict=True):
        of_camera = [other for other, its in zip(rows, cameras, strict=True) if its == camera]
        centered.append(row - (sum(of_camera) + prior * everywhere) / (len(of_camera) + prior))
    return np.array(centered[: len(query)]), np.array(centered[len(query) :])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("prior", [0.0, 10.0])
def test_formula(clusters, metric, prior):
    random = np.random.default_rng(0)
    cameras = [random.choice([3, 7, 40], len(side)) for side in clusters]
    found = center_by_camera(*clusters, *cameras, metric=metric, prior=prior)
    for side, expected in zip(found, center_slowly(*clusters, *cameras, metric, prior), strict=True):
        assert side.dtype == np.float32
        np.testing.assert_allclose(side, expected, rtol=1e-4, atol=1e-5)


def test_tensors_stay_tensors_and_what_is_given_stays(clusters):
    cameras = [np.arange(len(side)) % 2 for side in clusters]
    expected = center_by_camera(*clusters, *cameras)
    tensors = tuple(map(torch.from_numpy, clusters))
    before = [side.clone() for side in tensors]
    for side, other in zip(center_by_camera(*tensors, *map(torch.from_numpy, cameras)), expected, strict=True):
        torch.testing.assert_close(side, torch.from_numpy(other))
    assert all(torch.equal(side, other) for side, other in zip(tensors, before, strict=True))


def test_what_a_camera_gives_all_its_images_no_longer_decides():
    """Two cameras with a strong mark of their own: by plain cosine, strangers before the query's camera come first."""
    random = np.random.default_rng(1)
    people, marks = random.normal(size=(30, 16)), 4 * random.normal(size=(2, 16))
    features = np.concatenate([people + mark for mark in marks]).astype(np.float32)
    cameras, pids = np.repeat([0, 1], 30), np.tile(np.arange(30), 2)
    labels = Labels(pids, cameras, np.zeros(60, int))

    def rank1(queries, gallery):
        return Retrieval(queries, gallery, labels, labels, metric="cosine").rank(["general"])["general"].cmc[0]

    assert rank1(features, features) < 0.2
    assert rank1(*center_by_camera(features, features, cameras, cameras, prior=0)) > 0.95


def test_a_camera_with_a_single_image_keeps_who_is_seen():
    features = np.eye(4, dtype=np.float32)
    cameras = np.array([0, 0, 0, 1])
    query, _ = center_by_camera(features[3:], features[:3], cameras[3:], cameras[:3])
    # Drawn to the mean of all, not to the image itself.
    np.testing.assert_allclose(query[0], features[3] - (features[3] + 10 * 0.25) / 11, rtol=1e-6)
    assert query[0].argmax() == 3


def test_what_cannot_be_is_refused(clusters):
    query, gallery = clusters
    cameras = [np.zeros(len(side), int) for side in clusters]
    with pytest.raises(ValueError, match="gallery cameras have the shape"):
        center_by_camera(query, gallery, cameras[0], cameras[1][:-1])
    with pytest.raises(ValueError, match="prior"):
        center_by_camera(query, gallery, *cameras, prior=-1)
    with pytest.raises(FeatureError):
        center_by_camera(np.zeros_like(query), gallery, *cameras)
    with pytest.raises(ValueError, match=r"dimension|columns|shape"):
        center_by_camera(query[:, :-1], gallery, *cameras)
