"""Descriptors as a retrieval, by a protocol: what is scored and what pictures show is the same ranking."""

import logging
from collections.abc import Mapping, Sequence

import torch

from clothes_rank import Labels, Retrieval
from clothes_rank.camera_centering import center_by_camera
from clothes_rank.inputs import FeatureError
from clothes_rank.query_expansion import expand_queries
from clothes_rank.rerank import rerank
from datasets_ext import UserError

from .protocol import Protocol

# By the name that logs have had from the start.
logger = logging.getLogger("fastreid.clothes_evaluation")


class DescriptorError(UserError, ValueError):
    """Descriptors that cannot be ranked."""


def as_retrieval(
    features: torch.Tensor,
    pids: torch.Tensor,
    camids: torch.Tensor,
    clothes: torch.Tensor,
    *,
    num_query: int,
    protocol: Protocol,
    further_labels: Mapping[str, Sequence[int]] | None = None,
) -> Retrieval:
    """Queries and gallery by the protocol's distance, centered, expanded and re-ranked where it says so.

    Args:
        features: (N, D) float, queries first.
        pids, camids, clothes: (N,) int.
        num_query: how many of the first images are queries.
        protocol: its metric, center_cameras, query_expansion and reranking are read.
        further_labels: by name N labels that modes compare beside these.

    Raises:
        DescriptorError: rows hold NaN or infinite values, or nothing but zeros with metric cosine; the message says how
            many and names the first.
    """
    query_labels, gallery_labels = (
        Labels(
            pids[part],
            camids[part],
            clothes[part],
            {name: list(values)[part] for name, values in (further_labels or {}).items()},
        )
        for part in (slice(None, num_query), slice(num_query, None))
    )
    query, gallery = features[:num_query], features[num_query:]
    metric = protocol.metric
    try:
        if protocol.center_cameras:
            query, gallery = center_by_camera(query, gallery, camids[:num_query], camids[num_query:], metric=metric)
        if aqe := protocol.query_expansion:
            logger.info("Test with AQE setting")
            query, gallery = expand_queries(query, gallery, times=aqe.times, k=aqe.k, alpha=aqe.alpha)
        if again := protocol.reranking:
            logger.info("Test with rerank setting")
            distances = rerank(query, gallery, k1=again.k1, k2=again.k2, lambda_value=again.lambda_value, metric=metric)
            return Retrieval.from_distances(distances, query_labels, gallery_labels)
        return Retrieval(query, gallery, query_labels, gallery_labels, metric=metric)
    except FeatureError as error:
        raise DescriptorError(_unrankable(error, len(features))) from error


def _unrankable(error: FeatureError, num_descriptors: int) -> str:
    side, rows = next(iter(error.rows.items()))
    where = f"{'query' if side == 'query' else 'gallery image'} {rows[0]}"
    found = f"{sum(map(len, error.rows.values()))} of {num_descriptors} descriptors, the first that of {where}, hold"
    if error.reason == "not finite":
        return (
            f"{found} NaN or infinite values: the training has diverged, or half precision overflows. Look at "
            "total_loss in metrics.json; lower SOLVER.BASE_LR, or switch SOLVER.AMP.ENABLED off"
        )
    return (
        f"{found} nothing but zeros, which has no direction and so no cosine distance: the training has collapsed, or "
        "set TEST.METRIC to euclidean"
    )
