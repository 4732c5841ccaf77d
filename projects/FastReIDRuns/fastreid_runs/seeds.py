"""One configuration over several seeds, each a process of its own."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fastreid.config import CfgNode
from fastreid.utils import comm

from datasets_ext.command import REFUSED
from datasets_ext.files import write_whole

from .checkpointer import FINAL, CheckpointError
from .errors import ConfigError
from .launchers import is_first_by_name
from .processes import check_processes, launched_place
from .run_folder import refuse_overwriting
from .run_keys import RunKeys
from .runner import run_all
from .runs import Run

_NAME = "results_seeds"


def check_seeds(args: argparse.Namespace, cfg: CfgNode, keys: RunKeys) -> None:
    """Refuses seeds that cannot be run as the command line says.

    Args:
        args: of :func:`fastreid_runs.argument_parser`.
        cfg: what they come to.
        keys: of the project.

    Raises:
        LaunchError: numbers of processes and machines that cannot be.
        ConfigError: seeds that are there twice, or options that do not go with seeds.
    """
    if comm.get_world_size() > 1:
        raise ConfigError("run_seeds starts processes of its own; call it outside of launch()")
    if launched_place(args) is not None:
        if not is_first_by_name(os.environ):
            raise SystemExit(REFUSED)
        raise ConfigError("--seeds starts processes of its own; start it without a launcher, or one seed with it")
    check_processes(args)
    if len(set(args.seeds)) < len(args.seeds):
        raise ConfigError(f"--seeds is {' '.join(map(str, args.seeds))}; expected different numbers")
    if args.num_machines > 1:
        raise ConfigError(
            f"--num-machines is {args.num_machines}, but --seeds starts its runs on one; give each seed a command of "
            f"its own: {keys.seed} 0 OUTPUT_DIR some/folder/seed_0"
        )
    if args.eval_only and cfg.MODEL.WEIGHTS:
        raise ConfigError(
            f"MODEL.WEIGHTS is {cfg.MODEL.WEIGHTS}, which --eval-only would evaluate for every seed; leave it out, and "
            "each seed's own model_final.pth is"
        )


def check_seed_folders(args: argparse.Namespace, cfg: CfgNode, stages: Sequence[str] = ()) -> None:
    """Refuses a seed that is to be evaluated and is not trained, or to be trained and is.

    Args:
        args: of :func:`fastreid_runs.argument_parser`.
        cfg: what they come to.
        stages: folders below OUTPUT_DIR of a training's earlier stages.

    Raises:
        CheckpointError: there is no checkpoint to evaluate.
        OutputFolderError: there is a run already, and it is not to be resumed.
    """
    for seed in args.seeds:
        folder = os.path.join(cfg.OUTPUT_DIR, f"seed_{seed}")
        if args.eval_only and not os.path.isfile(os.path.join(folder, f"{FINAL}.pth")):
            raise CheckpointError(f"{folder}/{FINAL}.pth does not exist: seed {seed} is not trained")
        if not args.eval_only and not args.resume:
            refuse_overwriting(folder, stages)


def run_each_seed(args: argparse.Namespace, output_dir: Path, keys: RunKeys) -> dict[int, Run]:
    """Runs the script that this one runs once for each of ``args.seeds``, with the same options, into a folder each.

    Args:
        args: of :func:`fastreid_runs.argument_parser`; that many jobs run at a time.
        output_dir: whose ``seed_<seed>`` they are.
        keys: of the project.

    Returns:
        seed -> its run, all done.

    Raises:
        RunError: a run failed; the message names its log. The others are done.
    """
    runs = {seed: _run(args, seed, output_dir / f"seed_{seed}", keys) for seed in args.seeds}
    threads = None
    if args.jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
        threads = max(1, (os.cpu_count() or 1) // args.jobs)
    run_all(list(runs.values()), jobs=args.jobs, threads=threads, title="seeds", follow=args.jobs == 1)
    return runs


def summarize(values: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    """Mean and sample standard deviation of each key, over at least one mapping with the same keys; None for one."""
    several = len(values) > 1
    summary: dict[str, dict[str, float | None]] = {}
    for key in values[0]:
        column = [value[key] for value in values]
        summary[key] = {"mean": float(np.mean(column)), "std": float(np.std(column, ddof=1)) if several else None}
    return summary


def write_summary(
    values: Mapping[int, Mapping[str, float]], text: str, output_dir: Path
) -> dict[str, dict[str, float | None]]:
    """Writes results_seeds.json, every seed's values among it, and .md, and prints the text.

    Args:
        values: seed -> metrics by name.
        text: tables.
        output_dir: where they go.

    Returns:
        of :func:`summarize`.
    """
    summary = summarize(list(values.values()))
    content = json.dumps({"seeds": values, "summary": summary}, indent=2)
    write_whole(output_dir / f"{_NAME}.json", f"{content}\n")
    write_whole(output_dir / f"{_NAME}.md", f"{text}\n")
    print(f"\n{text}\n\nEvery seed's values: {output_dir / f'{_NAME}.json'}")
    return summary


def words_about(seeds: Sequence[int]) -> str:
    """What figures over seeds are, for the heading of a table."""
    numbers = ", ".join(map(str, seeds))
    return f"mean ± standard deviation over seeds {numbers}" if len(seeds) > 1 else f"seed {numbers}"


def by_dataset(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Metrics of data sets in one mapping, named as the host names them in metrics.json."""
    if len(results) == 1:
        return dict(next(iter(results.values())))
    return {f"{dataset}/{key}": value for dataset, found in results.items() for key, value in found.items()}


def _run(args: argparse.Namespace, seed: int, folder: Path, keys: RunKeys) -> Run:
    words = [sys.executable, os.path.abspath(sys.argv[0]), "--config-file", args.config_file]
    words += ["--eval-only"] * args.eval_only + ["--resume"] * args.resume
    if args.num_gpus > 1:
        # A port of its own, since several may run at a time.
        words += ["--num-gpus", str(args.num_gpus), "--dist-url", "auto"]
    words += [*map(str, args.opts), keys.seed, str(seed), "OUTPUT_DIR", str(folder)]
    return Run(f"seed {seed}", folder, words, evaluates=args.eval_only, repeats=True)
