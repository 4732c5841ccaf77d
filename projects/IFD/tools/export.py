#!/usr/bin/env python
"""Exports a trained model as one ONNX file, for search, servers and edge devices, and proves that it ranks alike.

Normalisation, masking, the flip test and L2 are inside; any number of images goes in at once. The exported model is
compared with the checkpoint on people: a data set of the config (its first test set by default), or a folder with a
folder for each person. Nothing is written where the ranks do not agree.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from fastreid.config import CfgNode

from datasets_ext import DatasetError, ImageAndMap
from datasets_ext.command import run
from datasets_ext.options import positive
from ifd.engine import load_config
from ifd.engine.checks import check_keys
from model_export import PRECISIONS, export_model, people_below, test_people, training_images
from model_export.exporting import MOST_CALIBRATION


def main(args: argparse.Namespace) -> None:
    """Exports what the options ask for."""
    cfg = load_config(args.config_file, args.opts)
    check_keys(cfg, train=False)
    calibration = None
    if args.calibration is not None:
        people = people_below(args.calibration, args.maps, args.images)
    else:
        people = test_people(cfg, args.dataset or cfg.DATASETS.TESTS[0], args.images)
        if args.precision == "int8":
            calibration = _training_images(cfg)
    done = export_model(
        cfg,
        args.weights,
        args.output,
        people,
        precision=args.precision,
        rgb_only=args.rgb_only,
        licence=args.licence,
        trained_on=args.trained_on,
        calibration=calibration,
    )
    print("\n".join(done.agreement.lines()))
    print(f"{done.metadata.precision}, {os.path.getsize(done.path) / 2**20:.1f} MiB: {done.path}")


def _training_images(cfg: CfgNode) -> Sequence[ImageAndMap[str, str | None]] | None:
    """What int8's settings are chosen on; None where it is not here."""
    try:
        return training_images(cfg, MOST_CALIBRATION)
    except DatasetError as error:
        print(f"int8 is set on a third of the test people and judged on the others, without training images: {error}")
        return None


def arguments() -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the trained model")
    parser.add_argument("--weights", required=True, metavar="FILE", help="its checkpoint")
    parser.add_argument("--output", default="model.onnx", metavar="FILE", help="file to write (default: model.onnx)")
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS, help="int8: static, weights per channel")
    parser.add_argument(
        "--rgb-only", action="store_true", help="for a model that needs no parsing: images go in without masks"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--dataset", metavar="NAME", help="to compare on (default: the first of DATASETS.TESTS)")
    where.add_argument(
        "--calibration",
        metavar="FOLDER",
        help="to compare on: a folder for each person; a third of them sets int8, and the others judge it",
    )
    parser.add_argument("--maps", metavar="FOLDER", help="parsing maps of --calibration, same paths, .png")
    parser.add_argument(
        "--images", type=positive, default=1000, metavar="N", help="at most, to compare on (default: 1000)"
    )
    parser.add_argument("--licence", default="", metavar="TEXT", help="of the weights, for the file's metadata")
    parser.add_argument("--trained-on", metavar="TEXT", help="for the metadata (default: DATASETS.NAMES)")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config options KEY VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(run(main, arguments()))
