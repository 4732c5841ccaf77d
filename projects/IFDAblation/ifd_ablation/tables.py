"""The tables of an ablation, in Markdown, in per cent."""

from collections.abc import Sequence

import numpy as np
from tabulate import tabulate

from .measurements import METRICS, Column, Measured, pair, spread_pair
from .variants import PAPER_ORDER, VARIANTS

_CLOTHING_CHANGE = Column("clothing_change")


def summary_table(measured: Measured, dataset: str) -> str:
    """Variants as rows, "rank-1 / mAP" of each mode as mean ± standard deviation over seeds; chance as the last."""
    columns = measured.columns(dataset)
    rows = []
    for variant in measured.variants:
        cells = [spread_pair(measured.spread(variant.name, dataset, column)) for column in columns]
        minutes = np.mean(list(measured.seconds[variant.name].values())) / 60
        rows.append([variant.title, *cells, f"{minutes:.1f} min"])
    by_chance = [measured.chance(dataset, column) for column in columns]
    rows.append(["chance", *(pair(scores) if scores else "" for scores in by_chance), ""])
    return _table(rows, "variant", *_headings(measured, dataset, columns), "wall time a seed")


def seeds_table(measured: Measured, dataset: str) -> str:
    """Every seed's values behind :func:`summary_table`."""
    columns = measured.columns(dataset)
    rows = []
    for variant in measured.variants:
        for seed, seconds in sorted(measured.seconds[variant.name].items()):
            found = [measured.scores(variant.name, dataset, column).get(seed) for column in columns]
            cells = [pair(scores) if scores else "-" for scores in found]
            rows.append([variant.title, str(seed), *cells, f"{seconds / 60:.1f} min"])
    return _table(rows, "variant", "seed", *_headings(measured, dataset, columns), "wall time")


def table_beside_the_paper(measured: Measured) -> str:
    """Clothing-change rank-1 / mAP of Table II's variants, measured here and as the paper prints them."""
    rows = []
    for variant in measured.variants:
        if not variant.paper:
            continue
        here = [spread_pair(measured.spread(variant.name, dataset, _CLOTHING_CHANGE)) for dataset in measured.datasets]
        rows.append([variant.title, *here, *(" / ".join(map(str, printed)) for printed in variant.paper.values())])
    return _table(
        rows, "variant", *(f"measured: {name}" for name in measured.datasets), "the paper's: PRCC", "the paper's: LTCC"
    )


def order_found(measured: Measured, dataset: str) -> str:
    """Which of Table II's comparisons hold here, in clothing-change mode.

    Returns:
        A row for each pair of PAPER_ORDER whose variants were run: difference of the means, and in how many of the
        seeds that both have it is positive; empty where there is no row.
    """
    rows = []
    for names in PAPER_ORDER:
        if not set(names) <= set(measured.results):
            continue
        worse, better = (measured.scores(name, dataset, _CLOTHING_CHANGE) for name in names)
        both = [seed for seed in worse if seed in better]
        if not both:
            continue
        cells = []
        for metric in METRICS:
            differences = [better[seed].per_cent()[metric] - worse[seed].per_cent()[metric] for seed in both]
            wins = sum(difference > 0 for difference in differences)
            cells.append(f"{np.mean(differences):+.2f} ({wins} of {len(both)} seeds)")
        rows.append([" < ".join(VARIANTS[name].title for name in names), *cells])
    if not rows:
        return ""
    return _table(rows, "order in the paper", *(f"difference in {metric}" for metric in METRICS))


def _headings(measured: Measured, dataset: str, columns: Sequence[Column]) -> list[str]:
    treatment = measured.any_result(dataset).protocol.treatment
    return [", ".join(filter(None, (column.heading, treatment))) for column in columns]


def _table(rows: Sequence[Sequence[str]], *headings: str) -> str:
    return tabulate(rows, headers=headings, tablefmt="pipe", disable_numparse=True)
