"""Descriptors of all processes in the first, batch by batch: nothing is pickled, nothing but a batch stands twice."""

from collections.abc import Iterator

import torch
import torch.distributed as dist
from fastreid.utils import comm


def gather_rows(batches: list[torch.Tensor]) -> torch.Tensor | None:
    """Joins what each process has, one process after the other, in the first process.

    That needs memory for the result and for one batch on its way; what is joined or sent is let go of at once.

    Args:
        batches: (n, ...) each, on the CPU, of one type and with equal sizes after the first, in all processes; the list
            is empty afterwards. A process may have none, but not all.

    Returns:
        (N, ...) of that type, contiguous; None in other processes than the first.
    """
    first = batches[0] if batches else None
    own = ([len(batch) for batch in batches], None if first is None else (first.shape[1:], first.dtype))
    shares = comm.gather(own, dst=0)
    if not comm.is_main_process():
        for batch in _taken(batches):
            dist.send(batch.contiguous(), 0, group=comm._get_global_gloo_group())
        return None
    shape, dtype = next(form for _, form in shares if form is not None)
    joined = torch.empty((sum(sum(sizes) for sizes, _ in shares), *shape), dtype=dtype)
    places = iter(joined.split([size for sizes, _ in shares for size in sizes]))
    for batch in _taken(batches):
        next(places).copy_(batch)
    for rank, (sizes, _) in enumerate(shares[1:], start=1):
        for _ in sizes:
            dist.recv(next(places), rank, group=comm._get_global_gloo_group())
    return joined


def _taken(batches: list[torch.Tensor]) -> Iterator[torch.Tensor]:
    """All of a list, each let go of before the next."""
    batches.reverse()
    while batches:
        yield batches.pop()
