"""What an ablation came to: one table over seeds, every seed's values, one figure."""

import itertools
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from tabulate import tabulate

from ..evaluation import EvaluationResult
from .runs import Run
from .variants import PAPER_ORDER, VARIANTS

MODES = ("clothing_change", "same_clothing", "general")
METRICS = ("Rank-1", "mAP")
_WALL_TIMES = (
    f"With an attention stream that is stage 2 alone: stage 1 is the row '{VARIANTS['attention_stream'].title}', which "
    "all of a seed start from."
)
_HEADINGS = {"clothing_change": "clothing-change", "same_clothing": "same-clothing", "general": "general"}


def collect(runs: Sequence[Run], datasets: Sequence[str]) -> dict:
    """The values of all runs.

    Returns:
        variant -> data set -> "<mode>/<metric>" -> seed -> value in per cent; single-shot metrics of PRCC's protocol
        are named "<mode>/single_shot/<metric>". Beside the data sets stands "seconds" -> seed -> wall time.
    """
    values: dict = {}
    for run in runs:
        row = values.setdefault(run.variant.name, {"seconds": {}})
        row["seconds"][run.seed] = run.seconds
        for dataset in datasets:
            modes = run.results(dataset).modes
            columns = row.setdefault(dataset, {})
            for mode in MODES:
                single_shot = modes[mode].single_shot
                for shot, scores in (("", modes[mode].scores), ("single_shot/", single_shot and single_shot.mean)):
                    for metric in METRICS if scores else ():
                        columns.setdefault(f"{mode}/{shot}{metric}", {})[run.seed] = scores.per_cent()[metric]
    return values


def mean_and_deviation(by_seed: dict[int, float]) -> tuple[float, float]:
    """Mean and sample standard deviation; NaN deviation for one seed."""
    numbers = list(by_seed.values())
    return float(np.mean(numbers)), float(np.std(numbers, ddof=1)) if len(numbers) > 1 else float("nan")


