import os

import numpy as np
import pytest
from PIL import Image

from datasets_ext import label_colours, read_label_png
from people_parsing import write_label_png
from people_parsing.writing import is_whole

LABELS = np.arange(20, dtype=np.uint8).reshape(4, 5)


def test_labels_come_back_and_show_in_colours(tmp_path):
    path = str(tmp_path / "folder" / "map.png")
    write_label_png(path, LABELS)
    assert np.array_equal(read_label_png(path), LABELS)
    with Image.open(path) as image:
        assert np.array_equal(np.array(image.convert("RGB")), label_colours()[LABELS])


def test_a_map_is_whole_or_absent(tmp_path, monkeypatch):
    path = str(tmp_path / "map.png")
    write_label_png(path, LABELS)

    def full(part, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_label_png(path, LABELS + 1)
    assert np.array_equal(read_label_png(path), LABELS)
    assert os.listdir(tmp_path) == ["map.png"]


def test_a_name_as_long_as_names_can_be(tmp_path):
    path = str(tmp_path / ("n" * 251 + ".png"))
    write_label_png(path, LABELS)
    assert np.array_equal(read_label_png(path), LABELS)


def test_what_is_a_whole_map(tmp_path):
    path = str(tmp_path / "map.png")
    assert not is_whole(path)
    write_label_png(path, LABELS)
    assert is_whole(path)
    with open(path, "rb") as file:
        content = file.read()
    for kept in range(len(content)):
        with open(path, "wb") as file:
            file.write(content[:kept])
        # Without its last few bytes, which hold no label, a reader may still get all.
        assert not is_whole(path) or np.array_equal(read_label_png(path), LABELS)
        assert not is_whole(path) or kept > len(content) - 24
    # Bytes behind the end, which readers overlook.
    with open(path, "wb") as file:
        file.write(content + b"more")
    assert is_whole(path)


def test_what_is_no_file_is_no_map(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "nowhere.png").symlink_to("nothing")
    for name in ("pipe", "folder", "nowhere"):
        assert not is_whole(str(tmp_path / f"{name}.png"))
