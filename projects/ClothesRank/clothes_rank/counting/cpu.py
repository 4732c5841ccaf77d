"""Counting on the CPU: matrix products in BLAS, exact distances and comparisons in compiled loops."""

import functools
from collections.abc import Callable

import numpy as np

from ..inputs import check_norms
from . import blocks, kernels
from .kernels import Expectation, Side, Thresholds
from .screening import Screen
from .workers import Workers

_METRIC_CODES = {"cosine": kernels.COSINE, "euclidean": kernels.EUCLIDEAN}


# What the compiled loops are compiled for. Read-only arrays would be as good, but compiled for once more.
_LAYOUT = ("C", "A", "W")


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


class CpuFeatures:
    """Counts nearer gallery images from features (Q, D) and (G, D), numpy floats.

    Raises: ValueError where a row is not finite, or zero with metric cosine.
    """

    def __init__(self, query: np.ndarray, gallery: np.ndarray, metric: str, workers: Workers):
        self._workers = workers
        self._metric = _METRIC_CODES[metric]
        self._plan = blocks.plan_blocks(query.shape[1], blocks.SCRATCH_BYTES, workers=workers.count)
        self._query = _Rows(query, self._plan.gallery_rows)
        self._gallery = _Rows(gallery, self._plan.gallery_rows)
        self._query_norms = self._norms(self._query)
        check_norms(self._query_norms, "query", metric)
        self._gallery_norms = self._norms(self._gallery)
        check_norms(self._gallery_norms, "gallery", metric)
        self._screen = Screen.of(metric, query.shape[1], self._query_norms, self._gallery_norms)
        self.queries_per_pass = self._plan.queries_per_pass

    def _norms(self, rows: _Rows) -> np.ndarray:
        result = np.empty(len(rows))
        for start, stop in blocks.spans(len(rows), rows.block_rows):
            compute = functools.partial(kernels.norms, rows[start:stop], result[start:stop])
            self._workers.over(stop - start, compute)
        return result

    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Exact distances (P,) float64 of the pairs of the queries in `chunk`."""
        no_pids = np.empty(0, np.int64)
        query = Side(self._query[chunk], self._query_norms[chunk], no_pids)
        # Queries of one person share their first pair's member.
        some_member = members[np.minimum(offsets[:-1], len(members) - 1)] if len(members) else offsets[:-1]
        order = np.argsort(some_member, kind="stable")
        distances = np.empty(len(members))
        for start, stop in blocks.spans(len(self._gallery), self._gallery.block_rows):
            gallery = Side(self._gallery[start:stop], self._gallery_norms[start:stop], no_pids)

            def fill(first: int, last: int, start=start, gallery=gallery) -> None:
                kernels.pair_distances(
                    self._metric, query, gallery, start, offsets, members, distances, order, first, last
                )

            self._workers.over(len(order), fill)
        return distances

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, careful: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Screen.bounds of the queries in `chunk`."""
        return self._screen.bounds(chunk, offsets, distances, careful=careful)

    def tally(
        self, chunk: slice, thresholds: Thresholds, query_pids: np.ndarray, gallery_pids: np.ndarray, *, careful: bool
    ) -> np.ndarray:
        """Fills thresholds.ahead; returns (n,) bool, whether the values of a query were within their tolerance.

        Args:
            query_pids: (n,) of the queries in `chunk`.   gallery_pids: (G,).   careful: as the bounds were made.
        """
        query = Side(self._query[chunk], self._query_norms[chunk], query_pids)
        own, sound = np.zeros(len(query_pids), np.int64), np.ones(len(query_pids), np.bool_)
        allowed = self._screen.tolerance(chunk, careful=careful) * (1.0 if careful else 0.5)
        expectation = Expectation(self._screen.distance_scale, self._screen.query_shift[chunk], allowed)

        def count(values: np.ndarray, rows: slice, columns: slice) -> None:
            kernels.tally_rows(
                self._metric,
                values,
                columns.start,
                query,
                Side(self._gallery[columns], self._gallery_norms[columns], gallery_pids[columns]),
                thresholds,
                expectation,
                own,
                sound,
                rows.start,
                rows.stop,
            )

        self.each_block(chunk, count)
        return sound & (own == np.diff(thresholds.offsets))

    def each_block(self, chunk: slice, visit: Callable[[np.ndarray, slice, slice], None]) -> None:
        """Calls visit(values, rows, columns), on several threads, for blocks that cover the queries in `chunk` once.

        values: (rows, columns) float32, value_shift short of the distances times a positive constant; valid during the
        call.   rows: of the chunk.   columns: of the gallery.
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

            def work(first: int, last: int, columns=slice(start, stop), gallery_factors=gallery_factors) -> None:
                values = self._workers.buffer(last - first, len(gallery_factors))
                np.matmul(factors[first:last], gallery_factors.T, out=values)
                visit(values, slice(first, last), columns)

            self._workers.over(len(factors), work, max_rows=self._plan.query_rows)

    def value_shift(self, chunk: slice) -> np.ndarray:
        """What to add to each query's values to make them proportional to distances, (n,) float64."""
        return self._screen.query_shift[chunk]

    def _factors(self, features: np.ndarray, scales: np.ndarray, column, buffer: np.ndarray | None) -> np.ndarray:
        dim = features.shape[1]
        width = dim if self._screen.gallery_column is None else dim + 1
        result = np.empty((len(features), width), np.float32) if buffer is None else buffer[: len(features)]
        self._workers.over(len(features), lambda first, last: kernels.scaled(features, scales, result, first, last))
        if width > dim:
            result[:, dim] = column
        return result


