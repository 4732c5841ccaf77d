"""Clothes-aware ranking: CMC, mAP and mINP in any mode, exact, without sorting the gallery and in bounded memory.

A match's rank is one more than the number of gallery images before it, so it is enough to count, for each match, the
images of other people that are nearer. All modes share that count: they differ only in which images of the same person
match and which are removed.

Order: by distance; at equal distances by gallery index (what numpy.argsort(kind="stable") gives). Distances of features
are those of float64 arithmetic on the features as given, summed by repeated halving: equal features are at equal
distances, and neither block sizes nor threads nor the device change a result. `screening` says how a float32 product
is enough for nearly all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .counting.cpu import CpuFeatures, GivenDistances
from .counting.cuda import TorchDistances, TorchFeatures
from .counting.kernels import Thresholds, sort_pairs
from .counting.workers import Workers, evaluation_workers
from .inputs import as_distances, as_feature_pair, check_max_rank, check_metric
from .modes import MODES, Labels, PersonGroups, as_labels, requested_modes
from .scores import Scores, cumulative_matches, score_matches


@dataclass(frozen=True, eq=False)
class RankResult:
    """Result of one mode. Queries without a match in the mode are left out of every mean and counted in num_skipped.

    mode: its name.
    cmc: (max_rank,) float64, share of queries with a match within the first k at index k - 1; constant once k reaches
        the end of the gallery.
    mean_ap, mean_inp: float in [0, 1], means of all_ap and all_inp.
    num_queries, num_skipped: queries that count and that are left out; together all queries. Where none counts, cmc,
        mean_ap and mean_inp are 0 and the per-query arrays are empty.
    all_ap, all_inp: (num_queries,) float64.   first_ranks: (num_queries,) int64, rank of the first match, from 1.
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


def clothes_rank(
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
) -> RankResult | dict[str, RankResult]:
    """Ranks a gallery for each query and scores it in one or several clothes-aware modes.

    Memory beyond the features stays within some hundred MiB at any size. Where either side is a CUDA tensor the ranking
    runs there, with equal results; a gallery in main memory is then sent over in blocks.

    Args:
        query_features, gallery_features: (Q, D), (G, D) float arrays or tensors, of any scale; not changed.
        query_pids, query_camids, query_clothes: (Q,) int.   gallery_pids, gallery_camids, gallery_clothes: (G,) int.
            Clothes are compared within a person only.
        mode: of matching.MODES, or a sequence of them, ranked once.
        metric: cosine (1 - cosine similarity) or euclidean.
        max_rank: length of the CMC curve; may exceed the gallery.
    Returns: RankResult; a dict mode -> RankResult where `mode` is a sequence.
    Raises: ValueError where a side is empty, lengths or dimensions differ, a feature is NaN or infinite, a feature is
        zero with metric cosine, or an option is unknown; TypeError where features are not float or labels not integers.
    """
    query, gallery = as_feature_pair(query_features, gallery_features)
    check_metric(metric)
    modes, max_rank = requested_modes(mode), check_max_rank(max_rank)
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
        results = _rank(features_backend(query, gallery, metric, workers), labels, modes, max_rank, workers)
    return results[mode] if isinstance(mode, str) else results


def clothes_rank_from_distances(
    distances,
    query_pids,
    gallery_pids,
    query_camids,
    gallery_camids,
    query_clothes,
    gallery_clothes,
    *,
    mode: str | Sequence[str],
    max_rank: int = 50,
) -> RankResult | dict[str, RankResult]:
    """clothes_rank from a distance matrix, such as a re-ranked one.

    Args:
        distances: (Q, G) array or tensor of real numbers, smaller is nearer, compared as they are; not changed.
        Labels, mode and max_rank as in clothes_rank.
    Returns: as clothes_rank.
    Raises: as clothes_rank; ValueError where a distance is NaN or infinite.
    """
    distances = as_distances(distances)
    modes, max_rank = requested_modes(mode), check_max_rank(max_rank)
    labels = as_labels(
        query_pids,
        gallery_pids,
        query_camids,
        gallery_camids,
        query_clothes,
        gallery_clothes,
        num_query=distances.shape[0],
        num_gallery=distances.shape[1],
    )
    backend = TorchDistances if isinstance(distances, torch.Tensor) else GivenDistances
    with evaluation_workers() as workers:
        results = _rank(backend(distances, workers), labels, modes, max_rank, workers)
    return results[mode] if isinstance(mode, str) else results


def features_backend(query, gallery, metric: str, workers: Workers) -> CpuFeatures | TorchFeatures:
    """What counts for features that as_feature_pair let pass: torch where a side is a (CUDA) tensor.

    Raises: ValueError naming rows that are not finite, or zero with metric cosine.
    """
    on_cuda = isinstance(query, torch.Tensor) or isinstance(gallery, torch.Tensor)
    return (TorchFeatures if on_cuda else CpuFeatures)(query, gallery, metric, workers)


def _rank(backend, labels: Labels, modes: tuple[str, ...], max_rank: int, workers: Workers) -> dict[str, RankResult]:
    scores = {mode: Scores.empty(len(labels.query_pids)) for mode in modes}
    groups = PersonGroups.of(labels)
    for chunk in groups.chunks(backend.queries_per_pass):
        thresholds = _count(backend, groups, labels, chunk, workers)
        for mode in modes:

            def score(first: int, last: int, mode=mode, thresholds=thresholds, start=chunk.start) -> None:
                score_matches(MODES.index(mode), thresholds, labels, scores[mode], start, first, last)

            workers.over(chunk.stop - chunk.start, score)
    return {mode: _result(mode, scores[mode], max_rank) for mode in modes}


def _count(backend, groups: PersonGroups, labels: Labels, chunk: slice, workers: Workers) -> Thresholds:
    offsets, members = groups.pairs(chunk)
    distances = backend.pair_distances(chunk, offsets, members)
    sizes = np.diff(offsets)
    workers.over(len(sizes), lambda first, last: sort_pairs(offsets, members, distances, first, last))
    for careful in (False, True):
        low, high = backend.bounds(chunk, offsets, distances, careful=careful)
        thresholds = Thresholds(offsets, members, distances, low, high, np.zeros(len(members), np.int64))
        sound = backend.tally(chunk, thresholds, labels.query_pids[chunk], labels.gallery_pids, careful=careful)
        if sound.all():
            return thresholds
    first = chunk.start + int(np.argmin(sound))
    raise RuntimeError(
        f"the products of {len(sound) - int(sound.sum())} queries (the first is query {first}) are less exact than any "
        "float32 rounding explains; turn off reduced-precision products or check the BLAS library"
    )


def _result(mode: str, scores: Scores, max_rank: int) -> RankResult:
    used, skipped = np.flatnonzero(scores.nearest), np.flatnonzero(scores.nearest == 0)
    return RankResult(
        mode=mode,
        cmc=cumulative_matches(scores.nearest[used], max_rank),
        mean_ap=float(scores.precision[used].mean()) if len(used) else 0.0,
        mean_inp=float(scores.penalty[used].mean()) if len(used) else 0.0,
        num_queries=len(used),
        num_skipped=len(skipped),
        all_ap=scores.precision[used],
        all_inp=scores.penalty[used],
        first_ranks=scores.nearest[used],
        query_indices=used,
        skipped_indices=skipped,
    )
