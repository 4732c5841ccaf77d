#!/usr/bin/env python
"""Evaluates a trained model on rendered test sets as they are and disturbed; writes a table.

Blur, low light, occlusion, crop, parser noise, and hair and hats that training never shows, each at three strengths,
see projects/RenderedPeople/README.md. The disturbed sets are made beside the results, from the folder that
FASTREID_DATASETS names, and removed once they are evaluated. Killed, the same command goes on where it was.
Lists stand before another option, such as --output.
"""

import argparse
import hashlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from fastreid.config import CfgNode

from datasets_ext import UserError
from datasets_ext.bases import datasets_root
from datasets_ext.command import run
from datasets_ext.options import count
from fastreid_runs.weight_files import local_file
from ifd.engine import ConfigError, load_config, load_trained_model
from ifd.engine.checks import check_data, check_keys
from ifd.evaluation import protocol_of
from ifd_ablation.machine import machine, software
from ifd_ablation.robustness import Condition, claim_folder, found_results, measure, write_robustness
from rendered_people import RenderingError
from rendered_people.disturb import KINDS, STRENGTHS, disturb

_FOLDER = "rendered_people"
# Layout and sites of each test set that can be disturbed.
_SETS = {
    "RenderedPeoplePRCCLayout": ("prcc", "seen"),
    "RenderedPeoplePRCCLayoutUnseenSites": ("prcc", "unseen"),
    "RenderedPeopleLTCCLayout": ("ltcc", "seen"),
    "RenderedPeopleLTCCLayoutUnseenSites": ("ltcc", "unseen"),
}


def main(args: argparse.Namespace) -> None:
    """Measures and writes what the options ask for."""
    cfg = _config(args)
    output, source = Path(args.output), Path(datasets_root()) / _FOLDER
    check_keys(cfg, train=False)
    check_data(cfg, train=False)
    with open(source / "manifest.json") as file:
        manifest = json.load(file)
    weights = hashlib.sha256(Path(local_file(args.weights)).read_bytes()).hexdigest()
    about = {
        "weights": weights,
        "config": hashlib.sha256(_without_places(cfg).dump().encode()).hexdigest(),
        "data": manifest.get("digest"),
        "datasets": list(cfg.DATASETS.TESTS),
        "seed": args.seed,
    }
    claim_folder(output, about)
    conditions = [Condition(), *(Condition(kind, strength) for kind in args.kinds for strength in STRENGTHS)]
    results = {one: found for one in conditions if (found := found_results(output / one.name, cfg.DATASETS.TESTS))}
    print(f"{len(conditions)} conditions, {len(results)} of them done, in {output}")
    if len(results) < len(conditions):
        model = load_trained_model(cfg, args.weights)
        for condition in conditions:
            if condition not in results:
                with _data(condition, source, output / "data", args, cfg.DATASETS.TESTS):
                    results[condition] = measure(cfg, model, output / condition.name)
    facts = {
        "command": shlex.join(["python", "projects/IFD/tools/robustness.py", *sys.argv[1:]]),
        "model": f"{args.weights}, SHA-256 {weights[:16]}",
        "data": f"RenderedPeople, digest {str(manifest.get('digest'))[:16]}, {json.dumps(manifest['parameters'])}",
        "seed of the disturbances": str(args.seed),
        "measured": str(protocol_of(cfg)),
        "machine": machine(),
        "software": software(),
        "date": date.today().isoformat(),
    }
    paths = write_robustness({one: results[one] for one in conditions}, output, facts=facts)
    print(f"\n{paths[1].read_text()}\nAll of it: {', '.join(map(str, paths))}")


def _config(args: argparse.Namespace) -> CfgNode:
    cfg = load_config(args.config_file, args.opts)
    if args.datasets:
        cfg.DATASETS.TESTS = tuple(args.datasets)
    unknown = [name for name in cfg.DATASETS.TESTS if name not in _SETS]
    if unknown:
        raise ConfigError(f"DATASETS.TESTS names {', '.join(unknown)}; what can be disturbed is {', '.join(_SETS)}")
    cfg.MODEL.WEIGHTS = args.weights
    return cfg


def _without_places(cfg: CfgNode) -> CfgNode:
    """The config without what says where things are, and how fast they are read."""
    anywhere = cfg.clone()
    anywhere.OUTPUT_DIR = anywhere.MODEL.WEIGHTS = anywhere.MODEL.DEVICE = ""
    anywhere.DATALOADER.NUM_WORKERS = 0
    return anywhere


@contextmanager
def _data(
    condition: Condition, source: Path, folder: Path, args: argparse.Namespace, datasets: tuple[str, ...]
) -> Iterator[None]:
    """The test sets under a condition, where FASTREID_DATASETS points to meanwhile."""
    if not condition.kind:
        yield
        return
    root = folder / condition.name
    layouts, sites = ({_SETS[name][part] for name in datasets} for part in (0, 1))
    try:
        disturb(
            source,
            root / _FOLDER,
            kind=condition.kind,
            strength=condition.strength,
            seed=args.seed,
            layouts=sorted(layouts),
            sites=sites.pop() if len(sites) == 1 else "all",
            workers=args.workers,
        )
    except RenderingError as error:
        raise UserError(str(error)) from error
    before = os.environ.get("FASTREID_DATASETS")
    os.environ["FASTREID_DATASETS"] = str(root)
    try:
        yield
    finally:
        if before is None:
            del os.environ["FASTREID_DATASETS"]
        else:
            os.environ["FASTREID_DATASETS"] = before
    # Links in it are removed, not what they lead to.
    shutil.rmtree(root)


def arguments() -> argparse.Namespace:
    """What is on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True, metavar="FILE", help="config of the trained model")
    parser.add_argument("--weights", required=True, metavar="FILE", help="its checkpoint")
    parser.add_argument("--output", default="logs/robustness", metavar="DIR", help="folder (default: logs/robustness)")
    parser.add_argument("--datasets", nargs="+", choices=_SETS, metavar="NAME",
                        help=f"test sets (default: DATASETS.TESTS), of {', '.join(_SETS)}")  # fmt: skip
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND",
                        help=f"(default: all) {', '.join(KINDS)}")  # fmt: skip
    parser.add_argument("--seed", type=count, default=0, metavar="N", help="of the disturbances (default: 0)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that render hair and hats (all cores)")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config options KEY VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(run(main, arguments()))
