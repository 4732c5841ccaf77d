"""The head of a mode's ranking, image by image, for pictures and for looking at errors."""

from dataclasses import dataclass, replace

import numpy as np

from .counting.cpu import CpuDistances, CpuFeatures
from .counting.kernels import sort_pairs
from .counting.workers import Workers
from .modes import Mode
from .pairs import Pairs, PersonPairs
from .ranking import inexact_products


@dataclass(frozen=True, eq=False)
class TopResult:
    """The first images of the rankings of n queries in a mode, as they were scored: removed images are left out.

    Attributes:
        mode: its name.
        queries: (n,) int64, indices of the queries.
        images: (n, k) int64, gallery indices, nearest first, equal distances by gallery index; -1 where a ranking has
            ended.
        distances: (n, k) float64, NaN where a ranking has ended. Cosine: 1 - cosine similarity; euclidean: squared.
        is_match: (n, k) bool.
    """

    mode: str
    queries: np.ndarray
    images: np.ndarray
    distances: np.ndarray
    is_match: np.ndarray

    def among(self, images: np.ndarray) -> "TopResult":
        """The same where the gallery was a part of another, (n,) int64 indices into that one."""
        return replace(self, images=np.where(self.images < 0, -1, images[self.images]))


def top(
    backend: CpuFeatures | CpuDistances,
    pairs: PersonPairs,
    mode: Mode,
    k: int,
    queries: np.ndarray,
    workers: Workers,
) -> TopResult:
    """The first k images of each query's ranking, or all where there are fewer.

    Args:
        backend, pairs: of the queries alone.
        queries: (n,) int64, what the result calls them.
    """
    k = min(k, len(pairs.gallery))
    result = TopResult(
        mode=mode.name,
        queries=queries,
        images=np.full((len(queries), k), -1, np.int64),
        distances=np.full((len(queries), k), np.nan),
        is_match=np.zeros((len(queries), k), np.bool_),
    )
    for chunk in pairs.chunks(backend.queries_per_pass):
        own = pairs.of(chunk)
        removed = np.bincount(own.rows[pairs.judged(mode, chunk, own).is_removed], minlength=chunk.stop - chunk.start)
        near, distances = _nearest(backend, chunk, k + removed, workers)
        rows, images = near.rows, near.members
        same_person = pairs.query.pids[chunk.start + rows] == pairs.gallery.pids[images]
        verdicts = pairs.judged(mode, chunk, near)
        kept = ~(same_person & verdicts.is_removed)
        rows, images, distances = rows[kept], images[kept], distances[kept]
        is_match = (same_person & verdicts.is_match)[kept]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        place = (chunk.start + rows[rank < k], rank[rank < k])
        result.images[place] = images[rank < k]
        result.distances[place] = distances[rank < k]
        result.is_match[place] = is_match[rank < k]
    return result


def _nearest(
    backend: CpuFeatures | CpuDistances, chunk: slice, wanted: np.ndarray, workers: Workers
) -> tuple[Pairs, np.ndarray]:
    """The nearest gallery images of the queries in a chunk, in order, at least as many as are wanted (n,) of each."""
    expectation = backend.expectation(chunk, worst_case=True)
    images: list[list[np.ndarray]] = [[] for _ in wanted]
    values_of: list[list[np.ndarray]] = [[] for _ in wanted]

    def visit(values: np.ndarray, rows: slice, columns: slice) -> None:
        for row, query in enumerate(range(rows.start, rows.stop)):
            count = min(int(wanted[query]), values.shape[1])
            last = np.partition(values[row], count - 1)[count - 1]
            # Each of two values may be off by what is allowed.
            near = np.flatnonzero(values[row] <= np.float64(last) + 2.0 * expectation.allowed[query])
            images[query].append(columns.start + near)
            values_of[query].append(values[row, near].astype(np.float64))

    backend.each_block(chunk, visit)
    offsets = np.cumsum([0, *(sum(map(len, parts)) for parts in images)])
    members = np.concatenate([part for parts in images for part in parts])
    values = np.concatenate([part for parts in values_of for part in parts])
    distances = backend.pair_distances(chunk, offsets, members)
    rows = Pairs(offsets, members).rows
    error = np.abs(values - (expectation.scale * distances - expectation.shift[rows]))
    if (error > expectation.allowed[rows]).any():
        within_tolerance = np.ones(len(wanted), np.bool_)
        within_tolerance[rows[error > expectation.allowed[rows]]] = False
        raise inexact_products(chunk.start, within_tolerance)
    workers.over(len(wanted), lambda first, last: sort_pairs(offsets, members, distances, first, last))
    return Pairs(offsets, members), distances
