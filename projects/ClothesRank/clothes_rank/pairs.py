"""The same-person pairs behind every score, in bounded memory."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from .labels import ImageLabels
from .modes import Among, Mode, Verdicts, judge

# Same-person pairs looked at in one pass over the gallery, at some 100 bytes each.
PAIRS_PER_CHUNK = 2_000_000


class Pairs(NamedTuple):
    """Pairs of consecutive queries, each with gallery images.

    Attributes:
        offsets: (n + 1,) int64; query i has the slice offsets[i]:offsets[i + 1] of every (P,) array.
        members: (P,) int64, gallery indices.
    """

    offsets: np.ndarray
    members: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """(P,) int64, which of the n queries a pair belongs to."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


class PersonPairs:
    """Each query with the gallery images of its person, without a list per query.

    Attributes:
        query, gallery: the labels of both sides.
    """

    def __init__(self, query: ImageLabels, gallery: ImageLabels):
        self.query, self.gallery = query, gallery
        # Gallery indices by person, ascending within a person, and the slice of them that a query's person takes.
        self._order = np.argsort(gallery.pids, kind="stable")
        in_order = gallery.pids[self._order]
        self._starts = np.searchsorted(in_order, query.pids, side="left")
        self._stops = np.searchsorted(in_order, query.pids, side="right")

    def among(self, images: Among) -> "PersonPairs":
        """The pairs of the images that a mode is about."""
        return PersonPairs(self.query.take(images.chosen(self.query)), self.gallery.take(images.chosen(self.gallery)))

    def chunks(self, max_queries: int) -> Iterator[slice]:
        """Cuts the queries into slices of at most max_queries with at most PAIRS_PER_CHUNK pairs (or one query)."""
        total = np.concatenate(([0], np.cumsum(self._stops - self._starts)))
        first = 0
        while first < len(self._starts):
            fits = int(np.searchsorted(total, total[first] + PAIRS_PER_CHUNK, side="right")) - 1
            last = min(max(fits, first + 1), first + max_queries)
            yield slice(first, min(last, len(self._starts)))
            first = last

    def of(self, chunk: slice) -> Pairs:
        """The pairs of the queries in a chunk, ascending within a query."""
        starts, sizes = self._starts[chunk], self._stops[chunk] - self._starts[chunk]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        positions = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
        return Pairs(offsets, self._order[positions])

    def judged(self, mode: Mode, chunk: slice, pairs: Pairs) -> Verdicts:
        """What a mode makes of pairs of the queries in a chunk, whatever their order."""
        return judge(mode, self.query, self.gallery, chunk.start + pairs.rows, pairs.members)

    def match_counts(self, modes: Mapping[str, Mode]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """How many matches and how many ranked images each query has: by mode two (Q,) int64 arrays.

        The ranked images are the gallery without those the mode removes; 0 matches means the query is left out.
        """
        num_query, num_gallery = len(self.query), len(self.gallery)
        counts = {name: (np.zeros(num_query, np.int64), np.full(num_query, num_gallery, np.int64)) for name in modes}
        for chunk in self.chunks(num_query):
            pairs = self.of(chunk)
            rows, num_rows = pairs.rows, chunk.stop - chunk.start
            for name, mode in modes.items():
                verdicts = self.judged(mode, chunk, pairs)
                matches, ranked = counts[name]
                matches[chunk] = np.bincount(rows[verdicts.is_match], minlength=num_rows)
                ranked[chunk] -= np.bincount(rows[verdicts.is_removed], minlength=num_rows)
        return counts
