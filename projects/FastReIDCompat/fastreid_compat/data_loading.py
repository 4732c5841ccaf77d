"""The host's data loader copies batches to the GPU on a CUDA stream; without CUDA a plain loader stands in."""

import os
from collections.abc import Iterator
from typing import Any

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


ADAPTATIONS = (
    Adaptation(
        name="data loader",
        reason="DataLoaderX opens a CUDA stream in its constructor; without CUDA a plain DataLoader takes its place",
        needed=_loader_needs_cuda,
        apply=lambda: rebind(data_utils.DataLoaderX, DataLoaderX),
    ),
)
