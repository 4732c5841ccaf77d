"""The table that an evaluation prints, in the host's format."""

from typing import TYPE_CHECKING

from tabulate import tabulate

from .rank_scores import METRICS, RankScores

if TYPE_CHECKING:
    from .result import EvaluationResult, ModeResult


def results_table(result: "EvaluationResult") -> str:
    """Modes as rows of a Markdown table, in per cent, each followed by what a random ranking would reach.

    A row's name says what was done to its ranking beyond sorting by distance; a mode without any pair has no figures.
    """
    rows = [row for mode, found in result.modes.items() for row in _rows(mode, found, result.protocol.treatment)]
    headers = ["mode", *METRICS, "queries", "left out"]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)


def _rows(mode: str, found: "ModeResult", treatment: str) -> list[list[str]]:
    counts = [str(found.queries), str(found.left_out)]
    if not found.scores or not found.chance:
        return [[f"{mode}, no pair", *("-" for _ in METRICS), *counts]]
    shot = f"{mode}, multi-shot" if found.single_shot else mode
    name = f"{shot}, {treatment}" if treatment else shot
    rows = [[name, *_cells(found.scores), *counts], [f"{shot}, chance", *_cells(found.chance)]]
    if found.single_shot:
        rows.append([f"{mode}, single-shot", *found.single_shot.cells().values()])
    if found.verification:
        shares = ", ".join(f"{rate:.0e}: {100 * share:.2f}" for rate, share in found.verification.items())
        rows.append([f"{name}, true positives at false positive rate {shares}"])
    return rows


def _cells(scores: RankScores) -> list[str]:
    return [f"{value:.2f}" for value in scores.per_cent().values()]
