"""A batch that several processes share, for losses that compare its samples."""

from typing import Any

import torch
import torch.distributed as dist
from fastreid.utils import comm


def of_all_processes(values: torch.Tensor) -> torch.Tensor:
    """Values of the samples of all processes, one process after the other; the tensor itself where there is one.

    Each process then computes the loss of the whole batch. Its gradient here is that of all their losses' sum, of which
    DistributedDataParallel's mean over the processes is that of the one loss.

    Args:
        values: (N, ...), of as many samples in each process.

    Returns:
        (processes * N, ...), with a gradient to the values of each process.
    """
    if comm.get_world_size() == 1:
        return values
    gathered: torch.Tensor = _Gathered.apply(values)
    return gathered


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        parts = [torch.empty_like(values) for _ in range(comm.get_world_size())]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total.chunk(comm.get_world_size())[comm.get_rank()]
