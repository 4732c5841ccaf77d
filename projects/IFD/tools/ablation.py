#!/usr/bin/env python
"""Trains the variants of the paper's Table II, and two rows beside it, over several seeds; writes table and figure.

Each run is a process of train_net.py with the same schedule. Killed, the same command goes on where it was.
"""

import argparse
import os
import shlex
import sys
from datetime import date
from pathlib import Path

import torch

from datasets_ext.command import run
from datasets_ext.options import count, positive
from ifd.engine import ConfigError, load_config, run_all
from ifd.engine.checks import check_config, check_data, check_keys
from ifd_ablation import VARIANTS, DataFacts, check_same_settings, plan_trials, write_report
from ifd_ablation.machine import machine, software

_TRAIN_NET = Path(__file__).resolve().parent.parent / "train_net.py"


def main(args: argparse.Namespace) -> None:
    output = Path(args.output)
    cfg = load_config(args.config_file, [*args.opts, "OUTPUT_DIR", str(output)])
    if cfg.MODEL.WEIGHTS:
        raise ConfigError("MODEL.WEIGHTS is set, but an ablation trains each variant from the same start; leave it out")
    # First what costs nothing, then the data, which many do not have; a trial only with both. Written down is only what
    # could go.
    check_keys(cfg)
    check_data(cfg)
    check_config(cfg)
    data = DataFacts.of(cfg)
    check_same_settings(cfg, data)
    trials = plan_trials(
        cfg,
        train_net=_TRAIN_NET,
        config_file=args.config_file,
        options=args.opts,
        variants=args.variants,
        seeds=args.seeds,
        steps_per_epoch=data.steps_per_epoch(cfg),
    )
    runs = [trial.run for trial in trials]
    print(f"{len(runs)} runs, {sum(run.done for run in runs)} of them done; {args.jobs} at a time in {output}")
    run_all(runs, jobs=args.jobs, threads=args.threads, title="ablation")
    facts = {
        "command": shlex.join(["python", "projects/IFD/tools/ablation.py", *sys.argv[1:]]),
        "seeds": ", ".join(map(str, args.seeds)),
        **{f"data, {name}": note for name, note in data.notes.items()},
        "machine": f"{machine()}; {args.jobs} runs at a time, {args.threads} threads each",
        "software": software(),
        "date": date.today().isoformat(),
    }
    paths = write_report(trials, cfg.DATASETS.TESTS, output, facts=facts)
    print(f"\n{paths[1].read_text()}\nAll of it: {', '.join(map(str, paths))}")


def arguments() -> argparse.Namespace:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the whole model")
    parser.add_argument("--output", default="logs/ablation", metavar="DIR", help="folder (default: logs/ablation)")
    parser.add_argument("--seeds", type=count, nargs="+", default=[0, 1, 2], metavar="SEED",
                        help="(default: 0 1 2); like --variants, before another option, such as --output")  # fmt: skip
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS, metavar="VARIANT",
                        help=f"(default: all) {', '.join(VARIANTS)}")  # fmt: skip
    parser.add_argument("--jobs", type=positive, default=1 if cuda else os.cpu_count(), metavar="N",
                        help="runs at a time (default: 1 with CUDA, else one for each core)")  # fmt: skip
    parser.add_argument("--threads", type=positive, default=os.cpu_count() if cuda else 1, metavar="N",
                        help="CPU threads of a run (default: 1 without CUDA); figures depend on it")  # fmt: skip
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config options KEY VALUE for all runs")
    args = parser.parse_args()
    if len(set(args.seeds)) < len(args.seeds):
        parser.error("--seeds names one seed twice")
    return args


if __name__ == "__main__":
    sys.exit(run(main, arguments()))
