"""Labels of one side, and of both."""

import numpy as np
import pytest
import torch

from clothes_rank.labels import Labels, check_sides


@pytest.mark.parametrize("given", [[3, 1], np.array([3, 1], np.uint8), torch.tensor([3, 1], dtype=torch.int32)])
def test_integers_in_any_container_are_labels(given):
    labels = Labels(given, given, given, {"tracklet": given}).checked("query", 2)
    assert set(labels.columns) == {"camera", "clothes", "tracklet"}
    for column in (labels.pids, *labels.columns.values()):
        assert column.dtype == np.int64
        assert column.flags.writeable
        assert column.tolist() == [3, 1]
    assert len(labels) == 2


def test_unknown_cameras_are_known_to_be_unknown_and_unknown_clothes_are_absent():
    labels = Labels([1, 2], camids=None).checked("gallery", 2)
    assert labels.columns == {"camera": None}
    assert labels.take(np.array([1])).columns == {"camera": None}


def test_some_of_the_labels():
    labels = Labels([1, 2, 3], [4, 5, 6], further={"place": [7, 8, 9]}).checked("gallery", 3).take(np.array([2, 0]))
    assert labels.pids.tolist() == [3, 1]
    assert labels.columns["camera"].tolist() == [6, 4]
    assert labels.columns["place"].tolist() == [9, 7]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (Labels([1], [1, 2]), r"query_pids has shape \(1,\), expected \(2,\)"),
        (Labels([1, 2], [[1, 2]]), r"query_camids has shape \(1, 2\), expected \(2,\)"),
        (Labels([1, 2], [1, 2], [1]), r"query_clothes has shape \(1,\)"),
        (Labels([1, 2], [1, 2], further={"place": [1]}), r"query's place has shape \(1,\)"),
        (Labels([1, 2], [1, 2], further={"camera": [1, 2]}), "further labels of the query are named camera"),
    ],
)
def test_lengths_and_names(labels, message):
    with pytest.raises(ValueError, match=message):
        labels.checked("query", 2)


def test_labels_are_whole_numbers():
    with pytest.raises(TypeError, match="query_clothes has dtype float64, expected integers"):
        Labels([1, 2], [1, 2], [0.5, 1.0]).checked("query", 2)
    with pytest.raises(TypeError, match="gallery_pids has dtype <U1, expected integers; number the labels first"):
        Labels(["a", "b"], None).checked("gallery", 2)


def test_both_sides_have_the_same_kinds_of_labels():
    full, no_camera, no_clothes = Labels([1], [1], [1]), Labels([1], None, [1]), Labels([1], [1])
    checked = {id(x): x.checked("query", 1) for x in (full, no_camera, no_clothes)}
    check_sides(checked[id(full)], checked[id(full)])
    with pytest.raises(ValueError, match="the query labels name each image's camera and the gallery labels do not"):
        check_sides(checked[id(full)], checked[id(no_camera)])
    with pytest.raises(ValueError, match="the gallery labels name each image's clothes and the query labels do not"):
        check_sides(checked[id(no_clothes)], checked[id(full)])
