"""From counts before the matches to average precision, inverse negative penalty and the rank of the first match.

The average precision of a query is the mean of the precision at each of its matches, as in fast-reid and CAL. (Where
toolboxes of old add up trapezoids between them instead, figures are 0.5 to 2.7 points apart.)
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .counting.compiled import compiled
from .counting.kernels import Thresholds


class Scores(NamedTuple):
    """Scores of the queries in one mode, 0 for a query without a match.

    Attributes:
        ap: (Q,) float64, mean of the precision at each match.
        inp: (Q,) float64, number of matches over the rank of the last one.
        first_rank: (Q,) int64, rank of the first match, from 1.
    """

    ap: np.ndarray
    inp: np.ndarray
    first_rank: np.ndarray

    @classmethod
    def empty(cls, num_query: int) -> "Scores":
        return cls(np.zeros(num_query), np.zeros(num_query), np.zeros(num_query, np.int64))


@dataclass(frozen=True, eq=False)
class RankResult:
    """Result of one mode. Queries without a match in the mode are left out of every mean and counted in num_skipped.

    Attributes:
        mode: its name.
        cmc: (max_rank,) float64, share of queries with a match within the first k at index k - 1; constant once k
            reaches the end of the gallery.
        mean_ap, mean_inp: float in [0, 1], means of all_ap and all_inp.
        num_queries, num_skipped: queries that count and that are left out; together all queries. Where none counts
            there is nothing to measure: cmc, mean_ap and mean_inp are NaN and the per-query arrays are empty.
        all_ap, all_inp: (num_queries,) float64.
        first_ranks: (num_queries,) int64, rank of the first match, from 1.
        query_indices: (num_queries,) int64, ascending, the query each of those belongs to.
        skipped_indices: (num_skipped,) int64, ascending.
    """

    mode: str
    cmc: np.ndarray
    mean_ap: float
    mean_inp: float
    num_queries: int
    num_skipped: int
    all_ap: np.ndarray
    all_inp: np.ndarray
    first_ranks: np.ndarray
    query_indices: np.ndarray
    skipped_indices: np.ndarray

    @classmethod
    def of(cls, mode: str, scores: Scores, max_rank: int) -> "RankResult":
        used, skipped = np.flatnonzero(scores.first_rank), np.flatnonzero(scores.first_rank == 0)
        return cls(
            mode=mode,
            cmc=cumulative_matches(scores.first_rank[used], max_rank),
            mean_ap=mean_or_nan(scores.ap[used]),
            mean_inp=mean_or_nan(scores.inp[used]),
            num_queries=len(used),
            num_skipped=len(skipped),
            all_ap=scores.ap[used],
            all_inp=scores.inp[used],
            first_ranks=scores.first_rank[used],
            query_indices=used,
            skipped_indices=skipped,
        )


@compiled
def score_matches(
    thresholds: Thresholds,
    is_match: np.ndarray,
    is_removed: np.ndarray,
    scores: Scores,
    first_query: int,
    first: int,
    last: int,
) -> None:
    """Fills scores for some queries from their same-person gallery images, nearest first.

    Args:
        thresholds: counted, of the queries from first_query.
        is_match, is_removed: (P,) bool, what the mode makes of the pairs of thresholds.
        scores: of all queries.
        first, last: the range of thresholds' queries to work on.
    """
    for i in range(first, last):
        query = first_query + i
        matches, rank, last_rank = 0, 0, 0
        total = 0.0
        for pair in range(thresholds.offsets[i], thresholds.offsets[i + 1]):
            rank += thresholds.closer_count[pair]
            if is_removed[pair]:
                continue
            rank += 1
            if not is_match[pair]:
                continue
            matches += 1
            last_rank = rank
            total += matches / rank
            if matches == 1:
                scores.first_rank[query] = rank
        if matches:
            scores.ap[query] = total / matches
            scores.inp[query] = matches / last_rank


def cumulative_matches(first_ranks: np.ndarray, max_rank: int) -> np.ndarray:
    """Cumulative matching characteristic: (max_rank,) float64, the share of queries with a match within rank 1, 2, ...

    Args:
        first_ranks: (N,) int, rank of each query's first match, from 1. Where N is 0 the curve is NaN.
    """
    if not len(first_ranks):
        return np.full(max_rank, np.nan)
    within = np.bincount(first_ranks[first_ranks <= max_rank], minlength=max_rank + 1)[1:]
    return np.cumsum(within) / len(first_ranks)


def mean_or_nan(values: np.ndarray) -> float:
    """The mean of (N,) values; NaN, without a warning, where N is 0."""
    return float(values.mean()) if len(values) else float("nan")
