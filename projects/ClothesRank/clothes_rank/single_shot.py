"""PRCC's two protocols, told apart by name: figures of one model differ by ten points and more between them.

multi-shot: the whole camera A is the gallery. That is Retrieval.rank as it stands.
single-shot: one random image of each person is, and scores are averaged over draws; the data set's own protocol.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .chance import ChanceLevel
from .scores import RankResult


@dataclass(frozen=True, eq=False)
class SingleShotResult:
    """Mean and sample standard deviation over the draws of a single-shot evaluation in one mode.

    A query without a match in a draw is left out of that draw, and a draw in which no query has one is left out of the
    means. The deviation of a single draw is 0. Where no draw counts, all figures are NaN.

    Attributes:
        mode: its name.
        cmc, cmc_std: (max_rank,) float64.
        mean_ap, mean_ap_std, mean_inp, mean_inp_std: float.
        draws: the RankResult of each draw.
        chance: the ChanceLevel of each draw.
    """

    mode: str
    cmc: np.ndarray
    cmc_std: np.ndarray
    mean_ap: float
    mean_ap_std: float
    mean_inp: float
    mean_inp_std: float
    draws: tuple[RankResult, ...]
    chance: tuple[ChanceLevel, ...]

    @classmethod
    def of(cls, mode: str, draws: Sequence[RankResult], chance: Sequence[ChanceLevel]) -> "SingleShotResult":
        counted = [draw for draw in draws if draw.num_queries] or list(draws)
        cmc = np.stack([draw.cmc for draw in counted])
        mean_ap = np.array([draw.mean_ap for draw in counted])
        mean_inp = np.array([draw.mean_inp for draw in counted])
        return cls(
            mode=mode,
            cmc=cmc.mean(axis=0),
            cmc_std=_deviation(cmc),
            mean_ap=float(mean_ap.mean()),
            mean_ap_std=float(_deviation(mean_ap)),
            mean_inp=float(mean_inp.mean()),
            mean_inp_std=float(_deviation(mean_inp)),
            draws=tuple(draws),
            chance=tuple(chance),
        )


def _deviation(values: np.ndarray) -> np.ndarray:
    # Of a single value 0, and NaN where that is NaN.
    return values.std(axis=0, ddof=1) if len(values) > 1 else values[0] - values[0]


def draw_gallery(gallery_pids: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One gallery index of each person, uniformly, ascending: (number of persons,) int64.

    Args:
        gallery_pids: (G,) int.
    """
    order = np.argsort(gallery_pids, kind="stable")
    _, starts, sizes = np.unique(gallery_pids[order], return_index=True, return_counts=True)
    return np.sort(order[starts + generator.integers(sizes)])
