"""PRCC's two protocols, told apart by name: figures of one model differ by ten points and more between them.

multi-shot: the whole camera A is the gallery. That is ranking.clothes_rank as it stands.
single-shot: one random image of each person is, and scores are averaged over draws; the data set's own protocol.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .counting.workers import evaluation_workers
from .inputs import as_feature_pair, check_metric
from .modes import as_labels, requested_modes
from .retrieval import RankResult, clothes_rank, features_backend


@dataclass(frozen=True, eq=False)
class SingleShotResult:
    """Mean and sample standard deviation (0 for a single draw) over the draws of a single-shot evaluation in one mode.

    mode: its name.   cmc, cmc_std: (max_rank,) float64.   mean_ap, mean_ap_std, mean_inp, mean_inp_std: float.
    draws: the RankResult of each draw; a query without a match in a draw is left out of that draw.
    """

    mode: str
    cmc: np.ndarray
    cmc_std: np.ndarray
    mean_ap: float
    mean_ap_std: float
    mean_inp: float
    mean_inp_std: float
    draws: tuple[RankResult, ...]


def draw_gallery(gallery_pids: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One gallery index of each person, uniformly, ascending: (number of persons,) int64.

    Args:
        gallery_pids: (G,) int.
    """
    order = np.argsort(gallery_pids, kind="stable")
    _, starts, sizes = np.unique(gallery_pids[order], return_index=True, return_counts=True)
    return np.sort(order[starts + generator.integers(sizes)])


def single_shot(
    query_features,
    gallery_features,
    query_pids,
    gallery_pids,
    query_camids,
    gallery_camids,
    query_clothes,
    gallery_clothes,
    *,
    mode: str | Sequence[str],
    metric: str = "cosine",
    max_rank: int = 50,
    draws: int = 10,
    seed: int = 0,
) -> SingleShotResult | dict[str, SingleShotResult]:
    """Ranks `draws` random galleries of one image per person.

    Args:
        Features, labels, mode, metric and max_rank as in ranking.clothes_rank, for the whole gallery.
        draws: number of galleries, at least 1.   seed: of the draws; the same seed draws the same images.
    Returns: SingleShotResult; a dict mode -> SingleShotResult where `mode` is a sequence.
    Raises: as clothes_rank; ValueError where draws is below 1.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}, expected at least 1")
    query, gallery = as_feature_pair(query_features, gallery_features)
    modes = requested_modes(mode)
    labels = as_labels(
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        query_clothes,
        gallery_clothes,
        num_query=len(query),
        num_gallery=len(gallery),
    )
    with evaluation_workers() as workers:
        # Looks at every feature, so that an error names a row of the whole gallery and does not hang on the draw.
        features_backend(query, gallery, check_metric(metric), workers)
    generator = np.random.default_rng(seed)
    results = []
    for _ in range(draws):
        drawn = draw_gallery(labels.gallery_pids, generator)
        results.append(
            clothes_rank(
                query,
                gallery[torch.from_numpy(drawn).to(gallery.device) if isinstance(gallery, torch.Tensor) else drawn],
                labels.query_pids,
                labels.gallery_pids[drawn],
                labels.query_camids,
                labels.gallery_camids[drawn],
                labels.query_clothes,
                labels.gallery_clothes[drawn],
                mode=modes,
                metric=metric,
                max_rank=max_rank,
            )
        )
    summaries = {name: _summary(name, tuple(result[name] for result in results)) for name in modes}
    return summaries[mode] if isinstance(mode, str) else summaries


def _summary(mode: str, draws: tuple[RankResult, ...]) -> SingleShotResult:
    def spread(values: np.ndarray) -> np.ndarray:
        return values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros_like(values[0])

    cmc = np.stack([draw.cmc for draw in draws])
    mean_ap = np.array([draw.mean_ap for draw in draws])
    mean_inp = np.array([draw.mean_inp for draw in draws])
    return SingleShotResult(
        mode=mode,
        cmc=cmc.mean(axis=0),
        cmc_std=spread(cmc),
        mean_ap=float(mean_ap.mean()),
        mean_ap_std=float(spread(mean_ap)),
        mean_inp=float(mean_inp.mean()),
        mean_inp_std=float(spread(mean_inp)),
        draws=draws,
    )
