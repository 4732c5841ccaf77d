#!/usr/bin/env python
"""Trains or evaluates IFD: python projects/IFD/train_net.py --config-file configs/IFD_R50.yml"""

import argparse
import sys

from datasets_ext.command import run
from ifd.engine import argument_parser, evaluate, launch, run_seeds, setup, train


def main(args: argparse.Namespace) -> dict:
    """One process of the command."""
    if args.seeds:
        return run_seeds(args)
    cfg = setup(args)
    if args.eval_only:
        return evaluate(cfg)
    return train(cfg, resume=args.resume)


if __name__ == "__main__":
    sys.exit(run(launch, main, argument_parser().parse_args()))
