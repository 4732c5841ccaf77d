from types import SimpleNamespace

import pytest
from fastreid.utils.events import CommonMetricPrinter, EventStorage, EventWriter

from fastreid_runs import hooks


class Noting(EventWriter):
    """Notes the steps it writes at."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.steps = []

    def write(self):
        self.steps.append(self.trainer.iter)


class NotingPrinter(Noting, CommonMetricPrinter):
    pass


@pytest.mark.parametrize(
    ("seconds_a_step", "printed"),
    [
        (1, [9, 19, 24]),  # each 10 steps, as the host; and once after the epoch
        (12, [2, 5, 8, 9, 12, 15, 18, 19, 22, 24]),  # 36 s between lines, none beside one of the host's
        (100, list(range(25))),
    ],
)
def test_no_half_minute_without_a_line(monkeypatch, seconds_a_step, printed):
    clock = [1000.0]
    monkeypatch.setattr(hooks.time, "monotonic", lambda: clock[0])
    trainer = SimpleNamespace(iter=0, iters_per_epoch=25, max_iter=25)
    console, file = NotingPrinter(trainer), Noting(trainer)
    hook = hooks.EvaluationWriter([console, file], period=10)
    hook.trainer = trainer
    with EventStorage(0):
        hook.before_train()
        for trainer.iter in range(25):
            clock[0] += seconds_a_step
            hook.after_step()
        hook.after_epoch()
    assert console.steps == printed
    assert file.steps == [9, 19, 24]
