"""Open-set identification: is the person in the gallery at all, and who is it?

A search of a person who is not there should come back empty, which no score of closed-set ranking asks for. A query is
known where it has a match in the mode, unknown where it has none. It is answered where its first image is nearer than a
threshold:

    false alarm rate                     share of the unknown queries that are answered
    detection and identification rate    share of the known queries that are answered with a match, at rank 1

(Phillips, Grother and Micheals, Evaluation Methods in Face Recognition, in: Handbook of Face Recognition). The
threshold is the largest that answers at most a given share of the unknown queries.

The data sets are closed: nearly every query is known. So a share of the gallery's people is taken out of it at random,
several times.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .modes import Mode
from .pairs import PersonPairs
from .top import TopResult


@dataclass(frozen=True)
class OpenSetDraw:
    """One gallery. All by false alarm rate; NaN where no query is known, or none unknown.

    Attributes:
        rates: detection and identification rate.
        chance: what distances drawn at random, all alike, would give: the false alarm rate times the chance of a match
            at rank 1.
        thresholds: distance that an answer is nearer than.
        num_known, num_unknown: queries.
    """

    rates: dict[float, float]
    chance: dict[float, float]
    thresholds: dict[float, float]
    num_known: int
    num_unknown: int


@dataclass(frozen=True)
class OpenSetResult:
    """Open-set identification in one mode. Means are over the draws that have known and unknown queries; else NaN.

    Attributes:
        mode: its name.
        rates: false alarm rate -> mean detection and identification rate.
        deviations: its sample standard deviation; 0 of a single draw.
        chance: mean of what chance gives.
        draws: each gallery.
    """

    mode: str
    rates: dict[float, float]
    deviations: dict[float, float]
    chance: dict[float, float]
    draws: tuple[OpenSetDraw, ...]

    @classmethod
    def of(cls, mode: str, draws: Sequence[OpenSetDraw]) -> "OpenSetResult":
        counted = [draw for draw in draws if draw.num_known and draw.num_unknown] or list(draws)
        wanted = list(draws[0].rates)
        rates = {rate: np.array([draw.rates[rate] for draw in counted]) for rate in wanted}
        return cls(
            mode=mode,
            rates={rate: float(values.mean()) for rate, values in rates.items()},
            deviations={rate: float(values.std(ddof=min(1, len(values) - 1))) for rate, values in rates.items()},
            chance={rate: float(np.mean([draw.chance[rate] for draw in counted])) for rate in wanted},
            draws=tuple(draws),
        )


def check_rates(rates: Sequence[float]) -> tuple[float, ...]:
    """Raises: ValueError where there is no rate, or one is not at least 0 and below 1."""
    if not len(rates) or not all(0 <= rate < 1 for rate in rates):
        raise ValueError(f"false_alarm_rates is {rates!r}, expected numbers of at least 0 and below 1")
    return tuple(float(rate) for rate in rates)


def draw_known(gallery_pids: np.ndarray, unknown_share: float, generator: np.random.Generator) -> np.ndarray:
    """The gallery without a random share of its people: (n,) int64 gallery indices, ascending.

    Args:
        gallery_pids: (G,) int.
        unknown_share: of the people, 0 to 1; rounded to whole people, at least one of whom stays.
    """
    people = np.unique(gallery_pids)
    taken = min(round(unknown_share * len(people)), len(people) - 1)
    return np.flatnonzero(~np.isin(gallery_pids, generator.choice(people, taken, replace=False)))


def open_set_draw(first: TopResult, pairs: PersonPairs, mode: Mode, rates: Sequence[float]) -> OpenSetDraw:
    """Open-set identification in one gallery.

    Args:
        first: of all queries, at least the first image of each.
        pairs: of the same queries and gallery.
        mode: of both.
        rates: false alarm rates.
    """
    matches, ranked = pairs.match_counts({mode.name: mode})[mode.name]
    known = matches > 0
    # Nothing is nearest where a mode removes the whole gallery, and nothing is answered.
    distances = np.where(np.isnan(first.distances[:, 0]), np.inf, first.distances[:, 0])
    unknown = np.sort(distances[~known])
    counts = len(unknown), int(known.sum())
    if not all(counts):
        nothing = dict.fromkeys(rates, float("nan"))
        return OpenSetDraw(nothing, nothing, nothing, counts[1], counts[0])
    thresholds = {rate: float(unknown[int(rate * len(unknown))]) for rate in rates}
    right, nearest = first.is_match[known, 0], distances[known]
    match_first = float((matches[known] / ranked[known]).mean())
    return OpenSetDraw(
        rates={rate: float((right & (nearest < threshold)).mean()) for rate, threshold in thresholds.items()},
        chance={rate: rate * match_first for rate in rates},
        thresholds=thresholds,
        num_known=counts[1],
        num_unknown=counts[0],
    )
