"""Counting with torch, for CUDA tensors: the sums, bounds and comparisons of the CPU, and so its results."""

from collections.abc import Callable

import numpy as np
import torch

from . import blocks
from .kernels import LANES, REMAINDER, Thresholds
from .screening import FLOAT32_ROUNDOFF, TF32_ROUNDOFF, Screen
from .sources import Array, DistanceMatrix, FeaturePair
from .workers import Workers

# Upper ends of padded rows of thresholds, beyond every value.
_BEYOND = float("inf")


def sum_in_order(terms: torch.Tensor) -> torch.Tensor:
    """Sums (N, D) float64 terms over D in the order of the compiled loops (kernels.LANES), to the same bits; (N,)."""
    padded = torch.nn.functional.pad(terms, (0, -terms.shape[1] % LANES)).view(len(terms), -1, LANES)
    # A compiled sum starts from 0.0, which also decides the sign of a zero.
    partial = torch.zeros_like(padded[:, 0])
    for lane_row in padded.unbind(1):
        partial = partial + lane_row
    while partial.shape[1] > REMAINDER:
        partial = partial[:, : partial.shape[1] // 2] + partial[:, partial.shape[1] // 2 :]
    total = partial[:, 0]
    for column in partial.unbind(1)[1:]:
        total = total + column
    return total


def _as_tensor(features: Array, device: torch.device) -> torch.Tensor:
    # The copy of a numpy block may come from an array that torch would not wrap: read-only or reversed.
    tensor = features if isinstance(features, torch.Tensor) else torch.from_numpy(np.array(features))
    tensor = tensor.to(device)
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def _factor_roundoff(device: torch.device) -> float:
    # Only read: changing a process-wide setting of the caller's, even for a moment, would reach other threads.
    if device.type != "cuda":
        return FLOAT32_ROUNDOFF
    matmul = torch.backends.cuda.matmul
    reduced = matmul.fp32_precision == "tf32" if hasattr(matmul, "fp32_precision") else matmul.allow_tf32
    return TF32_ROUNDOFF if reduced else FLOAT32_ROUNDOFF


def shared_device(*arrays: Array) -> torch.device:
    """The device of the first tensor among arrays, the CPU where there is none."""
    return next((array.device for array in arrays if isinstance(array, torch.Tensor)), torch.device("cpu"))


def _plan(dim: int) -> blocks.BlockPlan:
    return blocks.plan_blocks(dim, blocks.CUDA_SCRATCH_BYTES // 8)


@torch.no_grad()
def norms(features: Array, device: torch.device) -> np.ndarray:
    """As cpu.norms, to the same bits, summed on a device."""
    sums = []
    for start, stop in blocks.spans(len(features), _plan(features.shape[1]).gallery_rows):
        block = _as_tensor(features[start:stop], device).double()
        sums.append(sum_in_order(block * block))
    # Not torch's root: the one of MKL, for tensors on the CPU, is not always the nearest number.
    return np.sqrt(torch.cat(sums).cpu().numpy())


class _PaddedThresholds:
    """Thresholds of the queries [first, last) as rows of equal length on the device; the padding lies beyond all."""

    def __init__(self, thresholds: Thresholds, first: int, last: int, device: torch.device):
        self.first, self.last = first, last
        start, stop = thresholds.offsets[first], thresholds.offsets[last]
        sizes = np.diff(thresholds.offsets[first : last + 1])
        self._rows = np.repeat(np.arange(last - first), sizes)
        self._columns = np.arange(stop - start) - np.repeat(thresholds.offsets[first:last] - start, sizes)
        self.width = max(1, int(sizes.max(initial=0)))

        def padded(values: np.ndarray, fill: float) -> torch.Tensor:
            table = np.full((last - first, self.width), fill, values.dtype)
            table[self._rows, self._columns] = values[start:stop]
            return torch.from_numpy(table).to(device)

        self.low, self.high = padded(thresholds.low, _BEYOND), padded(thresholds.high, _BEYOND)
        self.distances = padded(thresholds.distances, _BEYOND)
        self.members = padded(thresholds.members, np.iinfo(np.int64).max)
        self.closer_count = torch.zeros((last - first) * (self.width + 1), dtype=torch.int64, device=device)

    def add(self, rows: torch.Tensor, places: torch.Tensor) -> None:
        """Counts one image before threshold `places` (int64, width where it comes before none) of each of `rows`."""
        self.closer_count += torch.bincount(rows * (self.width + 1) + places, minlength=len(self.closer_count))

    def place(self, rows: torch.Tensor, exact: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        """First threshold that images at exact distances and gallery indices come before, (N,) int64."""
        distances = self.distances[rows]
        nearer = distances < exact[:, None]
        earlier = (distances == exact[:, None]) & (self.members[rows] < indices[:, None])
        return (nearer | earlier).sum(1)

    def write(self, thresholds: Thresholds) -> None:
        """Adds the counts to thresholds.closer_count."""
        start, stop = thresholds.offsets[self.first], thresholds.offsets[self.last]
        table = self.closer_count.view(-1, self.width + 1).cpu().numpy()
        thresholds.closer_count[start:stop] += table[self._rows, self._columns]


def _query_blocks(offsets: np.ndarray, max_rows: int, max_cells: int) -> list[tuple[int, int]]:
    # Consecutive queries whose padded thresholds fit: rows times the longest of them.
    sizes = np.diff(offsets)
    result, first, longest = [], 0, 0
    for i, size in enumerate(sizes):
        longest = max(longest, int(size))
        if i > first and (i - first == max_rows or (i - first + 1) * longest > max_cells):
            result.append((first, i))
            first, longest = i, int(size)
    return [*result, (first, len(sizes))]


class _TorchCounting:
    # What features and given distances share: placing a block of values among the thresholds.
    # Subclasses set the device, the rows of a block of values, and the numbers read for one exact distance.
    _device: torch.device
    _query_rows: int
    _pair_width: int

    def _tables(self, thresholds: Thresholds) -> list[_PaddedThresholds]:
        max_cells = blocks.CUDA_SCRATCH_BYTES // 64
        return [
            _PaddedThresholds(thresholds, first, last, self._device)
            for first, last in _query_blocks(thresholds.offsets, self._query_rows, max_cells)
        ]

    def _count(
        self,
        table: _PaddedThresholds,
        values: torch.Tensor,
        first_gallery: int,
        query_pids: torch.Tensor,
        gallery_pids: torch.Tensor,
        same_person_seen: torch.Tensor,
        exact_of: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> None:
        # (rows, C) values of the table's queries; exact_of(rows, columns, values) gives distances, having checked them.
        passed = torch.searchsorted(table.high, values)
        reached = torch.searchsorted(table.low, values, right=True)
        rows, columns = torch.nonzero(passed < reached, as_tuple=True)
        every_row = torch.arange(len(values), device=self._device)[:, None].expand_as(passed)
        decided = torch.where(passed < reached, table.width, passed)
        table.add(every_row.reshape(-1), decided.reshape(-1))

        same_person = query_pids[rows] == gallery_pids[columns]
        same_person_seen += torch.bincount(rows[same_person], minlength=len(same_person_seen))
        rows, columns = rows[~same_person], columns[~same_person]
        step = max(1, blocks.CUDA_SCRATCH_BYTES // (32 * max(table.width, self._pair_width)))
        for start, stop in blocks.spans(len(rows), step):
            row, column = rows[start:stop], columns[start:stop]
            exact = exact_of(row, column, values[row, column])
            table.add(row, table.place(row, exact, first_gallery + column))


class TorchFeatures(_TorchCounting):
    """A Backend over features of which one side is a CUDA tensor: counts there, the other side being sent in blocks."""

    @torch.no_grad()
    def __init__(self, source: FeaturePair, workers: Workers):
        self._device = shared_device(source.query, source.gallery)
        self._metric = source.metric
        self._pair_width = source.dim
        plan = _plan(source.dim)
        self._query_rows, self._gallery_rows = plan.query_rows, plan.gallery_rows
        self.queries_per_pass = plan.queries_per_pass
        self._query, self._gallery = source.query, source.gallery
        self._query_norms = torch.from_numpy(source.query_norms).to(self._device)
        self._gallery_norms = torch.from_numpy(source.gallery_norms).to(self._device)
        self._screen = Screen.of(
            source.metric,
            source.dim,
            source.query_norms,
            source.gallery_norms,
            factor_roundoff=_factor_roundoff(self._device),
        )

    def _distances(
        self,
        query: torch.Tensor,
        query_norms: torch.Tensor,
        gallery: torch.Tensor,
        gallery_norms: torch.Tensor,
        rows: torch.Tensor,
        columns: torch.Tensor,
    ) -> torch.Tensor:
        left, right = query[rows].double(), gallery[columns].double()
        if self._metric == "cosine":
            return 1.0 - sum_in_order(left * right) / (query_norms[rows] * gallery_norms[columns])
        difference = left - right
        return sum_in_order(difference * difference)

    @torch.no_grad()
    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """As Backend."""
        query = _as_tensor(self._query[chunk], self._device)
        rows = np.repeat(np.arange(len(query)), np.diff(offsets))
        by_member = np.argsort(members, kind="stable")
        distances = np.empty(len(members))
        step = max(1, blocks.CUDA_SCRATCH_BYTES // (32 * self._pair_width))
        for start, stop in blocks.spans(len(self._gallery), self._gallery_rows):
            gallery = _as_tensor(self._gallery[start:stop], self._device)
            bounds = np.searchsorted(members[by_member], (start, stop))
            block_pairs = by_member[slice(*bounds)]
            for first, last in blocks.spans(len(block_pairs), step):
                pairs = block_pairs[first:last]
                exact = self._distances(
                    query,
                    self._query_norms[chunk],
                    gallery,
                    self._gallery_norms[start:stop],
                    torch.from_numpy(rows[pairs]).to(self._device),
                    torch.from_numpy(members[pairs] - start).to(self._device),
                )
                distances[pairs] = exact.cpu().numpy()
        return distances

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, worst_case: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """As Backend: Screen.bounds of the queries in the chunk."""
        return self._screen.bounds(chunk, offsets, distances, worst_case=worst_case)

    @torch.no_grad()
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
        query = _as_tensor(self._query[chunk], self._device)
        query_norms = self._query_norms[chunk]
        query_factors = self._factors(query, self._screen.query_scales[chunk], np.ones(len(query)))
        of_queries = torch.from_numpy(query_pids).to(self._device)
        of_gallery = torch.from_numpy(gallery_pids).to(self._device)
        shift = torch.from_numpy(self._screen.query_shift[chunk]).to(self._device)
        tolerance = self._screen.tolerance(chunk, worst_case=worst_case) * (1.0 if worst_case else 0.5)
        allowed = torch.from_numpy(tolerance).to(self._device)
        within_tolerance = torch.ones(len(query), dtype=torch.bool, device=self._device)
        same_person_seen = torch.zeros(len(query), dtype=torch.int64, device=self._device)
        tables = self._tables(thresholds)
        for start, stop in blocks.spans(len(self._gallery), self._gallery_rows):
            gallery = _as_tensor(self._gallery[start:stop], self._device)
            column = self._screen.gallery_column
            gallery_factors = self._factors(
                gallery, self._screen.gallery_scales[start:stop], None if column is None else column[start:stop]
            )
            for table in tables:
                rows = slice(table.first, table.last)

                def exact_of(
                    row: torch.Tensor,
                    column: torch.Tensor,
                    values: torch.Tensor,
                    start: int = start,
                    stop: int = stop,
                    gallery: torch.Tensor = gallery,
                    rows: slice = rows,
                ) -> torch.Tensor:
                    exact = self._distances(
                        query[rows], query_norms[rows], gallery, self._gallery_norms[start:stop], row, column
                    )
                    expected = self._screen.distance_scale * exact - shift[rows][row]
                    strained = (values.double() - expected).abs() > allowed[rows][row]
                    within_tolerance[rows].index_fill_(0, row[strained], False)
                    return exact

                with torch.autocast(self._device.type, enabled=False):
                    values = query_factors[rows] @ gallery_factors.T
                self._count(
                    table, values, start, of_queries[rows], of_gallery[start:stop], same_person_seen[rows], exact_of
                )
        for table in tables:
            table.write(thresholds)
        return within_tolerance.cpu().numpy() & (same_person_seen.cpu().numpy() == np.diff(thresholds.offsets))

    def _factors(self, features: torch.Tensor, scales: np.ndarray, column: np.ndarray | None) -> torch.Tensor:
        factors = (features.double() * torch.from_numpy(scales).to(self._device)[:, None]).float()
        if self._screen.gallery_column is None:
            return factors
        return torch.cat((factors, torch.from_numpy(column).to(self._device, torch.float32)[:, None]), dim=1)


class TorchDistances(_TorchCounting):
    """A Backend over a matrix that is a tensor, on its device."""

    def __init__(self, source: DistanceMatrix, workers: Workers):
        distances = torch.as_tensor(source.values)
        self._values = distances
        narrow = distances.dtype in (torch.float16, torch.bfloat16, torch.float32)
        self._dtype = torch.float32 if narrow else torch.float64
        self._device = distances.device
        self._pair_width = 1
        row_bytes = distances.shape[1] * 8
        self._query_rows = max(1, blocks.CUDA_SCRATCH_BYTES // (8 * row_bytes))
        self.queries_per_pass = len(distances)

    @torch.no_grad()
    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """As Backend."""
        rows = np.repeat(np.arange(chunk.start, chunk.stop), np.diff(offsets))
        at = (torch.from_numpy(index).to(self._device) for index in (rows, members))
        return self._values[tuple(at)].double().cpu().numpy()

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, worst_case: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """As Backend: the distances themselves, since a value is the exact distance."""
        values = distances.astype(np.float32 if self._dtype == torch.float32 else np.float64)
        return values, values

    @torch.no_grad()
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
        of_queries = torch.from_numpy(query_pids).to(self._device)
        of_gallery = torch.from_numpy(gallery_pids).to(self._device)
        same_person_seen = torch.zeros(len(query_pids), dtype=torch.int64, device=self._device)
        limit = torch.finfo(self._dtype).max / 4
        for table in self._tables(thresholds):
            rows = slice(table.first, table.last)
            values = self._values[chunk][rows].to(self._dtype).contiguous()
            broken = torch.nonzero(~(values.abs() <= limit))
            if len(broken):
                row, column = broken[0].tolist()
                raise ValueError(
                    f"distances[{chunk.start + table.first + row}, {column}] is {values[row, column].item()}, expected "
                    f"finite numbers of magnitude up to {limit:.1e}"
                )
            self._count(
                table,
                values,
                0,
                of_queries[rows],
                of_gallery,
                same_person_seen[rows],
                lambda row, column, exact: exact.double(),
            )
            table.write(thresholds)
        return same_person_seen.cpu().numpy() == np.diff(thresholds.offsets)
