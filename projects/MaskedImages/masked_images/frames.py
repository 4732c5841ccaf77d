"""Tracklets: training draws one of their frames, evaluation reads all of them, one after another."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from datasets_ext import Tracklet

from .parsed_dataset import ParsedDataset

# Frames of a clip, as in the literature.
CLIP = 8


class FrameDataset(Dataset):
    """The frames of the items of a test set, in order; an image is an item of one frame.

    A sample is that of the test set with ``tracklets``, the position of its item, and ``frame_weights``, its share of
    the item's descriptor; the shares of an item add up to 1. Nothing is listed frame by frame.

    Args:
        items: the test set.
        clips: whether frames weigh as by the mean over clips of 8 with stride 4, see :func:`clip_weights`.
    """

    def __init__(self, items: ParsedDataset, *, clips: bool = False):
        self._items = items
        self._clips = clips
        sizes = [1 if isinstance(data, str) else len(data) for data, *_ in items.img_items]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])

    @property
    def img_items(self) -> list[tuple]:
        """The items, not their frames."""
        return self._items.img_items

    def of_item(self, item: int) -> dict[str, Any]:
        """The sample of an item's first frame, for pictures."""
        return self[int(self._starts[item])]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        item = int(np.searchsorted(self._starts, index, side="right")) - 1
        frame, frames = int(index - self._starts[item]), int(self._starts[item + 1] - self._starts[item])
        weight = clip_weights(frames)[frame] if self._clips else 1 / frames
        return {**self._items.read(item, frame), "tracklets": item, "frame_weights": float(weight)}


def clip_weights(frames: int) -> np.ndarray:
    """What each frame weighs in the mean over a tracklet's clips of 8 frames of the mean over a clip's frames.

    The literature (CAL, CVPR 2022) cuts a tracklet into clips of 8 frames at stride 4; what is left of it into clips of
    a smaller stride, and the last 1 to 7 frames into one that repeats them until it is full. A network that sees one
    image at a time gives each frame the same descriptor in whichever clip, so that the stride makes no difference and
    only the repeated frames weigh more than others.

    Args:
        frames: of the tracklet, at least 1.

    Returns:
        (frames,) float64 that add up to 1.
    """
    left = frames % CLIP
    times = np.ones(frames)
    if left:
        times[frames - left :] = np.bincount(np.arange(CLIP) % left, minlength=left)
    return times / times.sum()


def dense_items(items: Sequence[tuple], stretch: int) -> Iterator[tuple]:
    """Training items with tracklets cut into stretches, of each of which a sampler draws one frame at a time.

    An epoch then shows the more of a tracklet the longer it is.

    Args:
        items: (path or tracklet, ...).
        stretch: frames of a stretch; the last takes what is left. 0: tracklets stay whole.
    """
    for data, *labels in items:
        if not isinstance(data, Tracklet) or stretch < 1:
            yield (data, *labels)
            continue
        count = max(1, len(data) // stretch)
        for number in range(count):
            last = len(data) if number == count - 1 else (number + 1) * stretch
            yield (data[number * stretch : last], *labels)
