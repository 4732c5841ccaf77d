"""An item that is a sequence of frames in the place of one image."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np


class Tracklet(Sequence[str]):
    """The frames of one person before one camera, in order: paths, held as one array of names.

    A set such as MEVID has millions of frames; a Python string for each would take several times the bytes.

    Args:
        folder: that all frames lie below.
        names: (N,) their paths below it, strings or bytes, at least one.

    Raises:
        ValueError: there is no frame.
    """

    __slots__ = ("_names", "folder")

    def __init__(self, folder: str, names: Sequence[str] | np.ndarray):
        if not len(names):
            raise ValueError(f"a tracklet of no frames in {folder}; expected at least one")
        self.folder = folder
        self._names = names if isinstance(names, np.ndarray) else np.array([os.fsencode(name) for name in names])

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> "Tracklet": ...

    def __getitem__(self, index: int | slice) -> "str | Tracklet":
        if isinstance(index, slice):
            return Tracklet(self.folder, self._names[index])
        return os.path.join(self.folder, os.fsdecode(bytes(self._names[index])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tracklet) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((len(self), self[0], self[-1]))

    def __repr__(self) -> str:
        return f"Tracklet of {len(self)} frames from {self[0]}"


def image_paths(data: "str | Tracklet") -> Iterable[str]:
    """The paths of what an item shows: of its one image, or of its frames."""
    return (data,) if isinstance(data, str) else data


def every_path(items: Iterable[tuple]) -> Iterator[str]:
    """The paths of all images and frames of items, in their order."""
    for item in items:
        yield from image_paths(item[0])
