"""The threads evaluation may use: each runs its own single-threaded BLAS products and compiled loops.

Threads that hand work from a BLAS pool to a pool of their own and back leave one pool spinning while the other works;
with one pool of plain threads above both, as many cores are busy as there are workers, and no more.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numba
import numpy as np
import torch
from threadpoolctl import ThreadpoolController

MIN_ROWS = 16


class Workers:
    """A pool of threads.

    Attributes:
        count: their number, at least 1.
    """

    def __init__(self, count: int, pool: ThreadPoolExecutor):
        self.count = count
        self._pool = pool
        self._local = threading.local()

    def over(self, length: int, task: Callable[[int, int], None], *, max_rows: int | None = None) -> None:
        """Runs task(start, stop) for even parts of range(length), each at most max_rows long, on all threads.

        Returns when all are done.

        Raises:
            Exception: the first of a task.
        """
        parts = max(1, -(-length // (max_rows or length or 1)))
        parts = min(-(-parts // self.count) * self.count, max(parts, length // MIN_ROWS))
        edges = [length * part // parts for part in range(parts + 1)]
        if parts == 1:
            task(0, length)
        else:
            list(self._pool.map(task, edges[:-1], edges[1:]))

    def buffer(self, rows: int, columns: int) -> np.ndarray:
        """An uninitialised (rows, columns) float32 array that the calling thread may use until it asks again."""
        found = getattr(self._local, "buffer", None)
        if found is None or found.size < rows * columns:
            self._local.buffer = None
            found = self._local.buffer = np.empty(rows * columns, np.float32)
        return found[: rows * columns].reshape(rows, columns)


@functools.cache
def _blas_controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def evaluation_workers() -> Iterator[Workers]:
    """Workers, as many as torch.get_num_threads() and NUMBA_NUM_THREADS both allow.

    BLAS runs single-threaded until the end of the context, then as before.
    """
    # Made by numba at run time, so that no type checker knows of it.
    numba_threads = vars(numba.config)["NUMBA_NUM_THREADS"]
    count = max(1, min(torch.get_num_threads(), numba_threads))
    with (
        _blas_controller().limit(limits=1, user_api="blas"),
        ThreadPoolExecutor(count, thread_name_prefix="evaluation") as pool,
    ):
        yield Workers(count, pool)
