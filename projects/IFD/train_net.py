#!/usr/bin/env python
"""Trains or evaluates IFD: python projects/IFD/train_net.py --config-file configs/IFD_R50.yml"""

import sys

from ifd.engine import USER_ERRORS, argument_parser, evaluate, run_seeds, setup, train  # isort: split

from fastreid.engine import launch  # after ifd, which makes fastreid importable


def main(args):
    if args.seeds:
        return run_seeds(args)
    cfg = setup(args)
    if args.eval_only:
        return evaluate(cfg)
    return train(cfg, resume=args.resume)


if __name__ == "__main__":
    args = argument_parser().parse_args()
    try:
        launch(
            main,
            args.num_gpus,
            num_machines=args.num_machines,
            machine_rank=args.machine_rank,
            dist_url=args.dist_url,
            args=(args,),
        )
    except USER_ERRORS as error:
        sys.exit(f"{type(error).__name__}: {error}")
