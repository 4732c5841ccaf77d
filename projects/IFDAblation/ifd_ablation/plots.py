"""The ablation as a picture."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from .measurements import Column, Measured

_PANELS = (
    (Column("clothing_change"), "mAP"),
    (Column("clothing_change"), "Rank-1"),
    (Column("same_clothing"), "Rank-1"),
)


def plot_ablation(measured: Measured, path: Path) -> None:
    """A panel for each data set and metric: variants as rows, a bar for the mean, a dot for each seed.

    A dashed line is a random ranking.

    Args:
        measured: what there is.
        path: picture, by its ending.
    """
    variants, datasets = measured.variants[::-1], measured.datasets
    height = 0.36 * len(variants) + 0.9
    figure, axes = plt.subplots(
        len(datasets),
        len(_PANELS),
        figsize=(10, height * len(datasets)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for row, dataset in zip(axes, datasets, strict=True):
        for axis, (column, metric) in zip(row, _PANELS, strict=True):
            for position, variant in enumerate(variants):
                found = measured.scores(variant.name, dataset, column).values()
                numbers = [scores.per_cent()[metric] for scores in found]
                if not numbers:
                    continue
                colour = "tab:blue" if variant.paper else "tab:gray"
                axis.barh(position, np.mean(numbers), color=colour, alpha=0.45, height=0.7)
                axis.plot(numbers, [position] * len(numbers), "o", color="black", markersize=3)
                axis.annotate(
                    f"{np.mean(numbers):.1f}", (max(numbers), position), (5, 0), textcoords="offset points",
                    va="center", fontsize=8,
                )  # fmt: skip
            if chance := measured.chance(dataset, column):
                axis.axvline(chance.per_cent()[metric], color="tab:red", linestyle="--", linewidth=1)
            # Room for the figure that stands right of the last dot.
            axis.set_xlim(0, 1.15 * axis.get_xlim()[1])
            axis.set_title(f"{column.heading} {'rank-1' if metric == 'Rank-1' else metric}, %", fontsize=9)
            axis.tick_params(labelsize=8)
        row[0].set_yticks(range(len(variants)), [variant.title for variant in variants])
        row[0].set_ylabel(dataset, fontsize=8)
    figure.suptitle(
        "bar: mean over seeds; dots: seeds; dashed: a random ranking; gray: rows beside Table II", fontsize=9
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)
