"""Alpha query expansion: every image's feature becomes a weighted mean of its neighbours'.

Chum et al., Total Recall (ICCV 2007); weights as in Radenovic et al., Fine-tuning CNN Image Retrieval with No Human
Annotation (TPAMI 2019), section 3.4, as the host's TEST.AQE applies them, to queries and gallery alike.
"""

from typing import TypeVar

import numpy as np
import scipy.sparse
import torch

from .counting.sources import as_numpy, like
from .inputs import as_feature_pair, check_norms
from .neighbours import nearest_neighbours

_Features = TypeVar("_Features", np.ndarray, torch.Tensor)


def expand_queries(
    query_features: _Features, gallery_features: _Features, *, times: int = 1, k: int = 5, alpha: float = 3.0
) -> tuple[_Features, _Features]:
    """Replaces each feature by the mean over its k most similar images, itself among them, of sim^alpha times theirs.

    sim is the cosine similarity over queries and gallery together. Where it is below 0 the weight is 0: a power of a
    negative number would turn it around or not exist.

    Args:
        query_features, gallery_features: (Q, D), (G, D) float arrays or tensors; not changed.
        times: rounds (TEST.AQE.QE_TIME), at least 0.
        k: neighbours (QE_K), at least 1; all images where there are fewer.
        alpha: power (ALPHA), at least 0.

    Returns:
        The two sides, (Q, D) and (G, D) float32: a tensor on its device where a tensor was given, else an array.

    Raises:
        ValueError, TypeError: as Retrieval with metric cosine.
        ValueError: an option is out of range.
    """
    if times < 0 or k < 1 or alpha < 0:
        raise ValueError(f"times={times}, k={k}, alpha={alpha}: expected times >= 0, k >= 1 and alpha >= 0")
    as_feature_pair(query_features, gallery_features)
    sides = [_as_float32(features) for features in (query_features, gallery_features)]
    num_query = len(sides[0])
    features = np.concatenate(sides)
    k = min(k, len(features))
    for _ in range(times):
        norms = np.linalg.norm(features, axis=1, keepdims=True)
        check_norms({"query": norms[:num_query, 0], "gallery": norms[num_query:, 0]}, "cosine")
        similarities, neighbours = nearest_neighbours(features / norms, k, metric="inner_product")
        weights = np.clip(similarities, 0.0, None) ** alpha / k
        row_offsets = np.arange(0, neighbours.size + 1, k)
        mean = scipy.sparse.csr_array((weights.ravel(), neighbours.ravel(), row_offsets), shape=(len(features),) * 2)
        features = mean @ features
    return like(query_features, features[:num_query]), like(gallery_features, features[num_query:])


def _as_float32(features: np.ndarray | torch.Tensor) -> np.ndarray:
    return np.asarray(as_numpy(features), np.float32)
