"""What an ablation came to: tables over seeds, every seed's values, pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .learning_curves import mean_ap_curves, plot_learning_curves
from .measurements import MODES, Column, Measured
from .plan import Trial
from .plots import plot_ablation
from .tables import order_found, seeds_table, summary_table, table_beside_the_paper
from .variants import VARIANTS

_WALL_TIMES = (
    "Wall times are of a variant's own run. With an attention stream that is stage 2 alone: stage 1 is the row "
    f"'{VARIANTS['attention_stream'].title}', which all of a seed start from."
)


def write_report(
    trials: Sequence[Trial], datasets: Sequence[str], output: Path, *, facts: Mapping[str, str]
) -> list[Path]:
    """Writes ablation.json, .md and .png, and learning_curves.png where runs were evaluated more than once.

    Args:
        trials: all done.
        datasets: names.
        output: folder.
        facts: what the reader has to know, by heading.

    Returns:
        The paths, the text second.

    Raises:
        RunError: a result is absent or broken.
    """
    measured = Measured.of(trials, datasets)
    facts = {**facts, **{f"measured, {name}": str(measured.any_result(name).protocol) for name in datasets}}
    paths = [output / f"ablation.{ending}" for ending in ("json", "md", "png")]
    paths[0].write_text(json.dumps({"facts": facts, **_numbers(measured)}, indent=1) + "\n")
    paths[1].write_text(_text(measured, facts))
    plot_ablation(measured, paths[2])
    curves = mean_ap_curves(trials, measured)
    if any(len(points) > 1 for by_trial in curves.values() for points in by_trial.values()):
        paths.append(output / "learning_curves.png")
        plot_learning_curves(curves, paths[-1])
    return paths


def _text(measured: Measured, facts: Mapping[str, str]) -> str:
    lines = ["# Ablation", "", *(f"- {heading}: {text}" for heading, text in facts.items()), "", _WALL_TIMES]
    lines += ["", "## Clothing-change mode beside the paper's Table II, rank-1 / mAP in per cent", ""]
    lines += [table_beside_the_paper(measured)]
    for dataset in measured.datasets:
        lines += ["", f"## {dataset}, rank-1 / mAP in per cent", "", "Mean ± standard deviation over seeds:", ""]
        lines += [summary_table(measured, dataset), ""]
        if order := order_found(measured, dataset):
            lines += ["Clothing-change mode, difference of the means:", "", order, ""]
        lines += ["Every seed:", "", seeds_table(measured, dataset)]
    return "\n".join(lines) + "\n"


def _numbers(measured: Measured) -> dict[str, Any]:
    """For other programs.

    Returns:
        ``chance``: data set -> mode -> metric -> per cent.
        ``values``: variant -> data set -> key of ``EvaluationResult.flat`` -> seed -> value, and beside the data sets
        ``seconds`` -> seed -> wall time.
    """
    values: dict[str, dict[str, dict]] = {}
    for name, by_seed in measured.results.items():
        row: dict[str, dict] = {"seconds": dict(measured.seconds[name])}
        for dataset in measured.datasets:
            columns = row.setdefault(dataset, {})
            for seed, results in by_seed.items():
                for key, value in results[dataset].flat().items():
                    columns.setdefault(key, {})[seed] = value
        values[name] = row
    chance = {
        dataset: {
            mode: scores.per_cent() for mode in MODES if (scores := measured.chance(dataset, Column(mode))) is not None
        }
        for dataset in measured.datasets
    }
    return {"chance": chance, "values": values}
