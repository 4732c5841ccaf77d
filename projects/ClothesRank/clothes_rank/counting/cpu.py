"""Counting on the CPU: matrix products in BLAS, exact distances and comparisons in compiled loops."""

import functools
from collections.abc import Callable
from typing import Literal

import numpy as np

from . import blocks, kernels
from .kernels import Expectation, Side, Thresholds
from .screening import Screen
from .sources import DistanceMatrix, FeaturePair, as_numpy
from .workers import Workers

_METRIC_CODES = {"cosine": kernels.COSINE, "euclidean": kernels.EUCLIDEAN}


# What the compiled loops are compiled for. Read-only arrays would be as good, but compiled for once more.
_LAYOUT: tuple[Literal["C", "A", "W"], ...] = ("C", "A", "W")

# Takes (values, rows of the chunk, columns of the gallery): (rows, columns) floats, valid during the call.
Visit = Callable[[np.ndarray, slice, slice], None]


def _is_plain(array: np.ndarray, dtype: np.dtype) -> bool:
    return array.dtype == dtype and array.flags.carray


class _Rows:
    """Rows of (N, D) features as contiguous float32 or float64: views where they are that, else copies of a block."""

    def __init__(self, features: np.ndarray, block_rows: int):
        self._features = features
        self._dtype = np.dtype(np.float64 if features.dtype == np.float64 else np.float32)
        self.block_rows = len(features) if _is_plain(features, self._dtype) else block_rows

    def __len__(self) -> int:
        return len(self._features)

    def __getitem__(self, rows: slice) -> np.ndarray:
        return np.require(self._features[rows], self._dtype, _LAYOUT)


def norms(features: np.ndarray, workers: Workers) -> np.ndarray:
    """Euclidean norms of the rows of (N, D) floats, (N,) float64; not finite where a row is not."""
    rows = _Rows(features, blocks.plan_blocks(features.shape[1], blocks.SCRATCH_BYTES).gallery_rows)
    result = np.empty(len(rows))
    for start, stop in blocks.spans(len(rows), rows.block_rows):
        workers.over(stop - start, functools.partial(kernels.norms, rows[start:stop], result[start:stop]))
    return result


class CpuFeatures:
    """A Backend over features in main memory."""

    def __init__(self, source: FeaturePair, workers: Workers):
        self._workers = workers
        self._metric = _METRIC_CODES[source.metric]
        self._plan = blocks.plan_blocks(source.dim, blocks.SCRATCH_BYTES, workers=workers.count)
        self._query = _Rows(as_numpy(source.query), self._plan.gallery_rows)
        self._gallery = _Rows(as_numpy(source.gallery), self._plan.gallery_rows)
        self._query_norms, self._gallery_norms = source.query_norms, source.gallery_norms
        self._screen = Screen.of(source.metric, source.dim, source.query_norms, source.gallery_norms)
        self.queries_per_pass = self._plan.queries_per_pass

    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """As Backend."""
        no_pids = np.empty(0, np.int64)
        query = Side(self._query[chunk], self._query_norms[chunk], no_pids)
        # Queries of one person share their first pair's member.
        some_member = members[np.minimum(offsets[:-1], len(members) - 1)] if len(members) else offsets[:-1]
        order = np.argsort(some_member, kind="stable")
        distances = np.empty(len(members))
        for start, stop in blocks.spans(len(self._gallery), self._gallery.block_rows):
            gallery = Side(self._gallery[start:stop], self._gallery_norms[start:stop], no_pids)

            def fill(first: int, last: int, start: int = start, gallery: Side = gallery) -> None:
                kernels.pair_distances(
                    self._metric, query, gallery, start, offsets, members, distances, order, first, last
                )

            self._workers.over(len(order), fill)
        return distances

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, worst_case: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """As Backend: Screen.bounds of the queries in the chunk."""
        return self._screen.bounds(chunk, offsets, distances, worst_case=worst_case)

    def expectation(self, chunk: slice, *, worst_case: bool) -> Expectation:
        """What the values of ``each_block`` should be, and the error that may show where an exact distance is known."""
        allowed = self._screen.tolerance(chunk, worst_case=worst_case) * (1.0 if worst_case else 0.5)
        return Expectation(self._screen.distance_scale, self._screen.query_shift[chunk], allowed)

    def count_closer(
        self,
        chunk: slice,
        thresholds: Thresholds,
        query_pids: np.ndarray,
        gallery_pids: np.ndarray,
        *,
        worst_case: bool,
    ) -> np.ndarray:
        """As Backend."""
        query = Side(self._query[chunk], self._query_norms[chunk], query_pids)
        same_person_seen = np.zeros(len(query_pids), np.int64)
        within_tolerance = np.ones(len(query_pids), np.bool_)
        expectation = self.expectation(chunk, worst_case=worst_case)

        def count(values: np.ndarray, rows: slice, columns: slice) -> None:
            kernels.count_closer(
                self._metric,
                values,
                columns.start,
                query,
                Side(self._gallery[columns], self._gallery_norms[columns], gallery_pids[columns]),
                thresholds,
                expectation,
                same_person_seen,
                within_tolerance,
                rows.start,
                rows.stop,
            )

        self.each_block(chunk, count)
        return within_tolerance & (same_person_seen == np.diff(thresholds.offsets))

    def each_block(self, chunk: slice, visit: Visit) -> None:
        """Calls visit, on several threads, for blocks that cover the queries of the chunk with the gallery once.

        The values are float32 and near scale * distance - shift (``expectation``).
        """
        factors = self._factors(self._query[chunk], self._screen.query_scales[chunk], 1.0, None)
        buffer = np.empty((min(self._plan.gallery_rows, len(self._gallery)), factors.shape[1]), np.float32)
        for start, stop in blocks.spans(len(self._gallery), self._plan.gallery_rows):
            column = self._screen.gallery_column
            gallery_factors = self._factors(
                self._gallery[start:stop],
                self._screen.gallery_scales[start:stop],
                None if column is None else column[start:stop],
                buffer,
            )

            def work(
                first: int,
                last: int,
                columns: slice = slice(start, stop),  # noqa: B008
                gallery_factors: np.ndarray = gallery_factors,
            ) -> None:
                values = self._workers.buffer(last - first, len(gallery_factors))
                np.matmul(factors[first:last], gallery_factors.T, out=values)
                visit(values, slice(first, last), columns)

            self._workers.over(len(factors), work, max_rows=self._plan.query_rows)

    def _factors(
        self,
        features: np.ndarray,
        scales: np.ndarray,
        column: np.ndarray | float | None,
        buffer: np.ndarray | None,
    ) -> np.ndarray:
        dim = features.shape[1]
        width = dim if self._screen.gallery_column is None else dim + 1
        result = np.empty((len(features), width), np.float32) if buffer is None else buffer[: len(features)]
        self._workers.over(len(features), lambda first, last: kernels.scaled(features, scales, result, first, last))
        if width > dim:
            result[:, dim] = column
        return result


