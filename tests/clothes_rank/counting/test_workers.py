"""Threads: what they must not change, and how many there are."""

import numba
import pytest
import torch

from clothes_rank import MODES, clothes_rank
from clothes_rank.counting import workers


@pytest.mark.parametrize("num_threads", [1, 2, 5])
def test_threads(case, monkeypatch, num_threads, assert_equal_results):
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
