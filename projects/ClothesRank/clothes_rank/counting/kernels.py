"""The compiled loops of the ranking: exact distances, and counting instead of sorting.

Shapes: Q queries and C gallery images of the block at hand, D dimensions, P same-person pairs: query i has the slice
offsets[i]:offsets[i + 1] of every (P,) array. Loops over queries take a range [first, last) of them, so that threads
can share a call's arrays. All functions called from here live in this file, since numba notices a changed callee only
where it shares the file.
"""

from typing import NamedTuple

import numpy as np

from .compiled import compiled

COSINE, EUCLIDEAN, GIVEN = 0, 1, 2
# A sum of D terms adds term i to partial sum i % LANES in order of i, then halves the partial sums down to REMAINDER,
# adding the second half to the first, then adds those in order. Whatever follows this gets the same bits.
LANES, REMAINDER = 64, 8
# Values encoded at a time, so that codes and counters stay in the first-level cache.
CHUNK = 4096
MIN_CODES = 8192
MAX_CODES = 65536
CODES_PER_THRESHOLD = 64
# A code's counter starts here where its values come near a threshold, and at 0 elsewhere.
NEAR = np.uint32(1 << 31)


class Thresholds(NamedTuple):
    """What the gallery is counted against: the same-person gallery images of each query, nearest first.

    Attributes:
        offsets: (Q + 1,) int64.
        members: (P,) int64, gallery indices.
        distances: (P,) float64, exact.
        low, high: (P,) floats of the values' type; a value outside [low, high] is on the same side of the threshold as
            the exact distance behind it.
        closer_count: (P,) int64, result: images of other people between a threshold and the one before.
    """

    offsets: np.ndarray
    members: np.ndarray
    distances: np.ndarray
    low: np.ndarray
    high: np.ndarray
    closer_count: np.ndarray


class Side(NamedTuple):
    """One side of a block.

    Attributes:
        features: (N, D) as given.
        norms: (N,) float64.
        pids: (N,) int64.
    """

    features: np.ndarray
    norms: np.ndarray
    pids: np.ndarray


class Expectation(NamedTuple):
    """What values should be: scale * distance - shift, within allowed.

    Attributes:
        scale: float.
        shift, allowed: (Q,) float64.
    """

    scale: float
    shift: np.ndarray
    allowed: np.ndarray


@compiled
def _sum(partial: np.ndarray) -> float:
    width = LANES
    while width > REMAINDER:
        width //= 2
        for i in range(width):
            partial[i] += partial[width + i]
    total = partial[0]
    for i in range(1, REMAINDER):
        total += partial[i]
    return total


@compiled
def _dot(left: np.ndarray, right: np.ndarray, partial: np.ndarray) -> float:
    partial[:] = 0.0
    whole = len(left) // LANES * LANES
    for start in range(0, whole, LANES):
        a, b = left[start : start + LANES], right[start : start + LANES]
        for i in range(LANES):
            partial[i] += np.float64(a[i]) * np.float64(b[i])
    for i in range(whole, len(left)):
        partial[i - whole] += np.float64(left[i]) * np.float64(right[i])
    return _sum(partial)


@compiled
def _squared_distance(left: np.ndarray, right: np.ndarray, partial: np.ndarray) -> float:
    partial[:] = 0.0
    whole = len(left) // LANES * LANES
    for start in range(0, whole, LANES):
        a, b = left[start : start + LANES], right[start : start + LANES]
        for i in range(LANES):
            difference = np.float64(a[i]) - np.float64(b[i])
            partial[i] += difference * difference
    for i in range(whole, len(left)):
        difference = np.float64(left[i]) - np.float64(right[i])
        partial[i - whole] += difference * difference
    return _sum(partial)


@compiled
def _exact_distance(
    metric: int, query: np.ndarray, gallery: np.ndarray, query_norm: float, gallery_norm: float, partial: np.ndarray
) -> float:
    if metric == COSINE:
        return 1.0 - _dot(query, gallery, partial) / (query_norm * gallery_norm)
    return _squared_distance(query, gallery, partial)


