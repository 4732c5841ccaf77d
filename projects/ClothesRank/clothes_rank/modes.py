"""Which gallery images match a query: the modes of clothes-aware evaluation, and the same-person pairs behind them.

For a query, a gallery image of another person is always a distractor. Of the same person:

    mode             counts as a match              is removed from the ranking
    general          other camera                   same camera
    same_clothing    other camera, same clothes     same camera; other clothes
    clothing_change  other camera, other clothes    same camera; same clothes
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

MODES = ("general", "same_clothing", "clothing_change")
# Same-person pairs looked at in one pass over the gallery, at some 80 bytes each.
PAIRS_PER_CHUNK = 2_000_000


class Labels(NamedTuple):
    """Labels of both sides: three (Q,) int64 arrays of the queries, three (G,) int64 arrays of the gallery."""

    query_pids: np.ndarray
    gallery_pids: np.ndarray
    query_camids: np.ndarray
    gallery_camids: np.ndarray
    query_clothes: np.ndarray
    gallery_clothes: np.ndarray


def requested_modes(mode: str | Sequence[str]) -> tuple[str, ...]:
    """The modes of a request in their order, each once.

    Raises: ValueError where there is none or one is not in MODES.
    """
    names = (mode,) if isinstance(mode, str) else tuple(mode)
    unknown = [name for name in names if name not in MODES]
    if unknown or not names:
        raise ValueError(f"mode is {mode!r}, expected one of {', '.join(MODES)}, or several of them")
    return tuple(dict.fromkeys(names))


def _label_array(values, name: str, length: int, counted: str) -> np.ndarray:
    array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if array.shape != (length,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({length},), one label for each {counted}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}, expected integers; number the labels first")
    # Writeable too: the compiled loops would be compiled once more for read-only arrays.
    return np.require(array, np.int64, ["C", "W"])


def as_labels(
    query_pids,
    gallery_pids,
    query_camids,
    gallery_camids,
    query_clothes,
    gallery_clothes,
    *,
    num_query: int,
    num_gallery: int,
) -> Labels:
    """Labels given as arrays, tensors or lists of integers, checked against the numbers of images.

    Raises: ValueError where a length is wrong; TypeError where labels are not integers.
    """
    sides = {
        "query_pids": query_pids,
        "gallery_pids": gallery_pids,
        "query_camids": query_camids,
        "gallery_camids": gallery_camids,
        "query_clothes": query_clothes,
        "gallery_clothes": gallery_clothes,
    }
    lengths = {"query": num_query, "gallery": num_gallery}
    checked = {}
    for name, values in sides.items():
        side = name.split("_")[0]
        checked[name] = _label_array(values, name, lengths[side], f"{side} image")
    return Labels(**checked)


@dataclass(frozen=True)
class PersonGroups:
    """The gallery images of each query's person, without a list per query.

    order: (G,) int64, gallery indices sorted by person, ascending within a person.   starts, stops: (Q,) int64, the
    slice of order that a query's person takes; empty where the gallery does not show that person.
    """

    order: np.ndarray
    starts: np.ndarray
    stops: np.ndarray

    @classmethod
    def of(cls, labels: Labels) -> "PersonGroups":
        order = np.argsort(labels.gallery_pids, kind="stable")
        in_order = labels.gallery_pids[order]
        starts = np.searchsorted(in_order, labels.query_pids, side="left")
        stops = np.searchsorted(in_order, labels.query_pids, side="right")
        return cls(order, starts, stops)

    def chunks(self, max_queries: int) -> Iterator[slice]:
        """Cuts the queries into slices of at most max_queries with at most PAIRS_PER_CHUNK pairs (or one query)."""
        total = np.concatenate(([0], np.cumsum(self.stops - self.starts)))
        first = 0
        while first < len(self.starts):
            fits = int(np.searchsorted(total, total[first] + PAIRS_PER_CHUNK, side="right")) - 1
            last = min(max(fits, first + 1), first + max_queries)
            yield slice(first, min(last, len(self.starts)))
            first = last

    def pairs(self, chunk: slice) -> tuple[np.ndarray, np.ndarray]:
        """The same-person pairs of some queries: offsets (n + 1,) and members (P,), gallery indices, both int64.

        Query i of the chunk has members[offsets[i]:offsets[i + 1]], ascending.
        """
        starts, sizes = self.starts[chunk], self.stops[chunk] - self.starts[chunk]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        positions = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
        return offsets, self.order[positions]


def _occurrences(query_keys: tuple[np.ndarray, ...], gallery_keys: tuple[np.ndarray, ...]) -> np.ndarray:
    # How many gallery images carry the same tuple of labels as each query.
    both = np.stack([np.concatenate(pair) for pair in zip(query_keys, gallery_keys, strict=True)], axis=1)
    codes = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    num_query = len(query_keys[0])
    return np.bincount(codes[num_query:], minlength=int(codes.max()) + 1)[codes[:num_query]]


def match_counts(labels: Labels, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """How many matches and how many ranked images each query has in a mode: two (Q,) int64 arrays.

    The ranked images are the gallery without those the mode removes; 0 matches means the query is left out.
    """
    query = (labels.query_pids, labels.query_camids, labels.query_clothes)
    gallery = (labels.gallery_pids, labels.gallery_camids, labels.gallery_clothes)

    def sharing(*which: int) -> np.ndarray:
        return _occurrences(tuple(query[i] for i in which), tuple(gallery[i] for i in which))

    person, person_camera = sharing(0), sharing(0, 1)
    if mode == "general":
        matches = person - person_camera
    else:
        same_clothes = sharing(0, 2) - sharing(0, 1, 2)
        matches = same_clothes if mode == "same_clothing" else person - person_camera - same_clothes
    return matches, len(labels.gallery_pids) - (person - matches)
