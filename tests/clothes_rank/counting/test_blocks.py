"""Blocks and passes: what they must not change, and the memory that they bound."""

import tracemalloc

import numpy as np
import pytest

from clothes_rank import MODES, clothes_rank, clothes_rank_from_distances, pairs
from clothes_rank.counting import backend, blocks, cpu
from clothes_rank.counting.cuda import TorchDistances, TorchFeatures


@pytest.mark.parametrize("features_backend", [cpu.CpuFeatures, TorchFeatures])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(("scratch", "gallery_rows", "num_pairs"), [(1, 1, 1), (4000, 30, 500), (20000, 259, 10**6)])
def test_blocks_and_passes(
    case, monkeypatch, features_backend, metric, scratch, gallery_rows, num_pairs, assert_equal_results
):
    query, gallery, labels, _ = case
    if scratch == 1:
        # One image a block: fewer of them.
        query, gallery = query[:15], np.concatenate([gallery[:25]] * 2)
        labels = tuple(side[:15] if i % 2 == 0 else side[:50] for i, side in enumerate(labels))
    expected = clothes_rank(query, gallery, *labels, mode=MODES, metric=metric)
    monkeypatch.setattr(backend, "CpuFeatures", features_backend)
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", scratch)
    monkeypatch.setattr(blocks, "CUDA_SCRATCH_BYTES", scratch * 512)
    monkeypatch.setattr(blocks, "MAX_GALLERY_ROWS", gallery_rows)
    monkeypatch.setattr(pairs, "PAIRS_PER_CHUNK", num_pairs)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES, metric=metric), expected)


@pytest.mark.parametrize("distances_backend", [cpu.CpuDistances, TorchDistances])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_blocks_of_given_distances(random_labels, monkeypatch, distances_backend, dtype, assert_equal_results):
    generator = np.random.default_rng(1)
    distances = generator.integers(0, 50, (60, 260)).astype(dtype)
    labels = random_labels(generator, 60, 260, pids=15)
    expected = clothes_rank_from_distances(distances, *labels, mode=MODES)
    monkeypatch.setattr(backend, "CpuDistances", distances_backend)
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", 5000)
    monkeypatch.setattr(blocks, "CUDA_SCRATCH_BYTES", 50000)
    monkeypatch.setattr(pairs, "PAIRS_PER_CHUNK", 100)
    assert_equal_results(clothes_rank_from_distances(distances, *labels, mode=MODES), expected)


def test_memory_is_bounded_by_the_blocks(random_labels, monkeypatch):
    generator = np.random.default_rng(2)
    num_query, num_gallery, dim = 400, 60_000, 32
    query, gallery = (generator.standard_normal((size, dim), np.float32) for size in (num_query, num_gallery))
    labels = random_labels(generator, num_query, num_gallery, pids=3000)
    clothes_rank(
        query[:2], gallery[:50], *(side[:2] if i % 2 == 0 else side[:50] for i, side in enumerate(labels)), mode=MODES
    )
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", 2**20)
    monkeypatch.setattr(blocks, "MAX_GALLERY_ROWS", 2048)
    tracemalloc.start()
    clothes_rank(query, gallery, *labels, mode=MODES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The matrix would take 96 MB and a scaled gallery 7.7 MB; what may grow with the gallery is some numbers per image.
    assert peak < 3 * 2**20 + 80 * num_gallery
    assert peak < num_query * num_gallery * 4 / 8
