"""Descriptors as a retrieval: what the protocol says is done, what cannot be ranked is refused."""

import pytest
import torch

from clothes_evaluation import DescriptorError, Protocol
from clothes_evaluation.protocol import Checkpoint, QueryExpansion, Reranking
from clothes_evaluation.retrieval import as_retrieval
from clothes_rank.camera_centering import center_by_camera
from clothes_rank.query_expansion import expand_queries
from clothes_rank.rerank import rerank

NUM, NUM_QUERY = 40, 10


@pytest.fixture
def features():
    return torch.randn(NUM, 6, generator=torch.Generator().manual_seed(0))


def first_images(features, *, metric="cosine", **told):
    """The nearest gallery image of each query."""
    protocol = Protocol(metric, False, "main", Checkpoint.at(""), **told)
    pids = torch.arange(NUM) % 4
    cameras = (torch.arange(NUM) >= NUM_QUERY).long()
    found = as_retrieval(features, pids, cameras, pids, num_query=NUM_QUERY, protocol=protocol)
    return found.top(1, "general").images[:, 0].tolist()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_the_protocol_is_followed(features, metric, expand, again):
    query, gallery = features[:NUM_QUERY], features[NUM_QUERY:]
    if expand:
        query, gallery = expand_queries(query, gallery, times=2, k=3, alpha=1.0)
    if again:
        distances = torch.as_tensor(rerank(query, gallery, k1=6, k2=2, lambda_value=0.2, metric=metric))
    elif metric == "cosine":
        distances = -torch.nn.functional.normalize(query) @ torch.nn.functional.normalize(gallery).T
    else:
        distances = torch.cdist(query, gallery)
    found = first_images(
        features,
        metric=metric,
        query_expansion=QueryExpansion(2, 3, 1.0) if expand else None,
        reranking=Reranking(6, 2, 0.2) if again else None,
    )
    assert found == distances.argmin(dim=1).tolist()


def test_each_cameras_mean_is_taken_out_before_all_else(features):
    # Queries are of one camera here and the gallery of the other.
    cameras = [torch.zeros(NUM_QUERY), torch.ones(NUM - NUM_QUERY)]
    query, gallery = center_by_camera(features[:NUM_QUERY], features[NUM_QUERY:], *cameras)
    distances = -torch.nn.functional.normalize(query) @ torch.nn.functional.normalize(gallery).T
    found = first_images(features, center_cameras=True)
    assert found == distances.argmin(dim=1).tolist() != first_images(features)
    expanded = first_images(features, center_cameras=True, query_expansion=QueryExpansion(2, 3, 1.0))
    query, gallery = expand_queries(query, gallery, times=2, k=3, alpha=1.0)
    distances = -torch.nn.functional.normalize(query) @ torch.nn.functional.normalize(gallery).T
    assert expanded == distances.argmin(dim=1).tolist()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({10: float("nan")}, "1 of 40 descriptors, the first that of gallery image 0, hold NaN or infinite values"),
        ({3: float("inf"), 20: float("nan")}, "2 of 40 descriptors, the first that of query 3, hold NaN"),
        ({1: 0.0}, "1 of 40 descriptors, the first that of query 1, hold nothing but zeros.*TEST.METRIC to euclidean"),
    ],
)
@pytest.mark.parametrize(
    "told", [{}, {"reranking": Reranking(6, 2, 0.2)}, {"query_expansion": QueryExpansion(1, 3, 1.0)}]
)
def test_descriptors_that_cannot_be_ranked_are_refused(features, rows, message, told):
    for row, value in rows.items():
        features[row] = value
    with pytest.raises(DescriptorError, match=message):
        first_images(features, **told)


def test_zeros_have_a_euclidean_distance(features):
    features[1] = 0.0
    nearest = int(features[NUM_QUERY:].norm(dim=1).argmin())
    assert first_images(features, metric="euclidean")[1] == nearest
