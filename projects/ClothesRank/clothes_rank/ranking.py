"""Ranking without sorting the gallery, exact and in bounded memory.

A match's rank is one more than the number of gallery images before it, so it is enough to count, for each match, the
images of other people that are nearer. All modes share that count: they differ only in which images of the same person
match and which are removed.

Order: by distance; at equal distances by gallery index (what numpy.argsort(kind="stable") gives). Distances of features
are those of float64 arithmetic on the features as given, summed by repeated halving: equal features are at equal
distances, and neither block sizes nor threads nor the device change a result. `counting.screening` says how a float32
product is enough for nearly all of it.
"""

import functools
from collections.abc import Mapping

import numpy as np

from .counting.backend import Backend
from .counting.kernels import Thresholds, sort_pairs
from .counting.workers import Workers
from .modes import Mode
from .pairs import Pairs, PersonPairs
from .scores import RankResult, Scores, score_matches


def rank(
    backend: Backend, pairs: PersonPairs, modes: Mapping[str, Mode], max_rank: int, workers: Workers
) -> dict[str, RankResult]:
    """Scores the modes from one count.

    Args:
        backend: of the distances behind the pairs.
        max_rank: length of the CMC curves, at least 1.

    Returns:
        Results by the modes' names, in their order.

    Raises:
        RuntimeError: products were less exact than float32 rounding explains.
    """
    scores = {name: Scores.empty(len(pairs.query)) for name in modes}
    for chunk in pairs.chunks(backend.queries_per_pass):
        thresholds = _count(backend, pairs, chunk, workers)
        for name, mode in modes.items():
            verdicts = pairs.judged(mode, chunk, Pairs(thresholds.offsets, thresholds.members))
            score = functools.partial(score_matches, thresholds, *verdicts, scores[name], chunk.start)
            workers.over(chunk.stop - chunk.start, score)
    return {name: RankResult.of(name, scores[name], max_rank) for name in modes}


def _count(backend: Backend, pairs: PersonPairs, chunk: slice, workers: Workers) -> Thresholds:
    offsets, members = pairs.of(chunk)
    distances = backend.pair_distances(chunk, offsets, members)
    workers.over(len(offsets) - 1, lambda first, last: sort_pairs(offsets, members, distances, first, last))
    for worst_case in (False, True):
        low, high = backend.bounds(chunk, offsets, distances, worst_case=worst_case)
        thresholds = Thresholds(offsets, members, distances, low, high, np.zeros(len(members), np.int64))
        within_tolerance = backend.count_closer(
            chunk, thresholds, pairs.query.pids[chunk], pairs.gallery.pids, worst_case=worst_case
        )
        if within_tolerance.all():
            return thresholds
    raise inexact_products(chunk.start, within_tolerance)


def inexact_products(first_query: int, within_tolerance: np.ndarray) -> RuntimeError:
    """The error of products that were not (n,) within tolerance, of the queries from first_query on."""
    first = first_query + int(np.argmin(within_tolerance))
    return RuntimeError(
        f"the products of {int((~within_tolerance).sum())} queries (the first is query {first}) are less exact than "
        "any float32 rounding explains; turn off reduced-precision products or check the BLAS library"
    )
