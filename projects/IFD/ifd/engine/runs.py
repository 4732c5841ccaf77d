"""What the evaluations of runs came to."""

from fastreid_runs import Run, RunError

from ..evaluation import EvaluationResult, ResultError


def result_of(run: Run, dataset: str) -> EvaluationResult:
    """What a run's last evaluation on a data set came to.

    Raises:
        RunError: it is absent or broken.
    """
    try:
        return EvaluationResult.load(run.results / f"results_{dataset}.json")
    except ResultError as error:
        raise RunError(f"{run.name}: {error}: delete {run.record} and give the same command again") from error
