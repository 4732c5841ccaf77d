"""Descriptors of IFD, both streams, beside two of the host's forwards; of the main stream alone beside one."""

from collections.abc import Callable
from typing import Any

import torch

from .models import Size, batch_of, built, config, host_config, sizes
from .rows import Row, compared

GOAL = 0.75
RGB_GOAL = 1.05
TURNS = 5
_BATCH = 8


def forward_of(cfg: Any, batch: dict[str, torch.Tensor], layout: torch.memory_format) -> Callable[[], Any]:
    """One forward of a config's model in evaluation, as the host's loop calls it, with its weights in a layout."""
    model = built(cfg).to(memory_format=layout).eval()

    def forward() -> None:
        with torch.no_grad():
            model({"images": batch["images"].clone()})

    return forward


def _rows(size: Size) -> list[Row]:
    cfg = config(size)
    host = forward_of(host_config(cfg), batch_of(size, 3), torch.contiguous_format)
    # As ifd.engine.load_trained_model gives it.
    both = forward_of(cfg, batch_of(size, 4), torch.channels_last)
    rgb = config(size, "IFD.IKT.ENABLED", False, "IFD.CBD.ENABLED", False)
    alone = forward_of(rgb, batch_of(size, 3), torch.channels_last)
    return [
        compared(size.case, "both streams / 2 of the host", both, host, turns=TURNS, times_other=2, goal=GOAL),
        compared(size.case, "RGB alone / 1 of the host", alone, host, turns=TURNS, goal=RGB_GOAL),
    ]


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`."""
    torch.set_num_threads(1)
    batches = (4,) if quick else (_BATCH, 1)
    return [row for size in sizes(quick) for batch in batches for row in _rows(size.of_batch(batch))]
