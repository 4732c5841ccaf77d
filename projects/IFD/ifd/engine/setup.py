"""From the command line to a config and a log."""

import argparse
import os
from collections.abc import Sequence
from typing import Any

from fastreid.config import CfgNode, get_cfg
from fastreid.engine import default_argument_parser, default_setup

from datasets_ext.options import count, positive
from fastreid_compat import available_device_config

from ..config import add_ifd_config
from ..data import settled_label_system
from .checkpointer import CheckpointError
from .checks import check_config, check_data, check_keys
from .config_files import merge_file, merge_options
from .errors import ConfigError
from .run_folder import occupy, refuse_overwriting
from .training_errors import without_tracebacks


def argument_parser() -> argparse.ArgumentParser:
    """The host's command line with ``--seeds``."""
    parser = default_argument_parser()
    parser.description = "Trains or evaluates IFD. Without PRCC or LTCC at hand: make demo"
    parser.add_argument(
        "--seeds",
        type=count,
        nargs="+",
        metavar="SEED",
        help="run once for each, in OUTPUT_DIR/seed_<seed>, and print mean and standard deviation; goes before another "
        "option, such as --config-file",
    )
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="N", help="how many seeds run at a time (default: 1)"
    )
    return parser


def load_config(config_file: str, options: Sequence[Any] | None = None) -> CfgNode:
    """The host's config with IFD's keys, a file and KEY VALUE options merged in; not frozen, CPU without CUDA.

    Raises:
        ConfigError: the file is missing or no config, or a key or a type is none of the config's.
    """
    cfg = get_cfg()
    add_ifd_config(cfg)
    merge_file(cfg, config_file)
    merge_options(cfg, options or [])
    try:
        return available_device_config(cfg)
    except RuntimeError as error:
        raise ConfigError(f"MODEL.DEVICE is {cfg.MODEL.DEVICE!r}; expected cpu, cuda or cuda:<n>") from error


def setup(args: argparse.Namespace) -> CfgNode:
    """Reads and checks the config and the data, then does the host's set-up (log, copy of the config) and seeds.

    Args:
        args: of :func:`argument_parser`.

    Returns:
        the frozen config. With ``--eval-only`` its log and results go to OUTPUT_DIR/eval, beside the run they are
        about.

    Raises:
        UserError: something cannot work; nothing is written then.
    """
    cfg = load_config(args.config_file, args.opts)
    train = not args.eval_only
    # First what costs nothing, then the data, which many do not have; a download and a trial only with both.
    check_keys(cfg, train=train)
    check_data(cfg, train=train)
    # So that a checkpoint's config says of which system the maps were that it was trained on.
    cfg.IFD.PARSING.SYSTEM = settled_label_system(cfg, train=train)
    if args.eval_only:
        cfg.MODEL.WEIGHTS = cfg.MODEL.WEIGHTS or os.path.join(cfg.OUTPUT_DIR, "model_final.pth")
        if not os.path.isfile(cfg.MODEL.WEIGHTS):
            raise CheckpointError(f"checkpoint {cfg.MODEL.WEIGHTS} does not exist; see MODEL.WEIGHTS and OUTPUT_DIR")
        cfg.OUTPUT_DIR = os.path.join(cfg.OUTPUT_DIR, "eval")
    elif not args.resume:
        refuse_overwriting(cfg.OUTPUT_DIR)
    check_config(cfg, train=train)
    cfg.freeze()
    occupy(cfg.OUTPUT_DIR)
    default_setup(cfg, args)
    without_tracebacks()
    return cfg
