"""What a random ranking would score, exactly: the floor that every figure stands on.

A query with m matches among n ranked images, in an order drawn uniformly:

    P(a match within rank k) = 1 - C(n - m, k) / C(n, k)
    E[AP]  = 1/n sum_{i=1..n} (1 + (i - 1)(m - 1)/(n - 1)) / i  =  1/n (H_n + (m - 1)/(n - 1) (n - H_n))
    E[INP] = sum_{r=m..n} (m / r) C(r - 1, m - 1) / C(n, m)

E[AP]: rank i holds a match with probability m/n, and then (i - 1)(m - 1)/(n - 1) of the ranks before it do on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from .modes import as_labels, match_counts, requested_modes


@dataclass(frozen=True)
class ChanceLevel:
    """Expected scores of a random ranking in one mode, over the queries with a match.

    mode: its name.   cmc: dict rank -> expected share of queries with a match within that rank.   mean_ap, mean_inp: in
    [0, 1].   num_queries, num_skipped: as in RankResult; all scores are 0 where no query counts.
    """

    mode: str
    cmc: dict[int, float]
    mean_ap: float
    mean_inp: float
    num_queries: int
    num_skipped: int


def expected_match_within(matches, ranked, rank: int) -> np.ndarray:
    """Probability of a match within `rank` for (N,) counts of matches (>= 1) and ranked images; (N,) float64."""
    others = np.asarray(ranked, np.float64) - np.asarray(matches)
    draws = np.arange(rank).reshape(-1, 1)
    missed = np.clip(others - draws, 0.0, None) / np.clip(np.asarray(ranked) - draws, 1, None)
    return 1.0 - np.prod(missed, axis=0)


def expected_average_precision(matches, ranked) -> np.ndarray:
    """Expected average precision for (N,) counts of matches (>= 1) and ranked images; (N,) float64."""
    matches, ranked = np.asarray(matches, np.float64), np.asarray(ranked, np.float64)
    harmonic = digamma(ranked + 1.0) + np.euler_gamma
    # With one ranked image the second term has no share: matches - 1 is 0.
    return (harmonic + (matches - 1.0) / np.maximum(ranked - 1.0, 1.0) * (ranked - harmonic)) / ranked


def expected_inverse_negative_penalty(matches: int, ranked: int) -> float:
    """Expected number of matches over the rank of the last one, for one query."""
    ranks = np.arange(ranked, matches - 1, -1, dtype=np.float64)
    # P(last match at r - 1) / P(last match at r) = (r - m) / (r - 1), from P(last match at n) = m / n.
    steps = (ranks[:-1] - matches) / (ranks[:-1] - 1.0)
    probability = matches / ranked * np.concatenate(([1.0], np.cumprod(steps)))
    return float(np.sum(matches / ranks * probability))


def chance_level(
    query_pids,
    gallery_pids,
    query_camids,
    gallery_camids,
    query_clothes,
    gallery_clothes,
    *,
    mode: str | Sequence[str],
    ranks: Sequence[int] = (1, 5, 10),
) -> ChanceLevel | dict[str, ChanceLevel]:
    """Expected scores of a random ranking of this gallery for these queries.

    Args:
        Labels: (Q,) and (G,) integers as in clothes_rank.   mode: of matching.MODES, or a sequence of them.
        ranks: the ranks of the cmc, at least 1 each.
    Returns: ChanceLevel; a dict mode -> ChanceLevel where `mode` is a sequence.
    Raises: ValueError, TypeError as clothes_rank; ValueError where a rank is below 1.
    """
    if any(rank < 1 for rank in ranks):
        raise ValueError(f"ranks is {tuple(ranks)}, expected ranks of at least 1")
    labels = as_labels(
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        query_clothes,
        gallery_clothes,
        num_query=len(query_pids),
        num_gallery=len(gallery_pids),
    )
    levels = {name: _level(name, *match_counts(labels, name), ranks) for name in requested_modes(mode)}
    return levels[mode] if isinstance(mode, str) else levels


def _level(mode: str, matches: np.ndarray, ranked: np.ndarray, ranks: Sequence[int]) -> ChanceLevel:
    used = matches > 0
    num_queries = int(used.sum())
    cases, repeats = np.unique(np.stack([matches[used], ranked[used]]), axis=1, return_counts=True)
    weights = repeats / max(num_queries, 1)
    penalties = [expected_inverse_negative_penalty(int(m), int(n)) for m, n in cases.T]
    return ChanceLevel(
        mode=mode,
        cmc={rank: float(weights @ expected_match_within(*cases, rank)) for rank in ranks},
        mean_ap=float(weights @ expected_average_precision(*cases)),
        mean_inp=float(weights @ np.asarray(penalties, np.float64)),
        num_queries=num_queries,
        num_skipped=len(matches) - num_queries,
    )
