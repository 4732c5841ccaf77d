"""One configuration over several seeds."""

import copy
import json
import logging
import os

import numpy as np
from fastreid.utils import comm
from fastreid.utils.logger import setup_logger
from tabulate import tabulate

from ..evaluation.rank_scores import METRICS
from .setup import load_config, setup
from .two_stage import evaluate, train

logger = logging.getLogger("fastreid.ifd.engine")


def run_seeds(args) -> dict[str, dict[str, float]]:
    """Trains (or with ``--eval-only`` evaluates) once for each of ``args.seeds``, each in OUTPUT_DIR/seed_<seed>.

    Writes OUTPUT_DIR/results_seeds.json, every seed's value among it, and .md.

    Args:
        args: of :func:`ifd.engine.argument_parser`.

    Returns:
        metric -> {"mean", "std"}, the sample standard deviation (0 for one seed), in the metrics' own units.
    """
    output_dir = load_config(args.config_file, args.opts).OUTPUT_DIR
    by_seed = {}
    for seed in args.seeds:
        of_seed = copy.copy(args)
        folder = os.path.join(output_dir, f"seed_{seed}")
        of_seed.opts = [*args.opts, "IFD.SEED", str(seed), "OUTPUT_DIR", folder]
        _close_log()
        cfg = setup(of_seed)
        results = evaluate(cfg) if args.eval_only else train(cfg, resume=args.resume)
        by_seed[seed] = _flat(results)
    if not comm.is_main_process():
        return {}
    summary = {
        metric: {
            "mean": float(np.mean([values[metric] for values in by_seed.values()])),
            "std": float(np.std([values[metric] for values in by_seed.values()], ddof=1)) if len(by_seed) > 1 else 0.0,
        }
        for metric in next(iter(by_seed.values()))
    }
    table = seeds_table(summary)
    logger.info("Mean and standard deviation over seeds %s:\n%s", ", ".join(map(str, by_seed)), table)
    with open(os.path.join(output_dir, "results_seeds.json"), "w") as file:
        json.dump({"seeds": by_seed, "summary": summary}, file, indent=2)
    with open(os.path.join(output_dir, "results_seeds.md"), "w") as file:
        file.write(f"Mean and standard deviation over seeds {', '.join(map(str, by_seed))}, per cent\n\n{table}\n")
    return summary


def seeds_table(summary: dict[str, dict[str, float]]) -> str:
    """Modes as rows of a Markdown table, mean ± standard deviation in each cell."""
    rows = []
    for prefix in dict.fromkeys(metric.rpartition("/")[0] for metric in summary if metric.endswith("/mAP")):
        cells = [summary[f"{prefix}/{metric}"] for metric in METRICS]
        rows.append([prefix, *(f"{cell['mean']:.2f} ± {cell['std']:.2f}" for cell in cells)])
    return tabulate(rows, headers=["mode", *METRICS], tablefmt="pipe", disable_numparse=True)


def _flat(results: dict) -> dict[str, float]:
    flat = {}
    for key, value in results.items():
        if isinstance(value, dict):
            flat.update({f"{key}/{name}": inner for name, inner in value.items()})
        else:
            flat[key] = value
    return flat


def _close_log() -> None:
    # The host adds handlers for each folder that it logs to and never takes one away: the screen would show every line
    # of the second seed twice, and the first seed's log.txt would go on.
    logging.getLogger("fastreid").handlers.clear()
    setup_logger.cache_clear()
