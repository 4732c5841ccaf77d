#!/usr/bin/env python
"""Trains or evaluates IFD: python projects/IFD/train_net.py --config-file configs/IFD_R50.yml"""

import argparse
import sys

from datasets_ext.command import run
from ifd.engine import argument_parser, evaluate, launch, run_seeds, setup, train


def main(args: argparse.Namespace) -> dict:
    """One process of a training or an evaluation."""
    cfg = setup(args)
    if args.eval_only:
        return evaluate(cfg)
    return train(cfg, resume=args.resume, checked=True)


def command(args: argparse.Namespace) -> None:
    """One run, or one for each seed."""
    if args.seeds:
        run_seeds(args)
    else:
        launch(main, args)


if __name__ == "__main__":
    sys.exit(run(command, argument_parser().parse_args()))
