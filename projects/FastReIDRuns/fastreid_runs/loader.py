"""The host's loaders, started when they are asked for a batch, with as many workers as the machine's memory takes."""

import logging
import math
import os
import re
from collections.abc import Iterator
from typing import Any

import torch
from fastreid.utils import comm
from torch.utils.data import DataLoader, Dataset

from datasets_ext import UserError

from .epoch_stream import EpochStream

logger = logging.getLogger("fastreid.runs")

# Where workers hand their batches over, on Linux; Docker gives it 64 MB.
SHARED_MEMORY = "/dev/shm"
# Batches that each worker of torch's loader may be ahead by, and the one it is at.
_BATCHES_PER_WORKER = 3
# Batches that the main process holds meanwhile.
_BATCHES_IN_USE = 2

_DEAD_WORKER = re.compile(
    r"DataLoader worker \(pid.*(killed by signal: (?P<signal>[^.]+)|exited unexpectedly)", re.DOTALL
)


class LoaderError(UserError, RuntimeError):
    """A process that loads images was ended from outside."""


class StreamLoader:
    """A host's endless loader that starts at its first batch, when it is known which epoch that belongs to.

    The host's trainer starts its loader before it has read a checkpoint, and workers then load what a resumed training
    does not want.

    Args:
        loader: of the host, over a batch sampler of the stream.
        stream: what its batches are cut from.

    Attributes:
        stream: see :class:`EpochStream`; its seed and first epoch can be set until the first batch.
        dataset: the loader's.
    """

    def __init__(self, loader: DataLoader, stream: EpochStream):
        self._loader = loader
        self._batches: Iterator[Any] | None = None
        self.stream = stream
        self.dataset: Dataset = loader.dataset

    def __iter__(self) -> "StreamLoader":
        return self

    def __next__(self) -> Any:
        if self._batches is None:
            self._batches = iter(self._loader)
        return next(self._batches)

    def shutdown(self) -> None:
        """Stops the workers; the next batch starts them again, at the stream's first epoch."""
        if self._batches is not None:
            self._batches = None
            self._loader.shutdown()  # type: ignore[attr-defined]  # the host's loaders have it


def detach_from_process(loader: DataLoader) -> DataLoader:
    """Lets a loader draw the seed of its workers from a generator of its own, not from the process's.

    Otherwise a training that is resumed, whose loader starts at another place, would draw other numbers from then on.
    """
    loader.generator = torch.Generator().manual_seed(0)
    return loader


def workers_that_fit(wanted: int, batch_bytes: int, folder: str = SHARED_MEMORY) -> int:
    """How many of the workers that the config wants find room for their batches in shared memory.

    A worker that does not is killed with a bus error, or waits for ever.

    Args:
        wanted: DATALOADER.NUM_WORKERS.
        batch_bytes: size of one batch of one process.
        folder: of the shared memory; where there is none, all fit.

    Returns:
        0 to ``wanted``, said in the log where it is less; with 0, the main process loads the images itself.
    """
    if wanted < 1 or not os.path.isdir(folder):
        return max(0, wanted)
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    # Each process of this machine has workers of its own.
    room = math.floor(free / comm.get_local_size() / max(1, batch_bytes)) - _BATCHES_IN_USE
    fitting = max(0, min(wanted, room // _BATCHES_PER_WORKER))
    if fitting < wanted:
        needed = (wanted * _BATCHES_PER_WORKER + _BATCHES_IN_USE) * batch_bytes * comm.get_local_size()
        logger.warning(
            "%s has %d MB free, and batches of %d workers take %d MB: images are loaded by %s. In Docker, give it more "
            "with --shm-size; otherwise set DATALOADER.NUM_WORKERS to what fits",
            folder,
            free // 2**20,
            wanted,
            math.ceil(needed / 2**20),
            f"{fitting} of them" if fitting else "the main process, which is slow",
        )
    return fitting


def dead_worker(error: BaseException) -> LoaderError | None:
    """The sentence for what torch raises, anywhere in the main process, where a worker was ended; None for the rest."""
    found = _DEAD_WORKER.search(str(error)) if isinstance(error, RuntimeError) else None
    if found is None:
        return None
    signal = found["signal"] or ""
    cause = (
        f"{SHARED_MEMORY} is full: give it more (Docker: --shm-size)"
        if "Bus error" in signal
        else "where memory ran out, the system log names it"
    )
    return LoaderError(
        f"a process that loads images was ended from outside{f' ({signal})' if signal else ''}; {cause}, or lower "
        "DATALOADER.NUM_WORKERS or SOLVER.IMS_PER_BATCH"
    )
