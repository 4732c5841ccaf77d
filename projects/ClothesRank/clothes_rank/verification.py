"""Verification: the share of matching pairs accepted at a distance that accepts few distractors, in any mode.

Pairs are those of ranking: a query with each of its matches in the mode, and with each distractor; removed images and
queries without a match take no part. A pair is accepted where it is nearer than a threshold, the largest that accepts
at most a given share of the distractor pairs, their false positive rate.

Nothing is collected: a first pass over the distances counts them by the upper half of their float32 bits, a second one
by the lower half near the thresholds, which are then known to the last bit.

The host scores by distance with the distractors as the positive class, so its "TPR@FPR" is the share of distractors
rejected where that share of the matches is. Here, as usual, the true positives are matches.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .counting.compiled import compiled
from .counting.cpu import CpuDistances, CpuFeatures
from .modes import Mode
from .pairs import PersonPairs

_HALF = 1 << 16
_SIGN = np.uint32(1 << 31)
# A kind of pair is a set of modes in which it is a match and one in which it is a distractor, as bits of an int64.
_MAX_MODES = 31


@dataclass(frozen=True)
class VerificationResult:
    """Verification in one mode.

    Attributes:
        mode: its name.
        true_positive_rates: false positive rate -> share of matching pairs accepted; NaN where there is no such pair.
        num_matches, num_distractors: pairs of either kind.
    """

    mode: str
    true_positive_rates: dict[float, float]
    num_matches: int
    num_distractors: int


def verify(
    backend: CpuFeatures | CpuDistances,
    pairs: PersonPairs,
    modes: Mapping[str, Mode],
    false_positive_rates: Iterable[float],
) -> dict[str, VerificationResult]:
    """True positive rates at given false positive rates, by mode. Distances are compared as float32.

    Args:
        backend: of the distances behind the pairs.
        false_positive_rates: each from 0 to 1.

    Raises:
        ValueError: a rate is out of range, or there are too many modes.
    """
    rates = tuple(false_positive_rates)
    if any(not 0.0 <= rate <= 1.0 for rate in rates):
        raise ValueError(f"false_positive_rates is {rates}, expected rates from 0 to 1")
    if len(modes) > _MAX_MODES:
        raise ValueError(f"{len(modes)} modes are asked for, expected at most {_MAX_MODES} at a time")
    table = _PairTable(backend, pairs, modes)

    coarse = table.counts(np.zeros(_HALF, np.int64), by_lower_half=False)[0]
    # The threshold is the distance of the first distractor that must not be accepted.
    borders = {}
    for name in modes:
        by_upper_half = np.cumsum(coarse[table.distractors[name]].sum(axis=0))
        for rate in rates:
            accepted = int(np.floor(rate * by_upper_half[-1]))
            borders[name, rate] = (accepted, int(np.searchsorted(by_upper_half, accepted, side="right")))
    wanted = sorted({upper for _, upper in borders.values() if upper < _HALF})
    slots = np.full(_HALF, -1, np.int64)
    slots[wanted] = np.arange(len(wanted))
    fine = table.counts(slots, by_lower_half=True) if wanted else np.empty(0)

    results = {}
    for name in modes:
        matches = coarse[table.matches[name]].sum(axis=0)
        distractors = coarse[table.distractors[name]].sum(axis=0)
        found = {}
        for rate in rates:
            accepted, upper = borders[name, rate]
            nearer = int(matches[:upper].sum())
            if upper < _HALF:
                detail = fine[slots[upper]]
                below = np.cumsum(detail[table.distractors[name]].sum(axis=0)) + int(distractors[:upper].sum())
                lower = int(np.searchsorted(below, accepted, side="right"))
                nearer += int(detail[table.matches[name], :lower].sum())
            found[rate] = nearer / int(matches.sum()) if matches.any() else float("nan")
        results[name] = VerificationResult(name, found, int(matches.sum()), int(distractors.sum()))
    return results


class _Chunk(NamedTuple):
    """The same-person pairs of some queries, as Pairs, with the kinds of these and of a query's other pairs, or -1."""

    offsets: np.ndarray
    members: np.ndarray
    pair_kinds: np.ndarray
    query_kinds: np.ndarray


