"""The table that an evaluation prints, in the host's format."""

from tabulate import tabulate

from clothes_rank import MODES
from clothes_rank.chance import ChanceLevel

RANKS = (1, 5, 10, 20)
METRICS = (*(f"Rank-{rank}" for rank in RANKS), "mAP", "mINP")


def results_table(results: dict, chance: dict[str, ChanceLevel]) -> str:
    """Modes as rows of a Markdown table, in per cent, each followed by what a random ranking would reach.

    Args:
        results: of ClothesEvaluator.evaluate.   chance: by mode, with RANKS in its cmc.
    """
    rows = []
    for mode in MODES:
        single_shot = f"{mode}/single_shot/mAP" in results
        name = f"{mode}, multi-shot" if single_shot else mode
        counts = [results[f"{mode}/queries"], results[f"{mode}/left_out"]]
        rows.append([name, *(f"{results[f'{mode}/{metric}']:.2f}" for metric in METRICS), *counts])
        level = chance[mode]
        expected = (*(level.cmc[rank] for rank in RANKS), level.mean_ap, level.mean_inp)
        rows.append([f"{name}, chance", *(f"{100 * value:.2f}" for value in expected)])
        if single_shot:
            key = f"{mode}/single_shot"
            spread = [f"{results[f'{key}/{m}']:.2f} ± {results[f'{key}/{m}_std']:.2f}" for m in METRICS]
            rows.append([f"{mode}, single-shot", *spread])
        rates = {k.rpartition("/")[2]: v for k, v in results.items() if k.startswith(f"{mode}/TPR")}
        if rates:
            shares = ", ".join(f"{rate.partition('=')[2]}: {100 * share:.2f}" for rate, share in rates.items())
            rows.append([f"{mode}, true positives at false positive rate {shares}"])
    headers = ["mode", *METRICS, "queries", "left out"]
    return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)
