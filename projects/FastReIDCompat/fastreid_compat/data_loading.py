"""The host's data loader copies batches to the GPU on a CUDA stream, fetched by a thread that must not die in silence.

Without CUDA a plain loader stands in.
"""

import functools
import os
import queue
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest import mock

import torch
from fastreid.data import data_utils
from torch.utils.data import DataLoader

from .adaptation import Adaptation, rebind


class DataLoaderX(DataLoader):
    """The host's DataLoaderX for machines without CUDA: batches stay in CPU memory.

    As in the host, the loader is its own iterator: `iter(loader)` starts it, `next(loader)` goes on for ever over an
    infinite sampler, and `shutdown()` stops it.

    Args:
        local_rank: ignored; the host passes the number of the GPU.
        num_workers: at most one worker a core is started, as more only slow each other (and the model) down.
        kwargs: those of torch.utils.data.DataLoader; pin_memory is off, as it serves copies to a GPU only.
    """

    def __init__(self, local_rank: int, *, num_workers: int = 0, **kwargs: Any):
        kwargs["pin_memory"] = False
        super().__init__(num_workers=min(num_workers, _available_cores()), **kwargs)
        self.local_rank = local_rank
        self._batches: Iterator[Any] = iter(())

    def __iter__(self) -> Any:
        self._batches = super().__iter__()
        return self

    def __next__(self) -> Any:
        return next(self._batches)

    def shutdown(self) -> None:
        """Stops the workers; the loader can be iterated anew."""
        self._batches = iter(())


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _loader_needs_cuda() -> bool:
    if torch.cuda.is_available():
        return False
    try:
        data_utils.DataLoaderX(0, dataset=[0])
    except (AssertionError, RuntimeError):
        return True
    return False


class _Failure:
    """What stopped the thread that fetches batches, in the queue to the one that waits for them."""

    def __init__(self, error: BaseException):
        self.error = error


def _failing() -> Iterator[NoReturn]:
    raise _Fails
    yield


class _Fails(Exception):
    """What a probe's loader raises."""


def _thread_dies_in_silence() -> bool:
    thread = SimpleNamespace(
        local_rank=0, generator=_failing(), queue=queue.Queue(), exit_event=threading.Event(), daemon=True
    )
    with mock.patch.object(torch.cuda, "set_device"):
        try:
            data_utils.BackgroundGenerator.run(thread)
        except _Fails:
            return True
    return False


def _apply_told_failures() -> None:
    host_run = data_utils.BackgroundGenerator.run
    host_next = data_utils.BackgroundGenerator.next

    @functools.wraps(host_run)
    def run(self: Any) -> None:
        try:
            host_run(self)
        except BaseException as error:
            self.queue.put(_Failure(error))

    @functools.wraps(host_next)
    def next_item(self: Any) -> Any:
        item = host_next(self)
        if isinstance(item, _Failure):
            if self.exit_event.is_set():
                raise StopIteration
            # Whoever asks again is told again, rather than left waiting.
            self.queue.put(item)
            raise item.error
        return item

    data_utils.BackgroundGenerator.run = run
    data_utils.BackgroundGenerator.next = next_item


ADAPTATIONS = (
    Adaptation(
        name="data loader",
        reason="DataLoaderX opens a CUDA stream in its constructor; without CUDA a plain DataLoader takes its place",
        needed=_loader_needs_cuda,
        apply=lambda: rebind(data_utils.DataLoaderX, DataLoaderX),
    ),
    Adaptation(
        name="background loading",
        reason="where an image cannot be read or a worker dies, DataLoaderX's thread ends and training waits for ever",
        needed=_thread_dies_in_silence,
        apply=_apply_told_failures,
    ),
)