class _PairTable:
    """Counts of the pairs by kind and by bits of their distance.

    Attributes:
        matches, distractors: by mode (K,) bool, the kinds that are such a pair in the mode.
    """

    def __init__(self, backend: CpuFeatures | CpuDistances, pairs: PersonPairs, modes: Mapping[str, Mode]):
        self._backend, self._pairs, self._modes = backend, pairs, modes
        has_match = [matches > 0 for matches, _ in pairs.match_counts(modes).values()]
        # Where a query has no match in a mode, neither of its pairs counts there.
        self._query_codes = _bits(np.zeros_like(has_match), np.array(has_match))
        found = [np.unique(self._query_codes), *(np.unique(self._pair_codes(chunk)) for chunk in self._chunks())]
        self._kinds = np.setdiff1d(np.concatenate(found), [0])
        bits = self._kinds >> np.arange(2 * len(modes))[:, None] & 1
        self.distractors = dict(zip(modes, bits[: len(modes)].astype(bool), strict=True))
        self.matches = dict(zip(modes, bits[len(modes) :].astype(bool), strict=True))

    def _chunks(self) -> Iterable[slice]:
        return self._pairs.chunks(self._backend.queries_per_pass)

    def _pair_codes(self, chunk: slice) -> np.ndarray:
        pairs = self._pairs.of(chunk)
        verdicts = [self._pairs.judged(mode, chunk, pairs) for mode in self._modes.values()]
        is_match = np.array([verdict.is_match for verdict in verdicts])
        is_removed = np.array([verdict.is_removed for verdict in verdicts])
        counts_at_all = _bits(np.zeros_like(is_match), ~is_match & ~is_removed)
        return _bits(is_match, np.zeros_like(is_match)) | counts_at_all & self._query_codes[chunk][pairs.rows]

    def _kinds_of(self, codes: np.ndarray) -> np.ndarray:
        return np.where(codes == 0, -1, np.searchsorted(self._kinds, codes))

    def counts(self, slots: np.ndarray, *, by_lower_half: bool) -> np.ndarray:
        """Counts the pairs whose distance has a slot for its upper half.

        Args:
            slots: (65536,) int64, upper half of a distance's bits -> slot, or -1.
            by_lower_half: whether to tell apart the lower halves within a slot, rather than the upper ones.

        Returns:
            (number of slots, K, 65536) int64.
        """
        total = np.zeros((slots.max() + 1, len(self._kinds), _HALF), np.int64)
        lock = threading.Lock()
        for chunk in self._chunks():
            of_chunk = _Chunk(
                *self._pairs.of(chunk),
                pair_kinds=self._kinds_of(self._pair_codes(chunk)),
                query_kinds=self._kinds_of(self._query_codes[chunk]),
            )
            shift = self._backend.expectation(chunk, worst_case=False).shift.astype(np.float32)

            def visit(
                values: np.ndarray,
                rows: slice,
                columns: slice,
                chunk: slice = chunk,
                of_chunk: _Chunk = of_chunk,
                shift: np.ndarray = shift,
            ) -> None:
                values = _as_float32(values, chunk.start + rows.start)
                counts = np.zeros(total.shape, np.uint32)
                _count_pairs(values, shift, rows.start, columns.start, of_chunk, slots, by_lower_half, counts)
                with lock:
                    np.add(total, counts, out=total)

            self._backend.each_block(chunk, visit)
        return total


def _as_float32(values: np.ndarray, first_row: int) -> np.ndarray:
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if not np.isfinite(narrow).all():
        row, column = np.argwhere(~np.isfinite(narrow))[0]
        raise ValueError(
            f"distances[{first_row + row}, {column}] is {values[row, column]}, expected finite float32 numbers"
        )
    return narrow


def _bits(is_match: np.ndarray, is_distractor: np.ndarray) -> np.ndarray:
    # (M, N) bools of the modes to (N,) int64, distractor bits below match bits.
    return (1 << np.arange(2 * len(is_match))) @ np.concatenate([is_distractor, is_match])


@compiled
def _count_pairs(
    values: np.ndarray,
    shift: np.ndarray,
    first_row: int,
    first_gallery: int,
    chunk: _Chunk,
    slots: np.ndarray,
    by_lower_half: bool,
    counts: np.ndarray,
) -> None:
    for row in range(len(values)):
        query = first_row + row
        if chunk.query_kinds[query] < 0:
            continue
        pair, stop = chunk.offsets[query], chunk.offsets[query + 1]
        while pair < stop and chunk.members[pair] < first_gallery:
            pair += 1
        for column in range(values.shape[1]):
            kind = chunk.query_kinds[query]
            # Members ascend, so that each is met in its turn.
            if pair < stop and chunk.members[pair] == first_gallery + column:
                kind = chunk.pair_kinds[pair]
                pair += 1
            if kind < 0:
                continue
            # A shift of 0 makes the two zeros one. Flipped like this, the bits of floats have the order of the floats.
            key = np.float32(values[row, column] + shift[query]).view(np.uint32)
            key = np.uint32(~key) if key & _SIGN else np.uint32(key | _SIGN)
            upper = np.int64(key >> np.uint32(16))
            slot = slots[upper]
            if slot >= 0:
                counts[slot, kind, np.int64(key & np.uint32(_HALF - 1)) if by_lower_half else upper] += 1