@compiled
def norms(features: np.ndarray, result: np.ndarray, first: int, last: int) -> None:
    """Euclidean norms of the rows of (N, D) features, to result (N,) float64; not finite where a row is not."""
    partial = np.empty(LANES)
    for row in range(first, last):
        result[row] = np.sqrt(_dot(features[row], features[row], partial))


@compiled
def scaled(features: np.ndarray, scales: np.ndarray, result: np.ndarray, first: int, last: int) -> None:
    """Writes the rows of features (N, D) times scales (N,) float64 to result (N, >= D) float32; more columns stay."""
    for row in range(first, last):
        values, scale, target = features[row], scales[row], result[row]
        for i in range(len(values)):
            target[i] = np.float32(np.float64(values[i]) * scale)


@compiled
def _first_not_below(values: np.ndarray, start: int, stop: int, value: float) -> int:
    while start < stop:
        middle = (start + stop) // 2
        if values[middle] < value:
            start = middle + 1
        else:
            stop = middle
    return start


@compiled
def pair_distances(
    metric: int,
    query: Side,
    gallery: Side,
    first_gallery: int,
    offsets: np.ndarray,
    members: np.ndarray,
    distances: np.ndarray,
    order: np.ndarray,
    first: int,
    last: int,
) -> None:
    """Fills distances (P,) float64 for the pairs whose gallery image is in the block that starts at first_gallery.

    Args:
        members: (P,) int64 gallery indices, ascending within a query.
        order: (Q,) int64, the queries in the order they are worked on, of which [first, last) are; one person's queries
            in a row read its images while they are in the cache.
    """
    partial = np.empty(LANES)
    end = first_gallery + len(gallery.features)
    for turn in range(first, last):
        i = order[turn]
        pair = _first_not_below(members, offsets[i], offsets[i + 1], first_gallery)
        while pair < offsets[i + 1] and members[pair] < end:
            j = members[pair] - first_gallery
            distances[pair] = _exact_distance(
                metric, query.features[i], gallery.features[j], query.norms[i], gallery.norms[j], partial
            )
            pair += 1


@compiled
def sort_pairs(offsets: np.ndarray, members: np.ndarray, distances: np.ndarray, first: int, last: int) -> None:
    """Orders the pairs of each query by distance, equal ones by gallery index, in place."""
    for i in range(first, last):
        start, stop = offsets[i], offsets[i + 1]
        order = np.argsort(distances[start:stop], kind="mergesort")
        distances[start:stop] = distances[start:stop][order]
        members[start:stop] = members[start:stop][order]


@compiled
def _code(value: float, origin: float, scale: float, one: float, top: float) -> np.uint16:
    # Monotonic in value, which is all that counting relies on.
    return np.uint16(np.int32(min(max((value - origin) * scale + one, one - one), top)))


@compiled
def _encode(values: np.ndarray, origin: float, scale: float, one: float, top: float, codes: np.ndarray) -> None:
    for i in range(len(values)):
        codes[i] = _code(values[i], origin, scale, one, top)


@compiled
def _count_codes(codes: np.ndarray, length: int, counts: np.ndarray, candidates: np.ndarray) -> int:
    found = 0
    for i in range(length):
        count = np.uint32(counts[codes[i]] + np.uint32(1))
        counts[codes[i]] = count
        if count >= NEAR:
            candidates[found] = i
            found += 1
    return found


@compiled
def _all_within(values: np.ndarray, limit: float) -> bool:
    outside = 0
    for i in range(len(values)):
        outside += not (abs(values[i]) <= limit)
    return outside == 0


@compiled
def _place(exact: float, index: int, thresholds: Thresholds, start: int, stop: int) -> int:
    # The first threshold that an image at this distance and gallery index comes before.
    place = _first_not_below(thresholds.distances, start, stop, exact)
    while place < stop and thresholds.distances[place] == exact and thresholds.members[place] < index:
        place += 1
    return place


