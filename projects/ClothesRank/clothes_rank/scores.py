"""From counts before the matches to average precision, inverse negative penalty and the rank of the first match."""

from typing import NamedTuple

import numpy as np

from .counting.compiled import compiled
from .modes import MODES

_GENERAL = MODES.index("general")
_SAME_CLOTHING = MODES.index("same_clothing")


class Scores(NamedTuple):
    """Scores of the queries in one mode, 0 for a query without a match.

    precision: (Q,) float64, mean of the precision at each match.   penalty: (Q,) float64, number of matches over the
    rank of the last one.   nearest: (Q,) int64, rank of the first match, from 1.
    """

    precision: np.ndarray
    penalty: np.ndarray
    nearest: np.ndarray

    @classmethod
    def empty(cls, num_query: int) -> "Scores":
        return cls(np.zeros(num_query), np.zeros(num_query), np.zeros(num_query, np.int64))


@compiled
def score_matches(mode, thresholds, labels, scores, first_query, first, last):
    """Fills scores for some queries from their same-person gallery images, nearest first.

    Args:
        mode: index into MODES.   thresholds: kernels.Thresholds, counted, of the queries from first_query.
        labels: matching.Labels and scores: Scores of all queries.
        first, last: the range of thresholds' queries to work on.
    """
    for i in range(first, last):
        query = first_query + i
        distractors, matches, rank = 0, 0, 0
        total = 0.0
        for pair in range(thresholds.offsets[i], thresholds.offsets[i + 1]):
            distractors += thresholds.ahead[pair]
            member = thresholds.members[pair]
            if labels.gallery_camids[member] == labels.query_camids[query]:
                continue
            same_clothes = labels.gallery_clothes[member] == labels.query_clothes[query]
            if mode != _GENERAL and same_clothes != (mode == _SAME_CLOTHING):
                continue
            matches += 1
            rank = distractors + matches
            total += matches / rank
            if matches == 1:
                scores.nearest[query] = rank
        if matches:
            scores.precision[query] = total / matches
            scores.penalty[query] = matches / rank


def cumulative_matches(nearest: np.ndarray, max_rank: int) -> np.ndarray:
    """Cumulative matching characteristic: (max_rank,) float64, the share of queries with a match within rank 1, 2, ...

    Args:
        nearest: (N,) int, rank of each query's first match, from 1. Where N is 0 the curve is 0.
    """
    within = np.bincount(nearest[nearest <= max_rank], minlength=max_rank + 1)[1:]
    return np.cumsum(within) / max(len(nearest), 1)
