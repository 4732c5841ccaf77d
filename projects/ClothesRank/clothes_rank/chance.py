"""What a random ranking would score, exactly: the floor that every figure stands on.

A query with m matches among n ranked images, in an order drawn uniformly:

    P(a match within rank k) = 1 - C(n - m, k) / C(n, k)
    E[AP]  = 1/n sum_{i=1..n} (1 + (i - 1)(m - 1)/(n - 1)) / i  =  1/n (H_n + (m - 1)/(n - 1) (n - H_n))
    E[INP] = sum_{r=m..n} (m / r) C(r - 1, m - 1) / C(n, m)

E[AP]: rank i holds a match with probability m/n, and then (i - 1)(m - 1)/(n - 1) of the ranks before it do on average.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma

from .modes import Mode, by_images
from .pairs import PersonPairs


@dataclass(frozen=True)
class ChanceLevel:
    """Expected scores of a random ranking in one mode, over the queries with a match.

    Attributes:
        mode: its name.
        cmc: rank -> expected share of queries with a match within that rank.
        mean_ap, mean_inp: in [0, 1].
        num_queries, num_skipped: as in RankResult; all scores are NaN where no query counts.
    """

    mode: str
    cmc: dict[int, float]
    mean_ap: float
    mean_inp: float
    num_queries: int
    num_skipped: int


def expected_match_within(matches: ArrayLike, ranked: ArrayLike, rank: int) -> np.ndarray:
    """Probability of a match within `rank` for (N,) counts of matches (>= 1) and ranked images; (N,) float64."""
    others = np.asarray(ranked, np.float64) - np.asarray(matches)
    draws = np.arange(rank).reshape(-1, 1)
    missed = np.clip(others - draws, 0.0, None) / np.clip(np.asarray(ranked) - draws, 1, None)
    return 1.0 - np.prod(missed, axis=0)


def expected_average_precision(matches: ArrayLike, ranked: ArrayLike) -> np.ndarray:
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


def chance_levels(
    pairs: PersonPairs, modes: Mapping[str, Mode], ranks: Sequence[int] = (1, 5, 10)
) -> dict[str, ChanceLevel]:
    """Expected scores of a random ranking, by mode.

    Args:
        pairs: of the queries with the gallery.
        ranks: the ranks of the cmc, at least 1 each.

    Raises:
        ValueError: a rank is below 1.
    """
    if any(rank < 1 for rank in ranks):
        raise ValueError(f"ranks is {tuple(ranks)}, expected ranks of at least 1")
    counts = {}
    for images, group in by_images(modes).items():
        counts.update((pairs if images is None else pairs.among(images)).match_counts(group))
    return {name: _level(name, *counts[name], ranks) for name in modes}


def _level(mode: str, matches: np.ndarray, ranked: np.ndarray, ranks: Sequence[int]) -> ChanceLevel:
    used = matches > 0
    num_queries = int(used.sum())
    if not num_queries:
        nan = float("nan")
        return ChanceLevel(mode, dict.fromkeys(ranks, nan), nan, nan, 0, len(matches))
    cases, repeats = np.unique(np.stack([matches[used], ranked[used]]), axis=1, return_counts=True)
    weights = repeats / num_queries
    inps = [expected_inverse_negative_penalty(int(m), int(n)) for m, n in cases.T]
    return ChanceLevel(
        mode=mode,
        cmc={rank: float(weights @ expected_match_within(cases[0], cases[1], rank)) for rank in ranks},
        mean_ap=float(weights @ expected_average_precision(cases[0], cases[1])),
        mean_inp=float(weights @ np.asarray(inps, np.float64)),
        num_queries=num_queries,
        num_skipped=len(matches) - num_queries,
    )
