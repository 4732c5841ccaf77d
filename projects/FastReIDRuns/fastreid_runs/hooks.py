"""Hooks beside the host's."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from fastreid.engine import hooks
from fastreid.utils import comm
from fastreid.utils.events import CommonMetricPrinter, EventWriter

from .checkpointer import BEST, FINAL, WholeCheckpointer

logger = logging.getLogger("fastreid.runs")

_SECONDS_WITHOUT_A_LINE = 30


class EvaluationWriter(hooks.PeriodicWriter):
    """The host's periodic writer, which also writes the last evaluation.

    A writer skips what is not newer than its last write. The host writes after the last step of the training, then
    evaluates in the same iteration, so that the final figures never reach metrics.json or TensorBoard. Here the last
    step of an epoch is left to the write after the epoch, which follows the evaluation.

    It also prints a line wherever half a minute went by without one: on a CPU the host's 200 steps are minutes in which
    nobody sees whether, and how fast, a training goes on.
    """

    _written_at = 0.0

    def before_train(self) -> None:
        self._written_at = time.monotonic()

    def after_step(self) -> None:
        steps = self.trainer.iter + 1
        if steps % self.trainer.iters_per_epoch == 0:
            return
        if steps % self._period == 0:
            self._write(self._writers)
        elif time.monotonic() - self._written_at > _SECONDS_WITHOUT_A_LINE:
            self._write([writer for writer in self._writers if isinstance(writer, CommonMetricPrinter)])

    def after_epoch(self) -> None:
        self._write(self._writers)

    def after_train(self) -> None:
        # An evaluation that a resumed training made up for, with no epoch after it.
        self._write(self._writers)
        super().after_train()

    def _write(self, writers: Sequence[EventWriter]) -> None:
        for writer in writers:
            writer.write()
        self._written_at = time.monotonic()

    @classmethod
    def replacing(cls, hook: hooks.PeriodicWriter) -> "EvaluationWriter":
        """Takes over the writers of a hook of the host."""
        return cls(hook._writers, hook._period)


class CheckpointedEvaluation(hooks.EvalHook):
    """Saves a checkpoint, then evaluates, then keeps the best one; the place of the host's two hooks for that.

    The host evaluates first: what fails there, or is killed, loses the epochs since the last checkpoint. It also takes
    an old metric for that of an epoch without an evaluation, and evaluates after a training that failed in its last
    epoch. Here:

    - a checkpoint comes after every epoch that ``checkpoint_period`` divides, and before each evaluation;
    - an evaluation comes after every epoch that ``evaluation_period`` divides, and after the last;
    - a training that goes on after an epoch with an evaluation makes it again, as it may have been killed in it.

    Args:
        checkpointer: of the run; on other processes than the first it saves nothing.
        evaluate: gives the nested dict of metrics, in all processes.
        checkpoint_period: epochs, at least 1.
        evaluation_period: epochs, at least 1.

    Attributes:
        best_metric: of the checkpoint that is the best so far; -1 without one.
    """

    def __init__(
        self,
        checkpointer: WholeCheckpointer,
        evaluate: Callable[[], dict[str, Any]],
        checkpoint_period: int,
        evaluation_period: int,
    ):
        super().__init__(evaluation_period, evaluate)
        self._checkpointer = checkpointer
        self._checkpoint_period = checkpoint_period
        self.best_metric = -1.0

    def before_train(self) -> None:
        done = self.trainer.start_epoch
        # The host's writers ask for the epoch even where none is trained any more.
        self.trainer.storage.epoch = max(0, done - 1)
        if not done:
            return
        if done >= self.trainer.max_epoch:
            logger.info("All %d epochs are trained; evaluating", done)
        if self.evaluates_after(done - 1):
            self.trainer.storage.iter = self.trainer.start_iter - 1
            self._conclude(done - 1)
            self.trainer.storage.iter = self.trainer.start_iter

    def after_epoch(self) -> None:
        epoch = self.trainer.epoch
        evaluates = self.evaluates_after(epoch)
        if evaluates or (epoch + 1) % self._checkpoint_period == 0:
            self._checkpointer.save(f"model_{epoch:04d}", epoch=epoch)
        if evaluates:
            self._conclude(epoch)

    def after_train(self) -> None:
        # As in the host: the function holds the trainer.
        del self._func

    def evaluates_after(self, epoch: int) -> bool:
        """Whether an evaluation follows an epoch, counted from 0."""
        return (epoch + 1) % self._period == 0 or epoch + 1 >= self.trainer.max_epoch

    def _conclude(self, epoch: int) -> None:
        self._do_eval()
        if not comm.is_main_process():
            return
        metric = self.trainer.storage.latest()[self._metric_name()][0]
        if metric > self.best_metric:
            self._checkpointer.save(BEST, epoch=epoch, metric=metric)
            self.best_metric = metric
        is_final = os.path.basename(self._checkpointer.resumed_from) == f"{FINAL}.pth"
        if epoch + 1 >= self.trainer.max_epoch and not (is_final and self.trainer.start_epoch == epoch + 1):
            self._checkpointer.save(FINAL, epoch=epoch, metric=metric)
            # What was saved before this evaluation is the same, without the metric.
            self._checkpointer.drop(f"model_{epoch:04d}")

    def _metric_name(self) -> str:
        tests = self.trainer.cfg.DATASETS.TESTS
        return "metric" if len(tests) == 1 else f"{tests[0]}/metric"
