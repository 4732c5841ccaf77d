"""One configuration over several seeds, each a process of its own."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fastreid.utils import comm

from ..evaluation import EvaluationResult
from ..evaluation.results_table import table_over_seeds
from .checkpointer import CheckpointError
from .checks import check_config, check_data, check_keys
from .errors import ConfigError
from .processes import check_processes
from .run_folder import refuse_overwriting
from .runner import run_all
from .runs import Run
from .setup import load_config


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
    _check(cfg, args)
    output_dir = Path(cfg.OUTPUT_DIR)
    runs = {seed: _run(args, seed, output_dir / f"seed_{seed}") for seed in args.seeds}
    threads = None
    if args.jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
        threads = max(1, (os.cpu_count() or 1) // args.jobs)
    run_all(list(runs.values()), jobs=args.jobs, threads=threads, title="seeds", follow=args.jobs == 1)

    found = {dataset: {seed: run.result(dataset) for seed, run in runs.items()} for dataset in cfg.DATASETS.TESTS}
    flat = {seed: _flat({dataset: results[seed] for dataset, results in found.items()}) for seed in runs}
    summary = summarize(list(flat.values()))
    text = seeds_text({dataset: list(results.values()) for dataset, results in found.items()}, args.seeds)
    for name, content in (
        ("results_seeds.json", json.dumps({"seeds": flat, "summary": summary}, indent=2)),
        ("results_seeds.md", text),
    ):
        part = output_dir / f"{name}.part"
        part.write_text(f"{content}\n")
        part.replace(output_dir / name)
    print(f"\n{text}\n\nEvery seed's values: {output_dir / 'results_seeds.json'}")
    return summary


def summarize(values: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    """Mean and sample standard deviation of each key, over at least one mapping with the same keys; None for one."""
    several = len(values) > 1
    summary: dict[str, dict[str, float | None]] = {}
    for key in values[0]:
        column = [value[key] for value in values]
        summary[key] = {"mean": float(np.mean(column)), "std": float(np.std(column, ddof=1)) if several else None}
    return summary


def seeds_text(results: Mapping[str, Sequence[EvaluationResult]], seeds: Sequence[int]) -> str:
    """Tables by data set, and what they are of.

    Args:
        results: data set -> result of each seed.   seeds: in the same order.
    """
    numbers = ", ".join(map(str, seeds))
    of = f"mean ± standard deviation over seeds {numbers}" if len(seeds) > 1 else f"seed {numbers}"
    parts = [
        f"{dataset}, per cent, {of}\n\n{table_over_seeds(found)}\n\n{found[0].protocol}"
        for dataset, found in results.items()
    ]
    return "\n\n".join(parts)


def _check(cfg: Any, args: argparse.Namespace) -> None:
    if comm.get_world_size() > 1:
        raise ConfigError("run_seeds starts processes of its own; call it outside of launch(), as train_net.py does")
    check_processes(args)
    if len(set(args.seeds)) < len(args.seeds):
        raise ConfigError(f"--seeds is {' '.join(map(str, args.seeds))}; expected different numbers")
    if args.num_machines > 1:
        raise ConfigError(
            f"--num-machines is {args.num_machines}, but --seeds starts its runs on one; give each seed a command of "
            "its own: IFD.SEED 0 OUTPUT_DIR some/folder/seed_0"
        )
    if args.eval_only and cfg.MODEL.WEIGHTS:
        raise ConfigError(
            f"MODEL.WEIGHTS is {cfg.MODEL.WEIGHTS}, which --eval-only would evaluate for every seed; leave it out, and "
            "each seed's own model_final.pth is"
        )
    check_keys(cfg, train=not args.eval_only)
    check_data(cfg, train=not args.eval_only)
    check_config(cfg, train=not args.eval_only)
    for seed in args.seeds:
        folder = os.path.join(cfg.OUTPUT_DIR, f"seed_{seed}")
        if args.eval_only and not os.path.isfile(os.path.join(folder, "model_final.pth")):
            raise CheckpointError(f"{folder}/model_final.pth does not exist: seed {seed} is not trained")
        if not args.eval_only and not args.resume:
            refuse_overwriting(folder)


def _run(args: argparse.Namespace, seed: int, folder: Path) -> Run:
    words = [sys.executable, os.path.abspath(sys.argv[0]), "--config-file", args.config_file]
    words += ["--eval-only"] * args.eval_only + ["--resume"] * args.resume
    if args.num_gpus > 1:
        # A port of its own, since several may run at a time.
        words += ["--num-gpus", str(args.num_gpus), "--dist-url", "auto"]
    words += [*map(str, args.opts), "IFD.SEED", str(seed), "OUTPUT_DIR", str(folder)]
    return Run(f"seed {seed}", folder, words, evaluates=args.eval_only, repeats=True)


def _flat(results: Mapping[str, EvaluationResult]) -> dict[str, float]:
    # Named as the host names them in metrics.json.
    if len(results) == 1:
        return dict(next(iter(results.values())).flat())
    return {f"{dataset}/{key}": value for dataset, result in results.items() for key, value in result.flat().items()}
