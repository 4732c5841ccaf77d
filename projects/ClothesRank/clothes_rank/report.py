"""What the command prints: figures under the name of their protocol, with chance beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .chance import ChanceLevel
from .scores import RankResult
from .single_shot import SingleShotResult

RANKS = (1, 5, 10, 20)
_HEADERS = ("mode", *(f"Rank-{rank}" for rank in RANKS), "mAP", "mINP", "queries", "left out")


@dataclass(frozen=True)
class Figures:
    """Scores of one ranking in one mode, in [0, 1]; NaN where no query counts.

    Attributes:
        name: what was ranked, or ``chance``.
        cmc: share of queries with a match within each of RANKS.
        mean_ap, mean_inp: the means.
        deviations: of cmc, mean_ap and mean_inp over draws, in this order; None where there is one ranking.
        counts: queries that count and queries that are left out, means over draws; None for chance.
    """

    name: str
    cmc: Sequence[float]
    mean_ap: float
    mean_inp: float
    deviations: Sequence[float] | None = None
    counts: tuple[float, float] | None = None

    @classmethod
    def of(cls, name: str, result: RankResult | SingleShotResult) -> "Figures":
        """The figures of a ranking, which has RANKS in its curve."""
        cmc = [float(result.cmc[rank - 1]) for rank in RANKS]
        if isinstance(result, RankResult):
            counts = (float(result.num_queries), float(result.num_skipped))
            return cls(name, cmc, result.mean_ap, result.mean_inp, counts=counts)
        deviations = [float(result.cmc_std[rank - 1]) for rank in RANKS]
        num = len(result.draws)
        return cls(
            name,
            cmc,
            result.mean_ap,
            result.mean_inp,
            deviations=(*deviations, result.mean_ap_std, result.mean_inp_std),
            counts=(
                sum(draw.num_queries for draw in result.draws) / num,
                sum(draw.num_skipped for draw in result.draws) / num,
            ),
        )

    @classmethod
    def of_chance(cls, levels: Sequence[ChanceLevel]) -> "Figures":
        """The mean over the galleries that count, which have RANKS."""
        counted = [level for level in levels if level.num_queries] or levels
        num = len(counted)
        return cls(
            "chance",
            [sum(level.cmc[rank] for level in counted) / num for rank in RANKS],
            sum(level.mean_ap for level in counted) / num,
            sum(level.mean_inp for level in counted) / num,
        )

    @property
    def scores(self) -> tuple[float, ...]:
        """cmc, mean_ap and mean_inp in one row."""
        return (*self.cmc, self.mean_ap, self.mean_inp)

    def cells(self) -> list[str]:
        """The row in per cent; ``-`` where no query counts."""
        cells = ["-" if math.isnan(score) else f"{100 * score:.2f}" for score in self.scores]
        if self.deviations and not math.isnan(self.mean_ap):
            cells = [f"{cell} ± {100 * spread:.2f}" for cell, spread in zip(cells, self.deviations, strict=True)]
        return cells + [_count(count) for count in self.counts or ()]

    def as_json(self) -> dict[str, Any]:
        """The figures in [0, 1]; None where no query counts."""
        found: dict[str, Any] = {**_by_name(self.scores)}
        if self.deviations:
            found["deviation"] = _by_name(self.deviations)
        if self.counts:
            found["queries"], found["left_out"] = map(_whole, self.counts)
        return found


def table(figures: dict[str, list[Figures]], protocol: str) -> str:
    """A Markdown table, in per cent.

    Args:
        figures: by mode.
        protocol: multi-shot or single-shot, a part of each row's name.
    """
    rows = [
        [", ".join(filter(None, (mode, protocol, found.name))), *found.cells()]
        for mode, of_mode in figures.items()
        for found in of_mode
    ]
    filled = [_HEADERS, *([*row, *[""] * (len(_HEADERS) - len(row))] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in filled
    ]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def _by_name(scores: Sequence[float]) -> dict[str, Any]:
    numbers = [None if math.isnan(score) else score for score in scores]
    return {
        "cmc": dict(zip(map(str, RANKS), numbers, strict=False)),
        "mean_ap": numbers[-2],
        "mean_inp": numbers[-1],
    }


def _whole(count: float) -> int | float:
    return int(count) if count == int(count) else count


def _count(count: float) -> str:
    return str(int(count)) if count == int(count) else f"{count:.1f}"
