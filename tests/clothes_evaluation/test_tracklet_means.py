"""Descriptors of tracklets, against the mean over all frames at once."""

import torch
import torch.nn.functional as F

from clothes_evaluation.tracklet_means import TrackletMeans


def test_batches_and_processes_add_up_to_the_mean_of_all_frames():
    generator = torch.Generator().manual_seed(0)
    sizes = [1, 5, 12]
    features = torch.randn(sum(sizes), 4, generator=generator)
    tracklets = torch.repeat_interleave(torch.arange(3), torch.tensor(sizes))
    weights = torch.cat([torch.full((size,), 1 / size) for size in sizes])
    labels = [10 + tracklets, 20 + tracklets, 30 + tracklets]
    parts = [TrackletMeans(), TrackletMeans()]
    # Two processes with a contiguous part each, in batches of four; the last tracklet is in both.
    for part, rows in zip(parts, (range(0, 9), range(9, 18)), strict=True):
        for start in range(0, len(rows), 4):
            batch = torch.tensor(rows[start : start + 4])
            part.add(features[batch], weights[batch], tracklets[batch], [label[batch] for label in labels])
    parts[0].merge(parts[1])
    found, pids, cameras, clothes = parts[0].finish()
    expected = torch.stack([features[tracklets == k].mean(0) for k in range(3)])
    torch.testing.assert_close(found, F.normalize(expected, dim=1))
    assert (pids.tolist(), cameras.tolist(), clothes.tolist()) == ([10, 11, 12], [20, 21, 22], [30, 31, 32])


def test_memory_is_one_vector_a_tracklet_however_long():
    means = TrackletMeans()
    for _ in range(50):
        means.add(
            torch.ones(100, 3),
            torch.full((100,), 1 / 5000),
            torch.zeros(100, dtype=torch.int64),
            [torch.zeros(100)] * 3,
        )
    assert sum(total.numel() for total in means._sums.values()) == 3
