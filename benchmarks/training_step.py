"""A training step of IFD, both streams and all losses, beside two of the Baseline of the host on the same network."""

from collections.abc import Callable
from typing import Any

import torch
from fastreid.config import CfgNode
from fastreid.engine import DefaultTrainer
from fastreid.engine.train_loop import SimpleTrainer
from fastreid.utils.events import EventStorage

from fastreid_runs.steps import Steps, bfloat16_pays
from ifd.engine import IFDTrainer

from .models import batch_of, built, config, host_config, sizes
from .rows import Row, compared

GOAL = 0.8
TURNS = 3


class _Again:
    """A loader that gives one batch for ever; the host normalises what it is given in place."""

    def __init__(self, batch: dict[str, torch.Tensor]):
        self.batch = batch

    def __iter__(self) -> "_Again":
        return self

    def __next__(self) -> dict[str, torch.Tensor]:
        return {name: value.clone() for name, value in self.batch.items()}


def step_of(
    trainer: type[DefaultTrainer], cfg: CfgNode, batch: dict[str, torch.Tensor], dtype: torch.dtype | None = None
) -> Callable[[], Any]:
    """The step that a trainer's loop makes, with its optimiser and its log of losses; in mixed precision of a type."""
    model = built(cfg)
    optimizer, params = trainer.build_optimizer(cfg, model)
    loop = SimpleTrainer(model, _Again(batch), optimizer, params)
    if dtype is not None:
        loop = Steps(loop, 1, dtype)

    def step() -> None:
        with EventStorage(0):
            loop.run_step()

    return step


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`."""
    torch.set_num_threads(1)
    rows = []
    for size in sizes(quick):
        cfg = config(size)
        ours = step_of(IFDTrainer, cfg, batch_of(size, 4))
        host = step_of(DefaultTrainer, host_config(cfg), batch_of(size, 3))
        rows.append(
            compared(size.case, "step / 2 steps of the host", ours, host, turns=TURNS, times_other=2, goal=GOAL)
        )
        if bfloat16_pays(built(cfg).backbone, (size.height, size.width)):
            short = step_of(IFDTrainer, cfg, batch_of(size, 4), torch.bfloat16)
            what = "step in bfloat16 / 2 steps of the host in float32"
            rows.append(compared(size.case, what, short, host, turns=TURNS, times_other=2))
    return rows
