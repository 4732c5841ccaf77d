"""k-reciprocal re-ranking: distances that also count how much of their neighbourhoods two images share.

Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding (CVPR 2017). With N(p, k) the image p and
its k nearest others:

    R(p, k)   the g in N(p, k) with p in N(g, k)
    R*(p)     R(p, k1), with every R(q, k1/2) of its members q of which more than 2/3 lies in R(p, k1)
    V(p, g)   exp(-d(p, g)) for g in R*(p), else 0, scaled to sum 1 over g; then the mean over the k2 nearest of p
    d_J(p, g) 1 - sum_i min(V(p, i), V(g, i)) / sum_i max(V(p, i), V(g, i))
    result    (1 - lambda) d_J + lambda d

Variants: "published" is that of the authors' released code, from which the figures in the literature come and which the
host ships as evaluation/rerank.py: d(p, g) is the squared Euclidean distance over the largest one of p. (The paper's
text differs: at least 2/3, and V not scaled.) "host" is what TEST.RERANK runs in the host's evaluator on a GPU
(utils/compute_dist.py): the lists for k1 hold p and its k1 - 1 nearest others, V is made of plain squared distances,
and the result adds lambda times the metric's own distance. Queries and gallery are one set of images in both.
"""

from typing import Any

import numpy as np
import scipy.sparse

from .counting import blocks
from .counting.compiled import compiled
from .counting.sources import Array, as_numpy
from .counting.workers import Workers, evaluation_workers
from .inputs import as_feature_pair, check_metric, check_norms
from .neighbours import nearest_neighbours

VARIANTS = ("published", "host")


def rerank(
    query_features: Any,
    gallery_features: Any,
    *,
    k1: int = 20,
    k2: int = 6,
    lambda_value: float = 0.3,
    metric: str = "cosine",
    variant: str = "published",
) -> np.ndarray:
    """Re-ranked distances, for Retrieval.from_distances.

    Neighbourhoods are drawn from all images, those that a mode removes from a ranking among them.

    Args:
        query_features, gallery_features: (Q, D), (G, D) float arrays or tensors; not changed.
        k1, k2, lambda_value: TEST.RERANK.K1, K2, LAMBDA; k1, k2 at least 1, lambda from 0 to 1.
        metric: cosine, for which features are L2-normalised first, or euclidean (squared).
        variant: published or host.

    Returns:
        (Q, G) float32.

    Raises:
        ValueError, TypeError: as Retrieval.
        ValueError: an option is out of range.
    """
    if k1 < 1 or k2 < 1 or not 0.0 <= lambda_value <= 1.0:
        raise ValueError(
            f"k1={k1}, k2={k2}, lambda_value={lambda_value}: expected k1 and k2 of at least 1 and lambda from 0 to 1"
        )
    if variant not in VARIANTS:
        raise ValueError(f"variant is {variant!r}, expected one of {', '.join(VARIANTS)}")
    check_metric(metric)
    features, num_query = _joined(*as_feature_pair(query_features, gallery_features), metric)
    own_list = k1 + 1 if variant == "published" else k1
    half_list = int(np.around(k1 / 2)) + 1
    reach = min(len(features), max(own_list, half_list, k2))
    _, neighbours = nearest_neighbours(features, reach, metric="euclidean")
    with evaluation_workers() as workers:
        largest = _largest_distances(features, workers) if variant == "published" else np.ones(len(features))
        encodings = _encodings(features, neighbours, own_list, half_list, largest, workers)
        if k2 > 1:
            encodings = _averaged(encodings, neighbours[:, :k2])
        result = _jaccard(encodings, num_query, workers)
        _blend(result, features, num_query, lambda_value, largest, 0.5 if _halves(metric, variant) else 1.0, workers)
    return result


def _halves(metric: str, variant: str) -> bool:
    # The host blends in the cosine distance, half the squared distance of normalised features.
    return variant == "host" and metric == "cosine"


def _joined(query_features: Array, gallery_features: Array, metric: str) -> tuple[np.ndarray, int]:
    sides = {
        "query": np.asarray(as_numpy(query_features), np.float32),
        "gallery": np.asarray(as_numpy(gallery_features), np.float32),
    }
    norms = {side: np.linalg.norm(features.astype(np.float64), axis=1) for side, features in sides.items()}
    check_norms(norms, metric)
    if metric == "cosine":
        sides = {side: (features / norms[side][:, None]).astype(np.float32) for side, features in sides.items()}
    return np.concatenate(list(sides.values())), len(sides["query"])


