#!/usr/bin/env python
"""Draws hard triplets after the paper's Figure 3, with similarities and Grad-CAM maps of baseline and IFD side by side.
Beside it, as NAME_similarities.png, the similarities of all of them.

Anchor: a query. Positive: the same person in other clothes. Negative: the person in the most similar clothes.
"""

import argparse
import os
import sys

from datasets_ext.command import run
from ifd.ablation import VARIANTS
from ifd.data import build_test_loader, check_data
from ifd.engine import ConfigError, load_config, load_trained_model

try:
    from ifd.visualization.hard_triplets import (
        find_hard_triplets,
        one_per_person,
        plot_hard_triplets,
        plot_similarities,
        view_triplets,
    )
except ModuleNotFoundError as error:
    sys.exit(f'{error}: the figure needs the package grad-cam: pip install ".[figures]"')


def main(args):
    options = {
        "baseline": [str(item) for pair in VARIANTS["baseline"].options.items() for item in pair],
        "IFD": [],
    }
    weights = {"baseline": args.baseline, "IFD": args.ifd}
    configs = {name: load_config(args.config_file, [*args.opts, *keys]) for name, keys in options.items()}
    cfg = configs["IFD"]
    if cfg.IFD.DESCRIPTOR != "main":
        raise ConfigError(f"IFD.DESCRIPTOR is {cfg.IFD.DESCRIPTOR!r}; the maps are of the main stream's, 'main'")
    check_data(cfg, train=False)
    models = {name: load_trained_model(configs[name], weights[name]) for name in configs}
    name = args.dataset or cfg.DATASETS.TESTS[0]
    loader, num_query = build_test_loader(cfg, name)
    triplets = find_hard_triplets(loader.dataset, num_query, seed=args.seed)
    drawn = one_per_person(triplets, loader.dataset, args.count)
    views = {model: view_triplets(network, loader, triplets, drawn) for model, network in models.items()}
    plot_hard_triplets(
        loader.dataset,
        drawn,
        triplets,
        views,
        args.output,
        title=f"{name}: {len(drawn)} of {len(triplets)} hard triplets, those with the most similar clothes",
    )
    stem, ending = os.path.splitext(args.output)
    similarities = f"{stem}_similarities{ending}"
    plot_similarities(views, similarities, title=f"{name}: {len(triplets)} hard triplets")
    for model, view in views.items():
        print(f"{model}: the positive is nearer than the negative in {100 * view.share_right:.1f} % of {len(triplets)}")
    print(f"{len(drawn)} hard triplets: {args.output}; similarities of all: {similarities}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the whole model")
    parser.add_argument("--baseline", required=True, metavar="FILE", help="checkpoint of the baseline")
    parser.add_argument("--ifd", required=True, metavar="FILE", help="checkpoint of IFD")
    parser.add_argument("--dataset", metavar="NAME", help="test set (default: the first of DATASETS.TESTS)")
    parser.add_argument("--output", default="hard_triplets.png", metavar="FILE", help="picture: .png, .pdf or .svg")
    parser.add_argument("--count", type=int, default=6, help="triplets to draw, one a person")
    parser.add_argument("--seed", type=int, default=0, help="of the draw of positives")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config options KEY VALUE for both models")
    sys.exit(run(main, parser.parse_args()))
