#!/usr/bin/env python
"""Draws rank lists of a trained model: query, clothing mask, attention map and the first gallery images."""

import argparse
import sys

from datasets_ext.command import run
from ifd.data import build_test_loader, check_data
from ifd.engine import load_config, load_trained_model
from ifd.evaluation import MODES
from ifd.visualization import plot_rank_lists, rank_lists


def main(args):
    cfg = load_config(args.config_file, args.opts)
    check_data(cfg, train=False)
    model = load_trained_model(cfg, cfg.MODEL.WEIGHTS)
    name = cfg.DATASETS.TESTS[0]
    loader, num_query = build_test_loader(cfg, name)
    lists = rank_lists(model, loader, num_query, mode=args.mode, count=args.count, top=args.top, seed=args.seed)
    plot_rank_lists(lists, args.output, title=f"{name}, mode {args.mode}: first {args.top} of the gallery")
    print(f"{len(lists)} rank lists: {args.output}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the trained model")
    parser.add_argument("--output", default="rank_lists.png", metavar="FILE", help="picture: .png, .pdf or .svg")
    parser.add_argument("--mode", default="clothing_change", choices=MODES)
    parser.add_argument("--count", type=int, default=8, help="queries, drawn at random")
    parser.add_argument("--top", type=int, default=5, help="gallery images per query")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument(
        "opts", nargs=argparse.REMAINDER, help="config options KEY VALUE, MODEL.WEIGHTS checkpoint.pth among them"
    )
    sys.exit(run(main, parser.parse_args()))
