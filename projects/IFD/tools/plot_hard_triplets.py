#!/usr/bin/env python
"""Draws hard triplets after the paper's Figure 3, with similarities and Grad-CAM maps of baseline and IFD side by side.
Beside it, as NAME_similarities.png, the similarities of all of them.

Anchor: a query. Positive: the same person in other clothes. Negative: the person in the most similar clothes.
Similarities follow TEST.FLIP.
"""

import argparse
import sys

from datasets_ext.command import run
from datasets_ext.options import count, positive
from ifd.data import build_test_loader
from ifd.engine import ConfigError, load_config, load_trained_model
from ifd.engine.checks import check_data, check_keys
from ifd.evaluation import protocol_of
from ifd_ablation import VARIANTS
from ifd_figures import check_picture

try:
    from ifd_figures.hard_triplets import (
        check_protocol,
        find_hard_triplets,
        one_per_person,
        plot_hard_triplets,
        plot_similarities,
        view_triplets,
    )
except ModuleNotFoundError as error:
    sys.exit(f'{error}: the figure needs the package grad-cam: pip install ".[figures]"')


def main(args: argparse.Namespace) -> None:
    """Draws what the options ask for."""
    output = check_picture(args.output)
    similarities = check_picture(output.with_stem(f"{output.stem}_similarities"))
    options = {
        "baseline": [str(item) for pair in VARIANTS["baseline"].options.items() for item in pair],
        "IFD": [],
    }
    weights = {"baseline": args.baseline, "IFD": args.ifd}
    configs = {name: load_config(args.config_file, [*args.opts, *keys]) for name, keys in options.items()}
    cfg = configs["IFD"]
    if cfg.MODEL.META_ARCHITECTURE != "IFD":
        raise ConfigError(f"MODEL.META_ARCHITECTURE is {cfg.MODEL.META_ARCHITECTURE!r}; the maps are of IFD")
    protocol = protocol_of(cfg)
    check_protocol(protocol)
    cfg.DATASETS.TESTS = (args.dataset or cfg.DATASETS.TESTS[0],)
    # What a triplet is made of: a data set whose labels do not tell it is refused with the reason.
    cfg.IFD.METRIC_MODE = "clothing_change"
    check_keys(cfg, train=False)
    check_data(cfg, train=False)
    name = cfg.DATASETS.TESTS[0]
    models = {model: load_trained_model(configs[model], weights[model]) for model in configs}
    loader, num_query = build_test_loader(cfg, name)
    triplets = find_hard_triplets(loader.dataset, num_query, seed=args.seed)
    drawn = one_per_person(triplets, loader.dataset, args.count)
    views = {
        model: view_triplets(network, loader, triplets, drawn, flip=protocol.flip) for model, network in models.items()
    }
    plot_hard_triplets(
        loader.dataset,
        drawn,
        triplets,
        views,
        output,
        title=f"{name}: {len(drawn)} of {len(triplets)} hard triplets, those with the most similar clothes",
    )
    plot_similarities(views, similarities, title=f"{name}: {len(triplets)} hard triplets")
    for model, view in views.items():
        print(f"{model}: the positive is nearer than the negative in {100 * view.share_right:.1f} % of {len(triplets)}")
    print(f"{len(drawn)} hard triplets: {output}; similarities of all: {similarities}")


def arguments() -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the whole model")
    parser.add_argument("--baseline", required=True, metavar="FILE", help="checkpoint of the baseline")
    parser.add_argument("--ifd", required=True, metavar="FILE", help="checkpoint of IFD")
    parser.add_argument("--dataset", metavar="NAME", help="test set (default: the first of DATASETS.TESTS)")
    parser.add_argument("--output", default="hard_triplets.png", metavar="FILE", help="picture: .png, .pdf or .svg")
    parser.add_argument("--count", type=positive, default=6, metavar="N", help="to draw, one a person (default: 6)")
    parser.add_argument("--seed", type=count, default=0, metavar="N", help="of the draw of positives (default: 0)")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config options KEY VALUE for both models")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(run(main, arguments()))
