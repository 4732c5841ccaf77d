"""Tracklets in training and evaluation."""

import numpy as np
import pytest

from datasets_ext import PRCC, Tracklet
from fastreid_runs.seeding import SeededIndex
from masked_images import FrameDataset, ParsedDataset
from masked_images.frames import clip_weights, dense_items


def clips_of(frames, length=8, stride=4):
    """Clips as CAL cuts them (data/datasets/ccvid.py), by positions, written out step by step."""
    positions, clips = list(range(frames)), []
    whole = frames // (length * stride) * (length * stride)
    for start in range(0, whole, length * stride):
        for first in range(stride):
            clips.append(positions[start + first : start + length * stride : stride])
    smaller = (frames - whole) // length
    for first in range(smaller):
        clips.append(positions[whole + first : whole + length * smaller : smaller])
    left = positions[frames // length * length :]
    if left:
        clips.append([left[k % len(left)] for k in range(length)])
    return clips


@pytest.mark.parametrize("frames", [1, 3, 7, 8, 9, 15, 16, 27, 31, 32, 33, 45, 64, 122, 410])
def test_weights_are_those_of_a_slow_loop_over_clips(frames):
    features = np.random.default_rng(frames).standard_normal((frames, 5))
    clips = clips_of(frames)
    assert all(len(clip) == 8 for clip in clips)
    expected = np.mean([features[clip].mean(axis=0) for clip in clips], axis=0)
    np.testing.assert_allclose(clip_weights(frames) @ features, expected, atol=1e-12)
    assert clip_weights(frames).sum() == pytest.approx(1)


def test_stretches_of_training_tracklets():
    frames = Tracklet("/a", [f"{k}.jpg" for k in range(150)])
    cut = list(dense_items([("x.jpg", 1, 2, 3), (frames, 4, 5, 6)], 64))
    assert cut[0] == ("x.jpg", 1, 2, 3)
    # The last takes what is left, as in the literature.
    assert [(len(item[0]), item[1:]) for item in cut[1:]] == [(64, (4, 5, 6)), (86, (4, 5, 6))]
    assert [path for item in cut[1:] for path in item[0]] == list(frames)
    assert list(dense_items([(frames, 4)], 0)) == [(frames, 4)]
    assert [len(item[0]) for item in dense_items([(frames[:10], 4)], 64)] == [10]


@pytest.fixture
def items(prcc_root):
    """Two tracklets of three frames, and an image, with their maps."""
    dataset = PRCC(root=str(prcc_root), verbose=False)
    names = [path.partition("/prcc/")[2] for path, *_ in dataset.gallery]
    folder = dataset.gallery[0][0].partition("/prcc/")[0] + "/prcc"
    made = [
        (Tracklet(folder, names[0:3]), 7, 0, 0),
        (dataset.gallery[3][0], 8, 0, 1),
        (Tracklet(folder, names[4:6]), 9, 0, 2),
    ]
    return made, [dataset.parsing_maps()] * 3, dataset


def read_pair(image, mask):
    import torch

    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float()
    return torch.cat([pixels, torch.from_numpy(mask)[None].float()])


@pytest.mark.parametrize("clips", [False, True])
def test_a_test_set_is_read_frame_by_frame(items, clips):
    made, maps, dataset = items
    frames = FrameDataset(ParsedDataset(made, maps, read_pair, relabel=False), clips=clips)
    assert len(frames) == 6
    samples = [frames[k] for k in range(6)]
    assert [sample["tracklets"] for sample in samples] == [0, 0, 0, 1, 2, 2]
    assert [sample["img_paths"] for sample in samples] == [path for path, *_ in dataset.gallery[:6]]
    assert [sample["targets"] for sample in samples] == [7, 7, 7, 8, 9, 9]
    # Of three frames the first two are seen three times in a clip of eight, the third twice.
    expected = [3 / 8, 3 / 8, 2 / 8] if clips else [1 / 3] * 3
    np.testing.assert_allclose([sample["frame_weights"] for sample in samples], [*expected, 1, 0.5, 0.5])
    assert frames.of_item(2)["img_paths"] == dataset.gallery[4][0]
    assert frames.img_items == made
    with pytest.raises(IndexError):
        frames[6]


def test_training_draws_a_frame_from_the_samples_own_seed(items):
    made, maps, _ = items
    data = ParsedDataset(made, maps, read_pair)
    drawn = [data[SeededIndex(0, seed)]["img_paths"] for seed in range(40)]
    assert set(drawn) == set(made[0][0])
    assert drawn == [data[SeededIndex(0, seed)]["img_paths"] for seed in range(40)]
    assert data[1]["img_paths"] == made[1][0]
    found = data.fingerprint()
    assert found["images"] == 3
    shorter = ParsedDataset([(made[0][0][:2], *made[0][1:]), *made[1:]], maps, read_pair)
    assert shorter.fingerprint()["sha256"] != found["sha256"]
