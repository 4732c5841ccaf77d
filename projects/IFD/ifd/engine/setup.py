"""From the command line to a config and a log."""

import argparse
import os
from collections.abc import Sequence
from typing import Any

from fastreid.config import CfgNode
from fastreid.engine import default_setup

from fastreid_runs import command_line
from fastreid_runs.run_folder import occupy, refuse_overwriting
from fastreid_runs.training_errors import without_tracebacks
from fastreid_runs.weight_files import local_file

from ..data import settled_label_system
from .checks import check_config, check_data, check_keys
from .run_keys import default_config
from .stages import STAGE1_FOLDER


def argument_parser() -> argparse.ArgumentParser:
    """The host's command line with ``--seeds``."""
    return command_line.argument_parser("Trains or evaluates IFD. Without PRCC or LTCC at hand: make demo")


def load_config(config_file: str, options: Sequence[Any] | None = None) -> CfgNode:
    """The host's config with IFD's keys, a file and KEY VALUE options merged in; not frozen, CPU without CUDA.

    Raises:
        ConfigError: the file is missing or no config, or a key or a type is none of the config's.
    """
    return command_line.load_config(default_config, config_file, options, example="configs/IFD_R50.yml")


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
        local_file(cfg.MODEL.WEIGHTS)
        cfg.OUTPUT_DIR = os.path.join(cfg.OUTPUT_DIR, "eval")
    elif not args.resume:
        refuse_overwriting(cfg.OUTPUT_DIR, [STAGE1_FOLDER])
    check_config(cfg, train=train)
    cfg.freeze()
    occupy(cfg.OUTPUT_DIR, [STAGE1_FOLDER])
    default_setup(cfg, args)
    without_tracebacks()
    return cfg
