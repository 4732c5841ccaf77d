#!/usr/bin/env python
"""Packs a trained model into two small files that anybody can load: weights in half precision, and their config.

Classifiers, which only training needs, are left out. The packed model is compared with the checkpoint on a test set of
the config; nothing is written where mAP falls by more than 0.1 points.
"""

import argparse
import sys

from datasets_ext.command import run
from datasets_ext.options import positive
from ifd.engine import load_config
from ifd.engine.checks import check_keys
from model_export import pack_model, test_people


def main(args: argparse.Namespace) -> None:
    """Packs what the options ask for."""
    cfg = load_config(args.config_file, args.opts)
    check_keys(cfg, train=False)
    packed = pack_model(cfg, args.weights, args.output, test_people(cfg, cfg.DATASETS.TESTS[0], args.images))
    print("\n".join(packed.agreement.lines("packed")))
    print(f"{packed.size / 2**20:.1f} MiB: {packed.weights}, {packed.config}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the trained model")
    parser.add_argument("--weights", required=True, metavar="FILE", help="its checkpoint")
    parser.add_argument("--output", required=True, metavar="PATH", help="files to write, without their endings")
    parser.add_argument(
        "--images", type=positive, default=1000, metavar="N", help="at most, to compare on (default: 1000)"
    )
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config options KEY VALUE")
    sys.exit(run(main, parser.parse_args()))
