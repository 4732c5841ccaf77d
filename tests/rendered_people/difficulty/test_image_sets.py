import json

import numpy as np
import pytest
from PIL import Image

from rendered_people import RenderingError
from rendered_people.difficulty.image_sets import test_sets as read_test_sets


def test_names_say_who_is_seen_where_and_in_what(swapped):
    sets = read_test_sets(swapped)
    assert list(sets) == ["PRCC's layout", "PRCC's layout, unseen sites"]
    query, gallery = sets["PRCC's layout"]
    assert [path.parts[-3:] for path in query.paths] == [
        (camera, pid, "cropped_rgb001.jpg") for camera in "BC" for pid in ("001", "002")
    ]
    assert (query.pids.tolist(), query.cameras.tolist(), query.clothes.tolist()) == (
        [1, 2, 1, 2],
        [1, 1, 2, 2],
        [0, 0, 1, 1],
    )
    assert (gallery.pids.tolist(), gallery.cameras.tolist(), gallery.clothes.tolist()) == ([1, 2], [0, 0], [0, 0])
    assert all("test_unseen_sites" in path.parts for part in sets["PRCC's layout, unseen sites"] for path in part.paths)


def test_ltccs_names_are_read(tmp_path):
    for folder, name in (("query", "012_3_c14_000001.png"), ("test", "7_1_c2_000002.png"), ("test", "Thumbs.png")):
        (tmp_path / "LTCC_ReID" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "LTCC_ReID" / folder / name).write_bytes(b"")
    query, gallery = read_test_sets(tmp_path)["LTCC's layout"]
    assert (query.pids.tolist(), query.clothes.tolist(), query.cameras.tolist()) == ([12], [3], [14])
    assert (gallery.pids.tolist(), gallery.clothes.tolist(), gallery.cameras.tolist()) == ([7], [1], [2])
    assert query.parsing_paths == [tmp_path / "LTCC_ReID/parsing/query/012_3_c14_000001.png"]


MAP = "prcc/parsing/test/A/001/cropped_rgb001.png"


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_file_is_named(swapped, content):
    (swapped / MAP).write_bytes(content)
    _, gallery = read_test_sets(swapped)["PRCC's layout"]
    with pytest.raises(RenderingError, match="A/001/cropped_rgb001.png is damaged"):
        list(gallery.pixels())


def test_a_map_of_another_size_is_named(swapped):
    Image.fromarray(np.zeros((6, 6), dtype=np.uint8)).save(swapped / MAP)
    _, gallery = read_test_sets(swapped)["PRCC's layout"]
    with pytest.raises(RenderingError, match=r"png has the shape \(6, 6\) and its image \(12, 6\)"):
        list(gallery.pixels())


def test_labels_of_another_system_are_refused(swapped):
    says = swapped / "prcc/parsing/label_system.json"
    says.write_text(json.dumps({"system": "lip"}))
    read_test_sets(swapped)
    says.write_text(json.dumps({"system": "atr"}))
    with pytest.raises(RenderingError, match="labels of 'atr'; the measure knows those of 'lip'"):
        read_test_sets(swapped)
    for content in ("", "[]"):
        says.write_text(content)
        with pytest.raises(RenderingError, match="label_system.json is damaged"):
            read_test_sets(swapped)
