"""Verification: the share of matching pairs accepted at a distance that accepts few distractors, in any mode.

Pairs are those of ranking: a query with each of its matches in the mode, and with each image of another person;
removed images and queries without a match take no part. A pair is accepted where it is nearer than a threshold, the
largest that accepts at most a given share of the distractor pairs, their false positive rate.

Nothing is collected: a first pass over the distances counts them by the upper half of their float32 bits, a second one
by the lower half near the thresholds, which are then known to the last bit.

The host scores by distance with the distractors as the positive class, so its "TPR@FPR" is the share of distractors
rejected where that share of the matches is. Here, as usual, the true positives are matches.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .counting import blocks
from .counting.compiled import compiled
from .counting.cpu import CpuFeatures
from .counting.workers import Workers, evaluation_workers
from .inputs import as_distances, as_feature_pair, check_metric
from .modes import Labels, as_labels, match_counts, requested_modes

_HALF = 1 << 16
_SIGN = np.uint32(1 << 31)
# Kinds of pairs: distractors by the modes their query has a match in, matches by their clothes.
_ONLY_SAME, _ONLY_CHANGE, _BOTH, _SAME_MATCH, _CHANGE_MATCH = range(5)
_DISTRACTORS = {
    "general": [_ONLY_SAME, _ONLY_CHANGE, _BOTH],
    "same_clothing": [_ONLY_SAME, _BOTH],
    "clothing_change": [_ONLY_CHANGE, _BOTH],
}
_MATCHES = {
    "general": [_SAME_MATCH, _CHANGE_MATCH],
    "same_clothing": [_SAME_MATCH],
    "clothing_change": [_CHANGE_MATCH],
}

# Calls its argument with blocks of (values float32, slice of queries, slice of gallery), on several threads.
_Visit = Callable[[np.ndarray, slice, slice], None]
_EachBlock = Callable[[_Visit], None]


@dataclass(frozen=True)
class VerificationResult:
    """Verification in one mode.

    mode: its name.   num_matches, num_distractors: pairs of either kind.
    true_positive_rates: dict false positive rate -> share of matching pairs accepted, 0 where there is no such pair.
    """

    mode: str
    true_positive_rates: dict[float, float]
    num_matches: int
    num_distractors: int


@compiled
def _count_pairs(bits, first_query, first_gallery, labels, query_kinds, slots, by_lower_half, counts):
    for row in range(len(bits)):
        query = first_query + row
        if query_kinds[query] < 0:
            continue
        for column in range(bits.shape[1]):
            # Flipped like this, the bits of floats have the order of the floats.
            key = bits[row, column]
            key = np.uint32(~key) if key & _SIGN else np.uint32(key | _SIGN)
            upper = np.int64(key >> np.uint32(16))
            slot = slots[upper]
            if slot < 0:
                continue
            place = np.int64(key & np.uint32(_HALF - 1)) if by_lower_half else upper
            gallery = first_gallery + column
            if labels.gallery_pids[gallery] != labels.query_pids[query]:
                counts[slot, query_kinds[query], place] += 1
            elif labels.gallery_camids[gallery] != labels.query_camids[query]:
                same_clothes = labels.gallery_clothes[gallery] == labels.query_clothes[query]
                counts[slot, _SAME_MATCH if same_clothes else _CHANGE_MATCH, place] += 1


def verification_rates(
    query_features,
    gallery_features,
    query_pids,
    gallery_pids,
    query_camids,
    gallery_camids,
    query_clothes,
    gallery_clothes,
    *,
    mode: str | Sequence[str],
    metric: str = "cosine",
    false_positive_rates: Sequence[float] = (1e-4, 1e-3, 1e-2),
) -> VerificationResult | dict[str, VerificationResult]:
    """True positive rates of verification at given false positive rates.

    Distances are float32 products. Runs on the CPU, in blocks, whatever the device of the features.

    Args:
        Features, labels, mode and metric as in ranking.clothes_rank.
        false_positive_rates: each from 0 to 1.
    Returns: VerificationResult; a dict mode -> VerificationResult where `mode` is a sequence.
    Raises: as clothes_rank; ValueError where a rate is out of range.
    """
    query, gallery = (_on_cpu(side) for side in as_feature_pair(query_features, gallery_features))
    check_metric(metric)
    labels = as_labels(
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        query_clothes,
        gallery_clothes,
        num_query=len(query),
        num_gallery=len(gallery),
    )
    with evaluation_workers() as workers:
        features = CpuFeatures(query, gallery, metric, workers)

        def each_block(visit: _Visit) -> None:
            for start, stop in blocks.spans(len(query), features.queries_per_pass):
                shift = features.value_shift(slice(start, stop)).astype(np.float32)[:, None]

                def shifted(values, rows, columns, start=start, shift=shift):
                    values += shift[rows]
                    visit(values, slice(start + rows.start, start + rows.stop), columns)

                features.each_block(slice(start, stop), shifted)

        results = _rates(each_block, labels, requested_modes(mode), false_positive_rates)
    return results[mode] if isinstance(mode, str) else results


def verification_rates_from_distances(
    distances,
    query_pids,
    gallery_pids,
    query_camids,
    gallery_camids,
    query_clothes,
    gallery_clothes,
    *,
    mode: str | Sequence[str],
    false_positive_rates: Sequence[float] = (1e-4, 1e-3, 1e-2),
) -> VerificationResult | dict[str, VerificationResult]:
    """verification_rates from a (Q, G) distance matrix, compared as float32.

    Raises: as ranking.clothes_rank_from_distances; ValueError where a rate is out of range.
    """
    distances = _on_cpu(as_distances(distances))
    labels = as_labels(
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        query_clothes,
        gallery_clothes,
        num_query=distances.shape[0],
        num_gallery=distances.shape[1],
    )
    with evaluation_workers() as workers:

        def each_block(visit: _Visit) -> None:
            _each_row_block(distances, workers, visit)

        results = _rates(each_block, labels, requested_modes(mode), false_positive_rates)
    return results[mode] if isinstance(mode, str) else results


def _on_cpu(values) -> np.ndarray:
    return values.cpu().float().numpy() if isinstance(values, torch.Tensor) else values


def _each_row_block(distances: np.ndarray, workers: Workers, visit: _Visit) -> None:
    columns = slice(0, distances.shape[1])

    def work(first: int, last: int) -> None:
        values = distances[first:last].astype(np.float32)
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise ValueError(
                f"distances[{first + row}, {column}] is {values[row, column]}, expected finite float32 numbers"
            )
        # Makes the two zeros one.
        values += np.float32(0.0)
        visit(values, slice(first, last), columns)

    max_rows = max(1, blocks.SCRATCH_BYTES // (4 * distances.shape[1] * workers.count))
    workers.over(len(distances), work, max_rows=max_rows)


def _rates(
    each_block: _EachBlock, labels: Labels, modes: tuple[str, ...], false_positive_rates: Iterable[float]
) -> dict[str, VerificationResult]:
    rates = tuple(false_positive_rates)
    if any(not 0.0 <= rate <= 1.0 for rate in rates):
        raise ValueError(f"false_positive_rates is {rates}, expected rates from 0 to 1")
    has_same, has_change = (match_counts(labels, mode)[0] > 0 for mode in ("same_clothing", "clothing_change"))
    query_kinds = np.select([has_same & has_change, has_same, has_change], [_BOTH, _ONLY_SAME, _ONLY_CHANGE], -1)

    coarse = _counted(each_block, labels, query_kinds, np.zeros(_HALF, np.int64), by_lower_half=False)[0]
    # The threshold is the distance of the first distractor that must not be accepted.
    borders = {}
    for mode in modes:
        by_upper_half = np.cumsum(coarse[_DISTRACTORS[mode]].sum(axis=0))
        for rate in rates:
            accepted = int(np.floor(rate * by_upper_half[-1]))
            borders[mode, rate] = (accepted, int(np.searchsorted(by_upper_half, accepted, side="right")))
    wanted = sorted({upper for _, upper in borders.values() if upper < _HALF})
    slots = np.full(_HALF, -1, np.int64)
    slots[wanted] = np.arange(len(wanted))
    fine = _counted(each_block, labels, query_kinds, slots, by_lower_half=True) if wanted else None

    results = {}
    for mode in modes:
        matches = coarse[_MATCHES[mode]].sum(axis=0)
        distractors = coarse[_DISTRACTORS[mode]].sum(axis=0)
        found = {}
        for rate in rates:
            accepted, upper = borders[mode, rate]
            nearer = int(matches[:upper].sum())
            if upper < _HALF:
                detail = fine[slots[upper]]
                below = np.cumsum(detail[_DISTRACTORS[mode]].sum(axis=0)) + int(distractors[:upper].sum())
                lower = int(np.searchsorted(below, accepted, side="right"))
                nearer += int(detail[_MATCHES[mode], :lower].sum())
            found[rate] = nearer / max(int(matches.sum()), 1)
        results[mode] = VerificationResult(mode, found, int(matches.sum()), int(distractors.sum()))
    return results


def _counted(
    each_block: _EachBlock, labels: Labels, query_kinds: np.ndarray, slots: np.ndarray, *, by_lower_half: bool
) -> np.ndarray:
    # (number of slots, kinds, half) counts of the pairs whose key's upper half has a slot.
    total = np.zeros((slots.max() + 1, 5, _HALF), np.int64)
    lock = threading.Lock()

    def visit(values: np.ndarray, rows: slice, columns: slice) -> None:
        counts = np.zeros(total.shape, np.uint32)
        bits = values.view(np.uint32)
        _count_pairs(bits, rows.start, columns.start, labels, query_kinds, slots, by_lower_half, counts)
        with lock:
            np.add(total, counts, out=total)

    each_block(visit)
    return total
