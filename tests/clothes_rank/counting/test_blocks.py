"""What must not change a result: blocks, passes, threads, rounding of products, a cache that cannot be written."""

import tracemalloc

import numba
import numpy as np
import pytest
import torch

from clothes_rank import modes, retrieval
from clothes_rank.counting import blocks, compiled, cpu, workers
from clothes_rank.counting.cuda import TorchDistances, TorchFeatures
from clothes_rank.counting.screening import Screen
from clothes_rank.modes import MODES
from clothes_rank.retrieval import clothes_rank, clothes_rank_from_distances

NUM_QUERY, NUM_GALLERY, DIM = 60, 260, 48


@pytest.fixture
def case(random_labels):
    """Features within some 1e-6 of one another, gallery images twice, labels, and results in one block."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((20, DIM))
    query, gallery = (
        (centres[generator.integers(0, 20, size)] + 1e-6 * generator.standard_normal((size, DIM))).astype(np.float32)
        for size in (NUM_QUERY, NUM_GALLERY)
    )
    gallery[NUM_GALLERY // 2 :] = gallery[: NUM_GALLERY // 2]
    labels = random_labels(generator, NUM_QUERY, NUM_GALLERY, pids=9)
    return query, gallery, labels, clothes_rank(query, gallery, *labels, mode=MODES)


def assert_equal_results(results, expected):
    for mode in MODES:
        for name in ("cmc", "all_ap", "all_inp", "first_ranks", "query_indices", "skipped_indices"):
            np.testing.assert_array_equal(getattr(results[mode], name), getattr(expected[mode], name))


@pytest.mark.parametrize("features_backend", [cpu.CpuFeatures, TorchFeatures])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(("scratch", "gallery_rows", "pairs"), [(1, 1, 1), (4000, 30, 500), (20000, 259, 10**6)])
def test_blocks_and_passes(case, monkeypatch, features_backend, metric, scratch, gallery_rows, pairs):
    query, gallery, labels, _ = case
    if scratch == 1:
        # One image a block: fewer of them.
        query, gallery = query[:15], np.concatenate([gallery[:25]] * 2)
        labels = tuple(side[:15] if i % 2 == 0 else side[:50] for i, side in enumerate(labels))
    expected = clothes_rank(query, gallery, *labels, mode=MODES, metric=metric)
    monkeypatch.setattr(retrieval, "CpuFeatures", features_backend)
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", scratch)
    monkeypatch.setattr(blocks, "CUDA_SCRATCH_BYTES", scratch * 512)
    monkeypatch.setattr(blocks, "MAX_GALLERY_ROWS", gallery_rows)
    monkeypatch.setattr(modes, "PAIRS_PER_CHUNK", pairs)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES, metric=metric), expected)


@pytest.mark.parametrize("distances_backend", [cpu.GivenDistances, TorchDistances])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_blocks_of_given_distances(random_labels, monkeypatch, distances_backend, dtype):
    generator = np.random.default_rng(1)
    distances = generator.integers(0, 50, (NUM_QUERY, NUM_GALLERY)).astype(dtype)
    labels = random_labels(generator, NUM_QUERY, NUM_GALLERY, pids=15)
    expected = clothes_rank_from_distances(distances, *labels, mode=MODES)
    monkeypatch.setattr(retrieval, "GivenDistances", distances_backend)
    monkeypatch.setattr(blocks, "SCRATCH_BYTES", 5000)
    monkeypatch.setattr(blocks, "CUDA_SCRATCH_BYTES", 50000)
    monkeypatch.setattr(modes, "PAIRS_PER_CHUNK", 100)
    assert_equal_results(clothes_rank_from_distances(distances, *labels, mode=MODES), expected)


@pytest.mark.parametrize("num_threads", [1, 2, 5])
def test_threads(case, monkeypatch, num_threads):
    query, gallery, labels, expected = case
    monkeypatch.setattr(torch, "get_num_threads", lambda: num_threads)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 8)
    with workers.evaluation_workers() as pool:
        assert pool.count == num_threads
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)


def test_fewer_threads_where_numba_may_use_fewer(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 3)
    with workers.evaluation_workers() as pool:
        assert pool.count == 3


def blas_threads():
    return [library["num_threads"] for library in workers._blas_controller().info() if library["user_api"] == "blas"]


def test_blas_runs_on_one_thread_inside_and_as_before_outside():
    before = blas_threads()
    with workers.evaluation_workers():
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 100, 1000])
@pytest.mark.parametrize("max_rows", [None, 1, 7, 64])
def test_parts_cover_a_range_once(length, max_rows):
    done = []
    with workers.evaluation_workers() as pool:
        pool.over(length, lambda start, stop: done.append((start, stop)), max_rows=max_rows)
    assert sorted(index for start, stop in done for index in range(start, stop)) == list(range(length))
    if max_rows:
        assert all(stop - start <= max_rows for start, stop in done)


def test_an_error_in_a_thread_reaches_the_caller():
    def fail(start, stop):
        raise ZeroDivisionError(start)

    with workers.evaluation_workers() as pool, pytest.raises(ZeroDivisionError):
        pool.over(100, fail, max_rows=10)


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


def with_error(monkeypatch, size, spared=None):
    """Makes products wrong by up to `size`, but for those spared; returns a list that gets one entry for each tally."""
    generator, matmul, tally = np.random.default_rng(3), np.matmul, cpu.CpuFeatures.tally
    careful_flags = []

    def noisy(left, right, out):
        matmul(left, right, out=out)
        errors = generator.uniform(-size, size, out.shape).astype(np.float32)
        out += errors if spared is None else np.where(spared, 0, errors)
        return out

    def watched(self, *arguments, careful):
        careful_flags.append(careful)
        return tally(self, *arguments, careful=careful)

    monkeypatch.setattr(np, "matmul", noisy)
    monkeypatch.setattr(cpu.CpuFeatures, "tally", watched)
    return careful_flags


def test_exact_products_are_trusted_at_once(case, monkeypatch):
    query, gallery, labels, expected = case
    careful_flags = with_error(monkeypatch, 0.0)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)
    assert careful_flags == [False]


@pytest.mark.parametrize("roundings", [13, 40])
def test_products_less_exact_than_usual_are_looked_at_with_care(case, monkeypatch, roundings):
    query, gallery, labels, expected = case
    # 2 sqrt(48) + 4 = 18 roundings are the usual tolerance, of which half may show; 52 the careful one.
    careful_flags = with_error(monkeypatch, roundings * 2.0**-24)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)
    assert careful_flags == [False, True]


def test_errors_show_in_distractors_too(case, monkeypatch):
    query, gallery, labels, expected = case
    same_person = labels[0][:, None] == labels[1][None]
    # All queries in one product, as the spared ones are for the whole of it.
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    careful_flags = with_error(monkeypatch, 40 * 2.0**-24, spared=same_person)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)
    assert careful_flags == [False, True]


def test_products_beyond_float32_rounding_are_refused(case, monkeypatch):
    query, gallery, labels, _ = case
    with_error(monkeypatch, 1e-3)
    with pytest.raises(RuntimeError, match=r"the products of \d+ queries \(the first is query 0\) are less exact"):
        clothes_rank(query, gallery, *labels, mode=MODES)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("draw", ["standard_normal", "random"])
def test_products_stay_well_within_the_usual_tolerance(metric, draw):
    # Positive features add terms of one sign, the worst case that the tolerance is made for.
    generator = np.random.default_rng(4)
    query, gallery = (getattr(generator, draw)((size, 512)).astype(np.float32) for size in (50, 2000))
    norms = [np.linalg.norm(side.astype(np.float64), axis=1) for side in (query, gallery)]
    screen = Screen.of(metric, 512, *norms)
    left = (query * screen.query_scales[:, None]).astype(np.float32)
    right = (gallery * screen.gallery_scales[:, None]).astype(np.float32)
    values = left @ right.T
    wide_query, wide_gallery = query.astype(np.float64), gallery.astype(np.float64)
    if metric == "cosine":
        distances = 1.0 - wide_query @ wide_gallery.T / np.outer(*norms)
    else:
        values = values + screen.gallery_column.astype(np.float32)
        distances = ((wide_query[:, None] - wide_gallery[None]) ** 2).sum(-1)
    errors = np.abs(values - (screen.distance_scale * distances - screen.query_shift[:, None]))
    assert (errors.max(axis=1) < screen.tolerance(slice(None), careful=False) / 2).all()


def test_loops_compile_where_no_cache_can_be_written(monkeypatch):
    njit, asked = numba.njit, []

    def without_cache(cache=False, **options):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", without_cache)

    @compiled.compiled
    def double(x):
        return 2 * x

    assert double(21) == 42
    assert asked == [True, False]
