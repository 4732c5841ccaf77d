"""How mAP rose with the steps of the trainings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from fastreid_runs import Run
from fastreid_runs.runs import log_entries

from .measurements import Column, Measured
from .plan import Trial
from .variants import VARIANTS

_COLUMNS = (Column("clothing_change"), Column("same_clothing"))

# Points (steps done, value), in order.
Curve = Sequence[tuple[int, float]]


def learning_curve(run: Run, key: str) -> Curve:
    """A metric that a training logged, in order; those of a repeated epoch once.

    Args:
        run: whose log is read.
        key: of the host's metrics.json.
    """
    found = {entry["iteration"] + 1: entry[key] for entry in log_entries(run.folder) if key in entry}
    return sorted(found.items())


def mean_ap_curves(trials: Sequence[Trial], measured: Measured) -> dict[tuple[str, Column], dict[Trial, Curve]]:
    """The curves of trials that train, by data set and column.

    Returns:
        (data set, column) -> trial -> points; trials without a point are left out.
    """
    curves = {}
    for dataset in measured.datasets:
        result = measured.any_result(dataset)
        # The host names metrics by data set only where there are several.
        prefix = f"{dataset}/" if len(measured.datasets) > 1 else ""
        for column in _COLUMNS:
            key = f"{prefix}{result.key(column.mode)}/mAP"
            found = {trial: learning_curve(trial.run, key) for trial in trials if not trial.run.evaluates}
            curves[dataset, column] = {trial: points for trial, points in found.items() if points}
    return curves


def plot_learning_curves(curves: Mapping[tuple[str, Column], Mapping[Trial, Curve]], path: Path) -> None:
    """Clothing-change and same-clothing mAP against steps: a line for each variant's mean, a dot for each seed.

    Args:
        curves: of :func:`mean_ap_curves`.
        path: picture, by its ending.
    """
    datasets = list(dict.fromkeys(dataset for dataset, _ in curves))
    figure, axes = plt.subplots(
        len(datasets), len(_COLUMNS), figsize=(9, 2.9 * len(datasets)), squeeze=False, sharex=True, layout="constrained"
    )
    for row, dataset in zip(axes, datasets, strict=True):
        for axis, column in zip(row, _COLUMNS, strict=True):
            by_trial = curves[dataset, column]
            for variant in VARIANTS.values():
                points = [point for trial, curve in by_trial.items() if trial.variant is variant for point in curve]
                if not points:
                    continue
                steps = sorted({step for step, _ in points})
                means = [np.mean([value for step, value in points if step == at]) for at in steps]
                line = axis.plot(steps, means, label=variant.title, linewidth=1.2)[0]
                axis.plot(*zip(*points, strict=True), ".", color=line.get_color(), markersize=4, alpha=0.5)
            axis.set_title(f"{dataset}: {column.heading} mAP, %", fontsize=9)
            axis.tick_params(labelsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("steps of the stage", fontsize=8)
    axes[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)