def _squared_distances(features: np.ndarray, norms: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    products = features[rows] @ features[columns].T
    return np.maximum(norms[rows, None] + norms[None, columns] - 2.0 * products, 0.0)


def _squared_norms(features: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", features, features, dtype=np.float64).astype(np.float32)


def _block_rows(features: np.ndarray, workers: Workers) -> int:
    return max(1, blocks.SCRATCH_BYTES // (8 * len(features) * workers.count))


def _largest_distances(features: np.ndarray, workers: Workers) -> np.ndarray:
    # (N,) largest squared distance of each image to any; 1 where all images are at one point.
    norms, largest = _squared_norms(features), np.empty(len(features))

    def work(first: int, last: int) -> None:
        distances = _squared_distances(features, norms, slice(first, last), slice(None))
        largest[first:last] = distances.max(axis=1)

    workers.over(len(features), work, max_rows=_block_rows(features, workers))
    largest[largest == 0.0] = 1.0
    return largest


@compiled
def _reciprocal(neighbours: np.ndarray, image: int, length: int, found: np.ndarray) -> int:
    # Writes the members of N(image) that have image in their own list, nearest first; returns their number.
    count = 0
    for j in range(length):
        other = neighbours[image, j]
        for i in range(length):
            if neighbours[other, i] == image:
                found[count] = other
                count += 1
                break
    return count


@compiled
def _encode(
    features: np.ndarray,
    neighbours: np.ndarray,
    own_list: int,
    half_list: int,
    largest: np.ndarray,
    members: np.ndarray,
    weights: np.ndarray,
    sizes: np.ndarray,
    first: int,
    last: int,
) -> None:
    own, half = np.empty(own_list, np.int64), np.empty(half_list, np.int64)
    in_own, in_expansion = np.full(len(features), -1), np.full(len(features), -1)
    for image in range(first, last):
        count = _reciprocal(neighbours, image, own_list, own)
        size = 0
        for i in range(count):
            in_own[own[i]] = image
            in_expansion[own[i]] = image
            members[image, size] = own[i]
            size += 1
        for i in range(count):
            shared = 0
            half_count = _reciprocal(neighbours, own[i], half_list, half)
            for j in range(half_count):
                shared += in_own[half[j]] == image
            if 3 * shared > 2 * half_count:
                for j in range(half_count):
                    if in_expansion[half[j]] != image:
                        in_expansion[half[j]] = image
                        members[image, size] = half[j]
                        size += 1
        sizes[image] = size
        total = 0.0
        for i in range(size):
            squared = 0.0
            for d in range(features.shape[1]):
                difference = np.float64(features[image, d]) - np.float64(features[members[image, i], d])
                squared += difference * difference
            weights[image, i] = np.exp(-squared / largest[image])
            total += weights[image, i]
        for i in range(size):
            weights[image, i] /= total


def _encodings(
    features: np.ndarray,
    neighbours: np.ndarray,
    own_list: int,
    half_list: int,
    largest: np.ndarray,
    workers: Workers,
) -> scipy.sparse.csr_array:
    num_images, reach = neighbours.shape
    own_list, half_list = min(own_list, reach), min(half_list, reach)
    width = min(num_images, own_list * (1 + half_list))
    members, weights = np.empty((num_images, width), np.int64), np.empty((num_images, width))
    sizes = np.empty(num_images, np.int64)

    def work(first: int, last: int) -> None:
        _encode(features, neighbours, own_list, half_list, largest, members, weights, sizes, first, last)

    workers.over(num_images, work)
    filled = np.arange(width) < sizes[:, None]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    return scipy.sparse.csr_array((weights[filled], members[filled], offsets), shape=(num_images, num_images))


def _averaged(encodings: scipy.sparse.csr_array, neighbours: np.ndarray) -> scipy.sparse.csr_array:
    num_images, k2 = neighbours.shape
    share = np.full(neighbours.size, 1.0 / k2)
    mean = scipy.sparse.csr_array(
        (share, neighbours.ravel(), np.arange(0, neighbours.size + 1, k2)), shape=(num_images, num_images)
    )
    return mean @ encodings


@compiled
def _jaccard_rows(
    query_offsets: np.ndarray,
    query_members: np.ndarray,
    query_weights: np.ndarray,
    image_offsets: np.ndarray,
    image_members: np.ndarray,
    image_weights: np.ndarray,
    result: np.ndarray,
    first: int,
    last: int,
) -> None:
    # The images of a member are the gallery images whose encoding has a weight there.
    for row in range(first, last):
        shared = np.zeros(result.shape[1])
        for i in range(query_offsets[row], query_offsets[row + 1]):
            member, weight = query_members[i], query_weights[i]
            for j in range(image_offsets[member], image_offsets[member + 1]):
                shared[image_members[j]] += min(weight, image_weights[j])
        # Encodings sum to 1, so the sum of the maxima is 2 less that of the minima.
        for column in range(result.shape[1]):
            result[row, column] = max(0.0, 1.0 - shared[column] / (2.0 - shared[column]))


def _jaccard(encodings: scipy.sparse.csr_array, num_query: int, workers: Workers) -> np.ndarray:
    query, gallery = encodings[:num_query], encodings[num_query:].tocsc()
    result = np.empty((num_query, gallery.shape[0]), np.float32)

    def work(first: int, last: int) -> None:
        _jaccard_rows(
            query.indptr,
            query.indices,
            query.data,
            gallery.indptr,
            gallery.indices,
            gallery.data,
            result,
            first,
            last,
        )

    workers.over(num_query, work)
    return result


def _blend(
    result: np.ndarray,
    features: np.ndarray,
    num_query: int,
    lambda_value: float,
    largest: np.ndarray,
    factor: float,
    workers: Workers,
) -> None:
    norms = _squared_norms(features)

    def work(first: int, last: int) -> None:
        distances = _squared_distances(features, norms, slice(first, last), slice(num_query, None))
        scale = lambda_value * factor / largest[first:last, None]
        result[first:last] = (1.0 - lambda_value) * result[first:last] + scale.astype(np.float32) * distances

    workers.over(num_query, work, max_rows=_block_rows(features, workers))
