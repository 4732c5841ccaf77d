"""The table that an evaluation prints, in the host's format."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tabulate import tabulate

from .rank_scores import METRICS, RankScores, Spread

if TYPE_CHECKING:
    from .result import EvaluationResult, ModeResult


def results_table(result: "EvaluationResult") -> str:
    """Modes as rows of a Markdown table, in per cent, each followed by what a random ranking would reach.

    A row's name says what was done to its ranking beyond sorting by distance; a mode without any pair has no figures.
    """
    rows = []
    for mode, found in result.modes.items():
        name = row_name(mode, found, result.protocol.treatment)
        counts = [str(found.queries), str(found.left_out)]
        if not found.scores or not found.chance:
            rows.append([name, *_NO_FIGURES, *counts])
            continue
        rows.append([name, *_cells(found.scores), *counts])
        rows.append([f"{row_name(mode, found)}, chance", *_cells(found.chance)])
        if found.single_shot:
            rows.append([f"{mode}, single-shot", *found.single_shot.cells().values()])
        if found.single_shot_chance:
            rows.append([f"{mode}, single-shot, chance", *_cells(found.single_shot_chance)])
        if found.verification:
            shares = ", ".join(f"{rate:.0e}: {100 * share:.2f}" for rate, share in found.verification.items())
            rows.append([f"{name}, true positives at false positive rate {shares}"])
    return _table(result, rows, "queries", "left out")


def table_over_seeds(results: Sequence["EvaluationResult"]) -> str:
    """The same rows, with mean and sample standard deviation over results of one protocol and data set.

    Args:
        results: at least one, with the same modes. The means of single-shot galleries are taken of each result first.
    """
    rows = []
    for mode, first in results[0].modes.items():
        found = [result.modes[mode] for result in results]
        name = row_name(mode, first, results[0].protocol.treatment)
        scores = [one.scores for one in found if one.scores]
        if not scores or not first.chance:
            rows.append([name, *_NO_FIGURES])
            continue
        rows.append([name, *Spread.of(scores).cells().values()])
        rows.append([f"{row_name(mode, first)}, chance", *_cells(first.chance)])
        if drawn := [one.single_shot.mean for one in found if one.single_shot]:
            rows.append([f"{mode}, single-shot", *Spread.of(drawn).cells().values()])
        if first.single_shot_chance:
            rows.append([f"{mode}, single-shot, chance", *_cells(first.single_shot_chance)])
    return _table(results[0], rows)


def row_name(mode: str, found: "ModeResult", treatment: str = "") -> str:
    """What the row of a mode's whole gallery is called.

    Args:
        mode: its name.
        found: its figures.
        treatment: what was done to the ranking, see ``Protocol``.
    """
    if not found.scores:
        return f"{mode}, no pair"
    return ", ".join(filter(None, (mode, "multi-shot" if found.single_shot else "", treatment)))


_NO_FIGURES = ["-"] * len(METRICS)


def _table(result: "EvaluationResult", rows: Sequence[Sequence[str]], *more: str) -> str:
    kinds = {"clothes labels": result.label_kind, "cameras": result.camera_kind}
    unlike = "; ".join(f"{what}: {kind}" for what, kind in kinds.items() if kind != "labelled")
    mode = f"mode ({unlike})" if unlike else "mode"
    return tabulate(rows, headers=[mode, *METRICS, *more], tablefmt="pipe", disable_numparse=True)


def _cells(scores: RankScores) -> list[str]:
    return [f"{value:.2f}" for value in scores.per_cent().values()]