def summary_table(values: dict, dataset: str, chance: dict[str, float]) -> str:
    """Variants as rows, "rank-1 / mAP" of each mode as mean ± standard deviation over seeds, and wall time.

    Args:
        values: of :func:`collect`.   chance: "<mode>/<metric>" -> per cent, the last row.
    """
    columns = _columns(values, dataset)
    rows = []
    for name in _in_order(values):
        cells = [VARIANTS[name].title]
        for column in columns:
            cells.append(_pair(values, name, dataset, column))
        minutes = np.mean(list(values[name]["seconds"].values())) / 60
        rows.append([*cells, f"{minutes:.1f} min"])
    by_chance = [[chance[f"{c}/{m}"] for m in METRICS if f"{c}/{m}" in chance] for c in columns]
    rows.append(["chance", *(" / ".join(f"{value:.2f}" for value in pair) for pair in by_chance), ""])
    headers = ["variant", *(_heading(column) for column in columns), "wall time a seed"]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def seeds_table(values: dict, dataset: str) -> str:
    """Every seed's values behind :func:`summary_table`."""
    columns = _columns(values, dataset)
    rows = []
    for name in _in_order(values):
        for seed, seconds in sorted(values[name]["seconds"].items()):
            cells = [
                " / ".join(f"{values[name][dataset][f'{column}/{metric}'][seed]:.2f}" for metric in METRICS)
                for column in columns
            ]
            rows.append([VARIANTS[name].title, seed, *cells, f"{seconds / 60:.1f} min"])
    headers = ["variant", "seed", *(_heading(column) for column in columns), "wall time"]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def table_beside_the_paper(values: dict, datasets: Sequence[str]) -> str:
    """Clothing-change rank-1 / mAP of Table II's variants, measured here and as the paper prints them.

    Args:
        values: of :func:`collect`.   datasets: columns measured here.
    """
    rows = []
    for name in _in_order(values):
        if not VARIANTS[name].paper:
            continue
        measured = [_pair(values, name, dataset, "clothing_change") for dataset in datasets]
        printed = [" / ".join(map(str, pair)) for pair in VARIANTS[name].paper.values()]
        rows.append([VARIANTS[name].title, *measured, *printed])
    headers = ["variant", *(f"measured: {name}" for name in datasets), "the paper's: PRCC", "the paper's: LTCC"]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def order_found(values: dict, dataset: str) -> str:
    """Which of Table II's comparisons hold here, in clothing-change mode: a Markdown table.

    Args:
        values: of :func:`collect`.   dataset: name.

    Returns:
        A row for each pair of PAPER_ORDER whose variants were run: difference of the means, and in how many of the
        seeds that both have it is positive.
    """
    rows = []
    for worse, better in PAPER_ORDER:
        if worse not in values or better not in values:
            continue
        cells = []
        for metric in METRICS:
            first, second = (values[name][dataset][f"clothing_change/{metric}"] for name in (worse, better))
            differences = [second[seed] - first[seed] for seed in first if seed in second]
            wins = sum(difference > 0 for difference in differences)
            cells.append(f"{np.mean(differences):+.2f} ({wins} of {len(differences)} seeds)")
        rows.append([f"{VARIANTS[worse].title} < {VARIANTS[better].title}", *cells])
    headers = ["order in the paper", *(f"difference in {metric}" for metric in METRICS)]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def write_report(runs: Sequence[Run], datasets: Sequence[str], output: Path, *, facts: dict[str, str]) -> list[Path]:
    """Writes ablation.json, .md and .png, and learning_curves.png where runs were evaluated more than once.

    Returns the paths, the text second.

    Args:
        runs: all done.   datasets: names.   output: folder.   facts: what the reader has to know, by heading.
    """
    values = collect(runs, datasets)
    chance = {dataset: _chance(runs[0].results(dataset)) for dataset in datasets}
    paths = [output / f"ablation.{ending}" for ending in ("json", "md", "png")]
    paths[0].write_text(json.dumps({"facts": facts, "chance": chance, "values": values}, indent=1))
    lines = ["# Ablation", "", *(f"- {heading}: {text}" for heading, text in facts.items())]
    lines += ["", f"Wall times are of a variant's own run. {_WALL_TIMES}"]
    lines += ["", "## Clothing-change mode beside the paper's Table II, rank-1 / mAP in per cent", ""]
    lines += [table_beside_the_paper(values, datasets)]
    for dataset in datasets:
        lines += ["", f"## {dataset}, rank-1 / mAP in per cent", "", "Mean ± standard deviation over seeds:", ""]
        lines += [summary_table(values, dataset, chance[dataset]), ""]
        if order := order_found(values, dataset):
            lines += ["Clothing-change mode, difference of the means:", "", order, ""]
        lines += ["Every seed:", "", seeds_table(values, dataset)]
    paths[1].write_text("\n".join(lines) + "\n")
    plot_ablation(values, datasets, chance, paths[2])
    curves = {run: learning_curve(run) for run in runs if not run.variant.evaluates}
    evaluations = (len(points) for curve in curves.values() for key, points in curve.items() if key.endswith("/mAP"))
    if max(evaluations, default=0) > 1:
        paths.append(output / "learning_curves.png")
        plot_learning_curves(curves, datasets, paths[-1])
    return paths


