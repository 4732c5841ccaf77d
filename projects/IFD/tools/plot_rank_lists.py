#!/usr/bin/env python
"""Draws rank lists of a trained model: query, clothing mask, attention map and the first gallery images.

The rankings are those that an evaluation with the same options scores: TEST.METRIC, .FLIP, .AQE and .RERANK count.
"""

import argparse
import sys

from clothes_rank import PROTOCOL_MODES
from datasets_ext.command import run
from datasets_ext.options import count, positive
from ifd.data import build_test_loader
from ifd.engine import load_config, load_trained_model
from ifd.engine.checks import check_data, check_keys
from ifd.evaluation import MODES, protocol_of
from ifd_figures import check_picture, plot_rank_lists, rank_lists
from ifd_figures.rank_lists import nearness_of


def main(args: argparse.Namespace) -> None:
    """Draws what the options ask for."""
    check_picture(args.output)
    cfg = load_config(args.config_file, args.opts)
    # Checked as the key is: a mode that the data set's labels do not allow is refused with the reason.
    cfg.IFD.METRIC_MODE = args.mode or cfg.IFD.METRIC_MODE
    check_keys(cfg, train=False)
    check_data(cfg, train=False)
    model = load_trained_model(cfg, cfg.MODEL.WEIGHTS)
    name, protocol = cfg.DATASETS.TESTS[0], protocol_of(cfg)
    loader, num_query = build_test_loader(cfg, name)
    modes = loader.dataset.facts.modes  # type: ignore[attr-defined]  # of build_test_loader
    mode = cfg.IFD.METRIC_MODE if cfg.IFD.METRIC_MODE in modes else modes[0]
    lists = rank_lists(
        model,
        loader,
        num_query,
        protocol=protocol,
        mode=mode,
        count=args.count,
        top=args.top,
        seed=args.seed,
    )
    ranking = ", ".join(filter(None, (nearness_of(protocol)[0], protocol.treatment)))
    title = f"{name}, mode {mode}: first {args.top} of the gallery, by {ranking}"
    plot_rank_lists(lists, args.output, title=title)
    print(f"{len(lists)} rank lists: {args.output}")


def arguments() -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the trained model")
    parser.add_argument("--output", default="rank_lists.png", metavar="FILE", help="picture: .png, .pdf or .svg")
    parser.add_argument("--mode", choices=(*MODES, *PROTOCOL_MODES), help="(default: the config's IFD.METRIC_MODE)")
    parser.add_argument("--count", type=positive, default=8, metavar="N", help="queries, drawn at random (default: 8)")
    parser.add_argument("--top", type=positive, default=5, metavar="N", help="gallery images per query (default: 5)")
    parser.add_argument("--seed", type=count, default=0, metavar="N", help="of the draw (default: 0)")
    parser.add_argument(
        "opts", nargs=argparse.REMAINDER, help="config options KEY VALUE, MODEL.WEIGHTS checkpoint.pth among them"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(run(main, arguments()))
