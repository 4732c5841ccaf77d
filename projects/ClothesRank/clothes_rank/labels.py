"""Labels of one side's images: who is seen, by which camera, in which clothes, and whatever else a mode compares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

LabelValues = np.ndarray | torch.Tensor | Sequence[int]


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of N images, each an array, tensor or sequence of N integers.

    Attributes:
        pids: the persons.
        camids: the cameras; None where they are unknown, and then every image counts as seen by a camera of its own.
        clothes: the outfits, compared within a person only; None where they are unknown, and then a mode that compares
            them is refused.
        further: other labels by the name that modes compare them by, such as ``{"tracklet": ...}``.
    """

    pids: LabelValues
    camids: LabelValues | None
    clothes: LabelValues | None = None
    further: Mapping[str, LabelValues] = field(default_factory=dict)

    def checked(self, side: str, length: int) -> "ImageLabels":
        """The labels as int64 arrays.

        Args:
            side: query or gallery, for messages.
            length: number of the side's images.

        Raises:
            ValueError: a length is wrong, or a further label has the name of another.
            TypeError: labels are not integers.
        """
        taken = {"camera", "clothes"} & set(self.further)
        if taken:
            raise ValueError(f"further labels of the {side} are named {', '.join(sorted(taken))}: those have fields")
        columns: dict[str, np.ndarray | None] = {"camera": None}
        if self.camids is not None:
            columns["camera"] = _label_array(self.camids, f"{side}_camids", length, side)
        if self.clothes is not None:
            columns["clothes"] = _label_array(self.clothes, f"{side}_clothes", length, side)
        for name, values in self.further.items():
            columns[name] = _label_array(values, f"{side}'s {name}", length, side)
        return ImageLabels(_label_array(self.pids, f"{side}_pids", length, side), columns)


@dataclass(frozen=True, eq=False)
class ImageLabels:
    """Labels of N images that were checked.

    Attributes:
        pids: (N,) int64.
        columns: what modes compare, name -> (N,) int64; None where no two images agree.
    """

    pids: np.ndarray
    columns: Mapping[str, np.ndarray | None]

    def __len__(self) -> int:
        return len(self.pids)

    def take(self, images: np.ndarray) -> "ImageLabels":
        """The labels of some of the images, (n,) int."""
        columns = {name: None if column is None else column[images] for name, column in self.columns.items()}
        return ImageLabels(self.pids[images], columns)


def check_sides(query: ImageLabels, gallery: ImageLabels) -> None:
    """Raises: ValueError where one side has labels that the other lacks."""
    for name in dict.fromkeys([*query.columns, *gallery.columns]):
        has = [labels.columns.get(name) is not None for labels in (query, gallery)]
        if has[0] != has[1]:
            with_it, without = ("query", "gallery") if has[0] else ("gallery", "query")
            raise ValueError(f"the {with_it} labels name each image's {name} and the {without} labels do not")


def _label_array(values: LabelValues, name: str, length: int, side: str) -> np.ndarray:
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if array.shape != (length,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({length},), one label for each {side} image")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}, expected integers; number the labels first")
    # Writeable too: the compiled loops would be compiled once more for read-only arrays.
    return np.require(array, np.int64, ["C", "W"])
