"""Hooks beside the host's."""

from fastreid.engine import hooks


class EvaluationWriter(hooks.PeriodicWriter):
    """The host's periodic writer, which also writes the last evaluation.

    A writer skips what is not newer than its last write. The host writes after the last step of the training, then
    evaluates in the same iteration, so that the final figures never reach metrics.json or TensorBoard. Here the last
    step of an epoch is left to the write after the epoch, which follows the evaluation.
    """

    def after_step(self):
        if (self.trainer.iter + 1) % self.trainer.iters_per_epoch:
            super().after_step()

    def after_train(self):
        # An evaluation after the last epoch, where TEST.EVAL_PERIOD does not divide SOLVER.MAX_EPOCH.
        for writer in self._writers:
            writer.write()
        super().after_train()

    @classmethod
    def replacing(cls, hook: hooks.PeriodicWriter) -> "EvaluationWriter":
        """Takes over the writers of a hook of the host."""
        return cls(hook._writers, hook._period)