class CpuDistances:
    """A Backend over a (Q, G) matrix of real numbers in main memory, read in blocks of rows."""

    def __init__(self, source: DistanceMatrix, workers: Workers):
        self._distances, self._workers = as_numpy(source.values), workers
        self._dtype = np.dtype(np.float32 if self._distances.dtype in (np.float16, np.float32) else np.float64)
        self._limit = float(np.finfo(self._dtype).max / 4)
        row_bytes = self._distances.shape[1] * self._dtype.itemsize
        fits = max(1, blocks.SCRATCH_BYTES // row_bytes)
        self.queries_per_pass = len(self._distances) if _is_plain(self._distances, self._dtype) else fits

    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """As Backend."""
        rows = np.repeat(np.arange(chunk.start, chunk.stop), np.diff(offsets))
        return self._distances[rows, members].astype(np.float64)

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, worst_case: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """As Backend: the distances themselves, since a value is the exact distance."""
        values = distances.astype(self._dtype)
        return values, values

    def expectation(self, chunk: slice, *, worst_case: bool) -> Expectation:
        """As CpuFeatures: values are the distances."""
        none = np.zeros(chunk.stop - chunk.start)
        return Expectation(1.0, none, none)

    def count_closer(
        self,
        chunk: slice,
        thresholds: Thresholds,
        query_pids: np.ndarray,
        gallery_pids: np.ndarray,
        *,
        worst_case: bool,
    ) -> np.ndarray:
        """As Backend.

        Raises:
            ValueError: a distance is not finite; the first is named.
        """
        values = np.require(self._distances[chunk], self._dtype, _LAYOUT)
        same_person_seen, finite = np.zeros(len(values), np.int64), np.ones(len(values), np.bool_)
        unread = np.empty(0)
        query = Side(np.empty((0, 0), np.float32), unread, query_pids)
        gallery = Side(np.empty((0, 0), np.float32), unread, gallery_pids)
        expectation = Expectation(0.0, unread, unread)

        def count(first: int, last: int) -> None:
            kernels.count_closer(
                kernels.GIVEN,
                values[first:last],
                0,
                query,
                gallery,
                thresholds,
                expectation,
                same_person_seen,
                finite,
                first,
                last,
            )

        self._workers.over(len(values), count)
        if not finite.all():
            self._refuse(values, chunk.start)
        return same_person_seen == np.diff(thresholds.offsets)

    def each_block(self, chunk: slice, visit: Visit) -> None:
        """As CpuFeatures.each_block; the values are the distances, which are not to be changed.

        Raises:
            ValueError: a distance is not finite.
        """
        columns = slice(0, self._distances.shape[1])

        def work(first: int, last: int) -> None:
            values = np.require(self._distances[chunk.start + first : chunk.start + last], self._dtype, _LAYOUT)
            if not (np.abs(values) <= self._limit).all():
                self._refuse(values, chunk.start + first)
            visit(values, slice(first, last), columns)

        row_bytes = self._distances.shape[1] * self._dtype.itemsize
        max_rows = max(1, blocks.SCRATCH_BYTES // (row_bytes * self._workers.count))
        self._workers.over(chunk.stop - chunk.start, work, max_rows=max_rows)

    def _refuse(self, values: np.ndarray, first_row: int) -> None:
        row, column = np.argwhere(~(np.abs(values) <= self._limit))[0]
        raise ValueError(
            f"distances[{first_row + row}, {column}] is {values[row, column]}, expected finite numbers of "
            f"magnitude up to {self._limit:.1e}"
        )