def learning_curve(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Each metric that a training logged, as (steps done, value), in order; those of a repeated epoch once."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for line in run.folder.joinpath("metrics.json").read_text().splitlines():
        entry = json.loads(line)
        for key, value in entry.items():
            found[key][entry["iteration"] + 1] = value
    return defaultdict(list, {key: sorted(by_step.items()) for key, by_step in found.items()})


def plot_learning_curves(curves: dict[Run, dict], datasets: Sequence[str], path: Path) -> None:
    """Clothing-change and same-clothing mAP against steps: a line for each variant's mean, a dot for each seed.

    Args:
        curves: of :func:`learning_curve`, by run.
    """
    figure, axes = plt.subplots(
        len(datasets), 2, figsize=(9, 2.9 * len(datasets)), squeeze=False, sharex=True, layout="constrained"
    )
    for row, dataset in zip(axes, datasets, strict=True):
        for axis, mode in zip(row, ("clothing_change", "same_clothing"), strict=True):
            # The host names metrics by data set only where there are several.
            keys = (f"{dataset}/{mode}/mAP", f"{mode}/mAP")
            for name in VARIANTS:
                points = [
                    point
                    for run, curve in curves.items()
                    if run.variant.name == name
                    for point in curve.get(keys[0]) or curve[keys[1]]
                ]
                if not points:
                    continue
                steps = sorted({step for step, _ in points})
                means = [np.mean([value for step, value in points if step == at]) for at in steps]
                line = axis.plot(steps, means, label=VARIANTS[name].title, linewidth=1.2)[0]
                axis.plot(*zip(*points, strict=True), ".", color=line.get_color(), markersize=4, alpha=0.5)
            axis.set_title(f"{dataset}: {_HEADINGS[mode]} mAP, %", fontsize=9)
            axis.tick_params(labelsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("steps of the stage", fontsize=8)
    axes[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_ablation(values: dict, datasets: Sequence[str], chance: dict, path: Path) -> None:
    """A panel for each data set and metric: variants as rows, a bar for the mean, a dot for each seed.

    Args:
        values: of :func:`collect`.   chance: data set -> "<mode>/<metric>" -> per cent.
    """
    names = _in_order(values)[::-1]
    height = 0.36 * len(names) + 0.9
    figure, axes = plt.subplots(
        len(datasets), 3, figsize=(10, height * len(datasets)), sharey=True, squeeze=False, layout="constrained"
    )
    panels = (("clothing_change", "mAP"), ("clothing_change", "Rank-1"), ("same_clothing", "Rank-1"))
    for row, dataset in zip(axes, datasets, strict=True):
        for axis, (mode, metric) in zip(row, panels, strict=True):
            key = f"{mode}/{metric}"
            for position, name in enumerate(names):
                by_seed = values[name][dataset].get(key)
                if not by_seed:
                    continue
                numbers = list(by_seed.values())
                colour = "tab:blue" if VARIANTS[name].paper else "tab:gray"
                axis.barh(position, np.mean(numbers), color=colour, alpha=0.45, height=0.7)
                axis.plot(numbers, [position] * len(numbers), "o", color="black", markersize=3)
                axis.annotate(
                    f"{np.mean(numbers):.1f}", (max(numbers), position), (5, 0), textcoords="offset points",
                    va="center", fontsize=8,
                )  # fmt: skip
            if key in chance[dataset]:
                axis.axvline(chance[dataset][key], color="tab:red", linestyle="--", linewidth=1)
            # Room for the figure that stands right of the last dot.
            axis.set_xlim(0, 1.15 * axis.get_xlim()[1])
            axis.set_title(f"{_HEADINGS[mode]} {'rank-1' if metric == 'Rank-1' else metric}, %", fontsize=9)
            axis.tick_params(labelsize=8)
        row[0].set_yticks(range(len(names)), [VARIANTS[name].title for name in names])
        row[0].set_ylabel(dataset, fontsize=8)
    figure.suptitle(
        "bar: mean over seeds; dots: seeds; dashed: a random ranking; gray: rows beside Table II", fontsize=9
    )
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _chance(results: EvaluationResult) -> dict[str, float]:
    chance = {mode: found.chance.per_cent() for mode, found in results.modes.items() if found.chance}
    return {f"{mode}/{metric}": values[metric] for mode, values in chance.items() for metric in METRICS}


def _in_order(values: dict) -> list[str]:
    return [name for name in VARIANTS if name in values]


def _columns(values: dict, dataset: str) -> list[str]:
    found = {key.rpartition("/")[0] for row in values.values() for key in row[dataset]}
    return [mode + shot for mode, shot in itertools.product(MODES, ("", "/single_shot")) if mode + shot in found]


def _heading(column: str) -> str:
    mode, _, shot = column.partition("/")
    return f"{_HEADINGS[mode]}, {shot.replace('_', '-')}" if shot else _HEADINGS[mode]


def _pair(values: dict, name: str, dataset: str, column: str) -> str:
    return " / ".join(_spread(values[name][dataset].get(f"{column}/{metric}", {})) for metric in METRICS)


def _spread(by_seed: dict[int, float]) -> str:
    mean, deviation = mean_and_deviation(by_seed)
    return f"{mean:.2f}" if np.isnan(deviation) else f"{mean:.2f} ± {deviation:.2f}"