@compiled
def _count_closer_in_row(
    metric: int,
    values: np.ndarray,
    first_gallery: int,
    query: Side,
    i: int,
    gallery: Side,
    thresholds: Thresholds,
    expectation: Expectation,
    codes: np.ndarray,
    counts: np.ndarray,
    candidates: np.ndarray,
    partial: np.ndarray,
) -> tuple[int, float]:
    start, stop = thresholds.offsets[i], thresholds.offsets[i + 1]
    low, high = thresholds.low[start:stop], thresholds.high[start:stop]
    num = stop - start
    one = values.dtype.type(1)
    num_codes = min(MAX_CODES, max(MIN_CODES, CODES_PER_THRESHOLD * num))
    top = values.dtype.type(num_codes - 1)
    origin = low[0]
    # Codes from 1 to num_codes - 3 span the thresholds: what is nearer or farther than all has a code of its own.
    scale = values.dtype.type(num_codes - 4) / max(high[num - 1] - origin, values.dtype.type(1e-30))
    for j in range(num):
        lowest, highest = _code(low[j], origin, scale, one, top), _code(high[j], origin, scale, one, top)
        counts[np.int64(lowest) : np.int64(highest) + 1] = NEAR

    same_person_seen, error = 0, 0.0
    for chunk in range(0, len(values), CHUNK):
        length = min(CHUNK, len(values) - chunk)
        _encode(values[chunk : chunk + length], origin, scale, one, top, codes)
        found = _count_codes(codes, length, counts, candidates)
        for k in range(found):
            g = chunk + candidates[k]
            value = values[g]
            j = _first_not_below(high, 0, num, value)
            if j == num:
                continue
            if gallery.pids[g] == query.pids[i]:
                same_person_seen += 1
                continue
            place = start + j
            if low[j] <= value:
                exact = np.float64(value)
                if metric != GIVEN:
                    exact = _exact_distance(
                        metric, query.features[i], gallery.features[g], query.norms[i], gallery.norms[g], partial
                    )
                    error = max(error, abs(value - (expectation.scale * exact - expectation.shift[i])))
                place = _place(exact, first_gallery + g, thresholds, start, stop)
            if place < stop:
                thresholds.closer_count[place] += 1

    for j in range(num):
        lowest, highest = _code(low[j], origin, scale, one, top), _code(high[j], origin, scale, one, top)
        counts[np.int64(lowest) : np.int64(highest) + 1] = 0
    passed = 0
    for j in range(num):
        code = np.int64(_code(low[j], origin, scale, one, top))
        if code > passed:
            thresholds.closer_count[start + j] += np.int64(np.sum(counts[passed:code]))
            passed = code
    counts[:num_codes] = 0
    return same_person_seen, error


@compiled
def count_closer(
    metric: int,
    values: np.ndarray,
    first_gallery: int,
    query: Side,
    gallery: Side,
    thresholds: Thresholds,
    expectation: Expectation,
    same_person_seen: np.ndarray,
    within_tolerance: np.ndarray,
    first: int,
    last: int,
) -> None:
    """Counts a block of the gallery for the queries [first, last), into thresholds.closer_count.

    Args:
        metric: COSINE or EUCLIDEAN, where values come near the scaled, shifted distances of the features (screening);
            GIVEN, where they are the distances, and features, norms and expectation are not read.
        values: (last - first, C) float.
        first_gallery: index of the block's first gallery image.
        query: of all Q queries.
        gallery: of the block.
        expectation: of all queries.
        same_person_seen: (Q,) int64, result: the same-person images met within their bounds are added.
        within_tolerance: (Q,) bool, result: made False where a value met its exact distance and differed by more than
            allowed, or where a GIVEN value is not finite.
    """
    codes = np.empty(CHUNK, np.uint16)
    candidates = np.empty(CHUNK, np.int32)
    counts = np.zeros(MAX_CODES, np.uint32)
    partial = np.empty(LANES)
    limit = values.dtype.type(np.finfo(values.dtype).max / 4)
    for i in range(first, last):
        row = values[i - first]
        if metric == GIVEN and not _all_within(row, limit):
            within_tolerance[i] = False
        elif thresholds.offsets[i + 1] > thresholds.offsets[i]:
            met, error = _count_closer_in_row(
                metric,
                row,
                first_gallery,
                query,
                i,
                gallery,
                thresholds,
                expectation,
                codes,
                counts,
                candidates,
                partial,
            )
            same_person_seen[i] += met
            if metric != GIVEN and error > expectation.allowed[i]:
                within_tolerance[i] = False
