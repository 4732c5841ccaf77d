"""A process that all others wait for, told by name."""

import logging
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastreid.engine import hooks
from fastreid.utils import comm

logger = logging.getLogger("fastreid.runs")

# Steps between two looks; a share of the others' time that is told; seconds that nobody minds.
_STEPS, _SLOWER, _NEGLIGIBLE = 200, 1.25, 0.005


@dataclass(frozen=True)
class Pace:
    """How long a process takes for what it does on its own in a step.

    Attributes:
        host: name of its machine.
        seconds: mean over steps, from where the gradients of all processes have met to where its forward pass ends:
            optimiser, data and forward pass.
        waiting: of these, the part from after the optimiser to where its images are there.
    """

    host: str
    seconds: float
    waiting: float


def straggler(paces: Sequence[Pace]) -> str | None:
    """A sentence about the slowest process, where it is slower than the others by a quarter.

    Args:
        paces: by rank, at least 2.
    """
    rank = max(range(len(paces)), key=lambda number: paces[number].seconds)
    slowest = paces[rank]
    others = statistics.median(pace.seconds for number, pace in enumerate(paces) if number != rank)
    if slowest.seconds < _SLOWER * others or slowest.seconds - others < _NEGLIGIBLE:
        return None
    return (
        f"rank {rank} on {slowest.host} is {slowest.seconds / others:.1f} times as slow as the others, which wait for "
        f"it: {slowest.seconds:.3f} s a step before gradients are shared ({slowest.waiting:.3f} s of it for its "
        f"images), theirs {others:.3f} s"
    )


class StragglerReport(hooks.HookBase):
    """Warns, every 200 steps and after each epoch, of a process that is slower than the others, see :func:`straggler`.

    By the clock, whole steps of all processes are as long as that of the slowest. What is compared lies between two
    places where they meet. On CUDA that holds since the host reads the accuracy in each forward pass.

    Args:
        model: that is trained.
        optimizer: of the training.
    """

    def __init__(self, model: Any, optimizer: Any):
        self._model = model
        self._optimizer = optimizer
        self._handles: list[Any] = []
        self._met: float | None = None
        self._updated = 0.0
        self._seconds: list[float] = []
        self._waiting: list[float] = []

    def before_train(self) -> None:
        self._handles = [
            self._optimizer.register_step_pre_hook(self._after_meeting),
            self._optimizer.register_step_post_hook(self._after_update),
            self._model.register_forward_pre_hook(self._before_forward),
            self._model.register_forward_hook(self._after_forward),
        ]

    def after_train(self) -> None:
        for handle in self._handles:
            handle.remove()

    def before_epoch(self) -> None:
        # An evaluation and a checkpoint lie between.
        self._met = None

    def after_step(self) -> None:
        if (self.trainer.iter + 1) % _STEPS == 0:
            self._compare(self.trainer.iter + 1)

    def after_epoch(self) -> None:
        # The host has counted the last step by now.
        self._compare(self.trainer.iter)

    def _after_meeting(self, *_: Any) -> None:
        self._met = time.perf_counter()

    def _after_update(self, *_: Any) -> None:
        self._updated = time.perf_counter()

    def _before_forward(self, *_: Any) -> None:
        if self._met is not None:
            self._waiting.append(time.perf_counter() - self._updated)

    def _after_forward(self, *_: Any) -> None:
        if self._met is not None:
            self._seconds.append(time.perf_counter() - self._met)
            # Of a batch in parts, the first alone.
            self._met = None

    def _compare(self, after: int) -> None:
        steps = len(self._seconds)
        means = [sum(spans) / max(steps, 1) for spans in (self._seconds, self._waiting)]
        paces = comm.gather(Pace(socket.gethostname(), *means), dst=0)
        self._seconds, self._waiting = [], []
        if steps and comm.is_main_process() and (sentence := straggler(paces)):
            logger.warning("After step %d: %s", after, sentence)
