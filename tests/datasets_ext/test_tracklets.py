import os
import pickle

import numpy as np
import pytest

from datasets_ext import Tracklet, every_path, image_paths


def test_a_sequence_of_paths():
    names = ["b/1.jpg", "b/22.jpg", "b/ü.jpg"]
    frames = Tracklet("/a", names)
    assert list(frames) == [os.path.join("/a", name) for name in names]
    assert len(frames) == 3
    assert frames[-1] == "/a/b/ü.jpg"
    assert list(frames[::2]) == ["/a/b/1.jpg", "/a/b/ü.jpg"]
    assert frames[1:] == Tracklet("/a/b", ["22.jpg", "ü.jpg"])
    assert frames != Tracklet("/a", names[:2])
    assert hash(frames) == hash(Tracklet("/a", list(names)))
    assert pickle.loads(pickle.dumps(frames)) == frames
    with pytest.raises(IndexError):
        frames[3]


def test_names_are_one_array_and_parts_of_it_no_copies():
    names = np.array([b"%05d.jpg" % number for number in range(1000)])
    frames = Tracklet("/a", names[10:20])
    assert np.shares_memory(frames._names, names)
    assert frames[0] == "/a/00010.jpg"


def test_no_frames():
    with pytest.raises(ValueError, match="a tracklet of no frames in /a"):
        Tracklet("/a", [])
    with pytest.raises(ValueError, match="no frames"):
        Tracklet("/a", ["1.jpg"])[1:]


def test_paths_of_items():
    frames = Tracklet("/a", ["1.jpg", "2.jpg"])
    assert list(image_paths("x.jpg")) == ["x.jpg"]
    assert list(every_path([("x.jpg", 1), (frames, 2)])) == ["x.jpg", "/a/1.jpg", "/a/2.jpg"]
