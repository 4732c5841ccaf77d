#!/usr/bin/env python
"""Takes the main stream's backbone out of a checkpoint, as weights for MODEL.BACKBONE.PRETRAIN_PATH.

Both streams of a training with MODEL.BACKBONE.PRETRAIN on then start from it.
"""

import argparse
import os
import sys

import torch

from datasets_ext.command import run
from ifd.engine import CheckpointError, OutputFolderError
from ifd.engine.checkpointer import read_model

_PREFIX = "backbone."


def main(args):
    if os.path.exists(args.output):
        raise OutputFolderError(f"{args.output} exists already; name another file or remove it")
    weights = {
        name.removeprefix(_PREFIX): value
        for name, value in read_model(args.checkpoint).items()
        if name.startswith(_PREFIX)
    }
    if not weights:
        raise CheckpointError(f"{args.checkpoint} has no main stream; expected a checkpoint of IFD or the baseline")
    os.makedirs(os.path.dirname(os.path.abspath(args.output)), exist_ok=True)
    torch.save(weights, args.output)
    print(f"{len(weights)} tensors of the backbone: {args.output}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="checkpoint of a training, such as logs/.../model_final.pth")
    parser.add_argument("output", help="file to write, such as backbone.pth")
    sys.exit(run(main, parser.parse_args()))
