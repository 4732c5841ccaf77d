"""One configuration of IFD over several seeds, each a process of its own."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from clothes_evaluation.results_table import table_over_seeds
from fastreid_runs import seeds as several

from ..evaluation import EvaluationResult
from .checks import check_config, check_data, check_keys
from .run_keys import KEYS
from .runs import result_of
from .setup import load_config
from .stages import STAGE1_FOLDER


def run_seeds(args: argparse.Namespace) -> dict[str, dict[str, float | None]]:
    """Trains (or with ``--eval-only`` evaluates) once for each of ``args.seeds``, each in OUTPUT_DIR/seed_<seed>.

    Each run is a process of the script that this one runs, with the same options. Writes OUTPUT_DIR/results_seeds.json,
    every seed's value among it, and .md, and prints the table.

    Args:
        args: of :func:`ifd.engine.argument_parser`.

    Returns:
        metric -> {"mean", "std"}, the sample standard deviation, None for one seed, in the metrics' own units; metrics
        as in :meth:`EvaluationResult.flat`, below the data set's name where there are several.

    Raises:
        UserError: the config, the data or a folder cannot serve; before the first run is started.
        RunError: a run failed; the message names its log. The others are done.
    """
    cfg = load_config(args.config_file, args.opts)
    train = not args.eval_only
    several.check_seeds(args, cfg, KEYS)
    check_keys(cfg, train=train)
    check_data(cfg, train=train)
    check_config(cfg, train=train)
    several.check_seed_folders(args, cfg, [STAGE1_FOLDER])
    output_dir = Path(cfg.OUTPUT_DIR)
    runs = several.run_each_seed(args, output_dir, KEYS)

    found = {dataset: {seed: result_of(run, dataset) for seed, run in runs.items()} for dataset in cfg.DATASETS.TESTS}
    flat = {
        seed: several.by_dataset({dataset: results[seed].flat() for dataset, results in found.items()}) for seed in runs
    }
    text = seeds_text({dataset: list(results.values()) for dataset, results in found.items()}, args.seeds)
    return several.write_summary(flat, text, output_dir)


def seeds_text(results: Mapping[str, Sequence[EvaluationResult]], seeds: Sequence[int]) -> str:
    """Tables by data set, and what they are of.

    Args:
        results: data set -> result of each seed.
        seeds: in the same order.
    """
    parts = [
        f"{dataset}, per cent, {several.words_about(seeds)}\n\n{table_over_seeds(found)}\n\n{found[0].protocol}"
        for dataset, found in results.items()
    ]
    return "\n\n".join(parts)
