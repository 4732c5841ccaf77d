"""Counting with torch, for CUDA tensors: the sums, bounds and comparisons of the CPU, and so its results."""

import numpy as np
import torch

from ..inputs import check_norms
from . import blocks
from .kernels import LANES, REMAINDER, Thresholds
from .screening import FLOAT32_ROUNDOFF, TF32_ROUNDOFF, Screen
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


def _as_tensor(features, device: torch.device) -> torch.Tensor:
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
        self.ahead = torch.zeros((last - first) * (self.width + 1), dtype=torch.int64, device=device)

    def add(self, rows: torch.Tensor, places: torch.Tensor) -> None:
        """Counts one image before threshold `places` (int64, width where it comes before none) of each of `rows`."""
        self.ahead += torch.bincount(rows * (self.width + 1) + places, minlength=len(self.ahead))

    def place(self, rows: torch.Tensor, exact: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        """First threshold that images at exact distances and gallery indices come before, (N,) int64."""
        distances = self.distances[rows]
        nearer = distances < exact[:, None]
        earlier = (distances == exact[:, None]) & (self.members[rows] < indices[:, None])
        return (nearer | earlier).sum(1)

    def write(self, thresholds: Thresholds) -> None:
        """Adds the counts to thresholds.ahead."""
        start, stop = thresholds.offsets[self.first], thresholds.offsets[self.last]
        table = self.ahead.view(-1, self.width + 1).cpu().numpy()
        thresholds.ahead[start:stop] += table[self._rows, self._columns]


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

    def _count(self, table, values, first_gallery, query_pids, gallery_pids, own, exact_of) -> None:
        # (rows, C) values of the table's queries; exact_of(rows, columns, values) gives distances, having checked them.
        passed = torch.searchsorted(table.high, values)
        reached = torch.searchsorted(table.low, values, right=True)
        rows, columns = torch.nonzero(passed < reached, as_tuple=True)
        every_row = torch.arange(len(values), device=self._device)[:, None].expand_as(passed)
        decided = torch.where(passed < reached, table.width, passed)
        table.add(every_row.reshape(-1), decided.reshape(-1))

        same_person = query_pids[rows] == gallery_pids[columns]
        own += torch.bincount(rows[same_person], minlength=len(own))
        rows, columns = rows[~same_person], columns[~same_person]
        step = max(1, blocks.CUDA_SCRATCH_BYTES // (32 * max(table.width, self._pair_width)))
        for start, stop in blocks.spans(len(rows), step):
            row, column = rows[start:stop], columns[start:stop]
            exact = exact_of(row, column, values[row, column])
            table.add(row, table.place(row, exact, first_gallery + column))


class TorchFeatures(_TorchCounting):
    """CpuFeatures for tensors: counts on the CUDA device that one side lives on, the other being sent there in blocks.

    Raises: as CpuFeatures.
    """

    @torch.no_grad()
    def __init__(self, query, gallery, metric: str, workers: Workers):
        tensors = [side for side in (query, gallery) if isinstance(side, torch.Tensor)]
        self._device = tensors[0].device if tensors else torch.device("cpu")
        self._metric = metric
        dim = query.shape[1]
        self._pair_width = dim
        plan = blocks.plan_blocks(dim, blocks.CUDA_SCRATCH_BYTES // 8)
        self._query_rows, self._gallery_rows = plan.query_rows, plan.gallery_rows
        self.queries_per_pass = plan.queries_per_pass
        self._query, self._gallery = query, gallery
        self._query_norms = self._norms(query)
        check_norms(self._query_norms.cpu().numpy(), "query", metric)
        self._gallery_norms = self._norms(gallery)
        check_norms(self._gallery_norms.cpu().numpy(), "gallery", metric)
        self._screen = Screen.of(
            metric,
            dim,
            self._query_norms.cpu().numpy(),
            self._gallery_norms.cpu().numpy(),
            factor_roundoff=_factor_roundoff(self._device),
        )

    def _norms(self, features) -> torch.Tensor:
        parts = []
        for start, stop in blocks.spans(len(features), self._gallery_rows):
            block = _as_tensor(features[start:stop], self._device).double()
            parts.append(torch.sqrt(sum_in_order(block * block)))
        return torch.cat(parts)

    def _distances(self, query, query_norms, gallery, gallery_norms, rows, columns) -> torch.Tensor:
        left, right = query[rows].double(), gallery[columns].double()
        if self._metric == "cosine":
            return 1.0 - sum_in_order(left * right) / (query_norms[rows] * gallery_norms[columns])
        difference = left - right
        return sum_in_order(difference * difference)

    @torch.no_grad()
    def pair_distances(self, chunk: slice, offsets: np.ndarray, members: np.ndarray) -> np.ndarray:
        """As CpuFeatures.pair_distances."""
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
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, careful: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Screen.bounds of the queries in `chunk`."""
        return self._screen.bounds(chunk, offsets, distances, careful=careful)

    @torch.no_grad()
    def tally(
        self, chunk: slice, thresholds: Thresholds, query_pids: np.ndarray, gallery_pids: np.ndarray, *, careful: bool
    ) -> np.ndarray:
        """As CpuFeatures.tally."""
        query = _as_tensor(self._query[chunk], self._device)
        query_norms = self._query_norms[chunk]
        query_factors = self._factors(query, self._screen.query_scales[chunk], np.ones(len(query)))
        query_pids = torch.from_numpy(query_pids).to(self._device)
        gallery_pids = torch.from_numpy(gallery_pids).to(self._device)
        shift = torch.from_numpy(self._screen.query_shift[chunk]).to(self._device)
        tolerance = self._screen.tolerance(chunk, careful=careful) * (1.0 if careful else 0.5)
        allowed = torch.from_numpy(tolerance).to(self._device)
        sound = torch.ones(len(query), dtype=torch.bool, device=self._device)
        own = torch.zeros(len(query), dtype=torch.int64, device=self._device)
        tables = self._tables(thresholds)
        for start, stop in blocks.spans(len(self._gallery), self._gallery_rows):
            gallery = _as_tensor(self._gallery[start:stop], self._device)
            column = self._screen.gallery_column
            gallery_factors = self._factors(
                gallery, self._screen.gallery_scales[start:stop], None if column is None else column[start:stop]
            )
            for table in tables:
                rows = slice(table.first, table.last)

                def exact_of(row, column, values, start=start, stop=stop, gallery=gallery, rows=rows):
                    exact = self._distances(
                        query[rows], query_norms[rows], gallery, self._gallery_norms[start:stop], row, column
                    )
                    expected = self._screen.distance_scale * exact - shift[rows][row]
                    strained = (values.double() - expected).abs() > allowed[rows][row]
                    sound[rows].index_fill_(0, row[strained], False)
                    return exact

                with torch.autocast(self._device.type, enabled=False):
                    values = query_factors[rows] @ gallery_factors.T
                self._count(table, values, start, query_pids[rows], gallery_pids[start:stop], own[rows], exact_of)
        for table in tables:
            table.write(thresholds)
        return sound.cpu().numpy() & (own.cpu().numpy() == np.diff(thresholds.offsets))

    def _factors(self, features: torch.Tensor, scales: np.ndarray, column: np.ndarray | None) -> torch.Tensor:
        factors = (features.double() * torch.from_numpy(scales).to(self._device)[:, None]).float()
        if self._screen.gallery_column is None:
            return factors
        return torch.cat((factors, torch.from_numpy(column).to(self._device, torch.float32)[:, None]), dim=1)


class TorchDistances(_TorchCounting):
    """GivenDistances for a tensor, on its device."""

    def __init__(self, distances, workers: Workers):
        distances = torch.as_tensor(distances)
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
        """As GivenDistances.pair_distances."""
        rows = np.repeat(np.arange(chunk.start, chunk.stop), np.diff(offsets))
        at = (torch.from_numpy(index).to(self._device) for index in (rows, members))
        return self._values[tuple(at)].double().cpu().numpy()

    def bounds(
        self, chunk: slice, offsets: np.ndarray, distances: np.ndarray, *, careful: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The distances themselves: a value is the exact distance."""
        values = distances.astype(np.float32 if self._dtype == torch.float32 else np.float64)
        return values, values

    @torch.no_grad()
    def tally(
        self, chunk: slice, thresholds: Thresholds, query_pids: np.ndarray, gallery_pids: np.ndarray, *, careful: bool
    ) -> np.ndarray:
        """As GivenDistances.tally."""
        query_pids = torch.from_numpy(query_pids).to(self._device)
        gallery_pids = torch.from_numpy(gallery_pids).to(self._device)
        own = torch.zeros(len(query_pids), dtype=torch.int64, device=self._device)
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
                table, values, 0, query_pids[rows], gallery_pids, own[rows], lambda row, column, exact: exact.double()
            )
            table.write(thresholds)
        return own.cpu().numpy() == np.diff(thresholds.offsets)