class GivenDistances:
    """Counts nearer gallery images from a (Q, G) matrix of real numbers, read in blocks of rows."""

    def __init__(self, distances: np.ndarray, workers: Workers):
        self._distances, self._workers = distances, workers
        self._dtype = np.dtype(np.float32 if distances.dtype in (np.float16, np.float32) else np.float64)
        row_bytes = distances.shape[1] * self._dtype.itemsize
        fits = max(1, blocks.SCRATCH_BYTES // row_bytes)
        self.queries_per_pass = len(distances) if _is_plain(distances, self._dtype) else fits

    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Distances (P,) float64 of the pairs of the queries in `chunk`."""
        rows = np.repeat(np.arange(chunk.start, chunk.stop), np.diff(offsets))
        return self._distances[rows, members].astype(np.float64)

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, careful: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The distances themselves: a value is the exact distance."""
        values = distances.astype(self._dtype)
        return values, values

    def tally(
        self, chunk: slice, thresholds: Thresholds, query_pids: np.ndarray, gallery_pids: np.ndarray, *, careful: bool
    ) -> np.ndarray:
        """As CpuFeatures.tally.

        Raises: ValueError naming the first distance that is not finite.
        """
        values = np.require(self._distances[chunk], self._dtype, _LAYOUT)
        own, finite = np.zeros(len(values), np.int64), np.ones(len(values), np.bool_)
        unread = np.empty(0)
        query = Side(np.empty((0, 0), np.float32), unread, query_pids)
        gallery = Side(np.empty((0, 0), np.float32), unread, gallery_pids)
        expectation = Expectation(0.0, unread, unread)

        def count(first: int, last: int) -> None:
            kernels.tally_rows(
                kernels.GIVEN,
                values[first:last],
                0,
                query,
                gallery,
                thresholds,
                expectation,
                own,
                finite,
                first,
                last,
            )

        self._workers.over(len(values), count)
        if not finite.all():
            row = int(np.argmin(finite))
            limit = float(np.finfo(self._dtype).max / 4)
            column = int(np.argmin(np.abs(values[row]) <= limit))
            raise ValueError(
                f"distances[{chunk.start + row}, {column}] is {values[row, column]}, expected finite numbers of "
                f"magnitude up to {limit:.1e}"
            )
        return own == np.diff(thresholds.offsets)
