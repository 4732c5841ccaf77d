"""Runs of train_net.py as processes of their own, with what their evaluations came to."""

from dataclasses import dataclass

import fastreid_runs
from fastreid_runs import RunError
from fastreid_runs.runs import Attempt, log_entries

from ..evaluation import EvaluationResult, ResultError

__all__ = ["Attempt", "Run", "RunError", "log_entries", "result_of"]


@dataclass(eq=False)
class Run(fastreid_runs.Run):
    """A process of train_net.py, see :class:`fastreid_runs.Run`."""

    def result(self, dataset: str) -> EvaluationResult:
        """Of its last evaluation on a data set, see :func:`result_of`."""
        return result_of(self, dataset)


def result_of(run: fastreid_runs.Run, dataset: str) -> EvaluationResult:
    """What a run's last evaluation on a data set came to.

    Raises:
        RunError: it is absent or broken.
    """
    try:
        return EvaluationResult.load(run.results / f"results_{dataset}.json")
    except ResultError as error:
        raise RunError(f"{run.name}: {error}: delete {run.record} and give the same command again") from error
