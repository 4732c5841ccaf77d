"""Scores of a ranking and their spread, in [0, 1]; per cent is for whoever prints them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

RANKS = (1, 5, 10, 20)
METRICS = (*(f"Rank-{rank}" for rank in RANKS), "mAP", "mINP")

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class RankScores:
    """Scores of a ranking, or their deviations.

    Attributes:
        cmc: rank of RANKS -> share of queries with a match among the first so many, in [0, 1].
        mean_ap: mean average precision, in [0, 1].
        mean_inp: mean inverse negative penalty, in [0, 1].
    """

    cmc: Mapping[int, Share]
    mean_ap: Share
    mean_inp: Share

    def __post_init__(self) -> None:
        if tuple(self.cmc) != RANKS:
            raise ValueError(f"cmc holds ranks {', '.join(map(str, self.cmc))}, expected {', '.join(map(str, RANKS))}")

    def per_cent(self) -> dict[str, float]:
        """METRICS -> per cent, in their order."""
        shares = (*self.cmc.values(), self.mean_ap, self.mean_inp)
        return {name: 100 * share for name, share in zip(METRICS, shares, strict=True)}


@dataclass(frozen=True)
class Spread:
    """Several scores of the same thing, such as of random galleries or of seeds.

    Attributes:
        mean: of each score.
        deviation: sample standard deviation of each; None where there is one value, which has no spread.
        count: how many values, at least 1.
    """

    mean: RankScores
    deviation: RankScores | None
    count: Annotated[int, Field(ge=1)]

    @classmethod
    def of(cls, values: Sequence[RankScores]) -> "Spread":
        """The spread of at least one value."""
        cmc = np.array([list(value.cmc.values()) for value in values])
        means = np.array([[value.mean_ap for value in values], [value.mean_inp for value in values]])
        deviation = None
        if len(values) > 1:
            deviation = _scores(cmc.std(axis=0, ddof=1), *(row.std(ddof=1) for row in means))
        return cls(_scores(cmc.mean(axis=0), *(row.mean() for row in means)), deviation, len(values))

    def cells(self) -> dict[str, str]:
        """METRICS -> per cent as text, ``12.34 ± 0.56``; without ``±`` where there is one value."""
        deviations = self.deviation.per_cent() if self.deviation else None
        return {
            name: f"{mean:.2f} ± {deviations[name]:.2f}" if deviations else f"{mean:.2f}"
            for name, mean in self.mean.per_cent().items()
        }


def _scores(cmc: np.ndarray, mean_ap: float, mean_inp: float) -> RankScores:
    return RankScores(dict(zip(RANKS, map(float, cmc), strict=True)), float(mean_ap), float(mean_inp))
