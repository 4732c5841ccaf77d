"""Nearest neighbours by faiss, on its GPUs where it was built with them and there are any."""

import faiss
import numpy as np
import torch

METRICS = {"inner_product": faiss.IndexFlatIP, "euclidean": faiss.IndexFlatL2}


def nearest_neighbours(features: np.ndarray, k: int, *, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of every row, itself among them, nearest first; at equal values by index.

    Args:
        features: (N, D) float32, finite.
        k: from 1 to N.
        metric: inner_product (largest first) or euclidean (squared).

    Returns:
        values (N, k) float32, indices (N, k) int64.
    """
    index: faiss.Index = METRICS[metric](features.shape[1])
    if hasattr(faiss, "index_cpu_to_all_gpus") and getattr(faiss, "get_num_gpus", int)() > 0:
        index = faiss.index_cpu_to_all_gpus(index)
    rows = np.ascontiguousarray(features, np.float32)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(threads, torch.get_num_threads()))
    try:
        index.add(rows)
        values, indices = index.search(rows, k)
    finally:
        faiss.omp_set_num_threads(threads)
    sign = -1 if metric == "inner_product" else 1
    order = np.lexsort((indices, sign * values), axis=1)
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(indices, order, axis=1)
