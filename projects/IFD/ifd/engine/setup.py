"""From the command line to a config and a log."""

import os

from fastreid.config import get_cfg
from fastreid.engine import default_argument_parser, default_setup
from fastreid.utils import comm
from fastreid.utils.env import seed_all_rng

from datasets_ext.options import count, positive
from fastreid_compat import available_device_config

from ..config import add_ifd_config
from ..data import check_data
from .checks import ConfigError, check_config, refuse_overwriting


def argument_parser():
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


def load_config(config_file: str, options: list[str] | None = None):
    """The host's config with IFD's keys, a file and KEY VALUE options merged in; not frozen, CPU without CUDA."""
    if not os.path.isfile(config_file):
        raise ConfigError(
            f"config file {config_file!r} does not exist; name one with --config-file, for example "
            "--config-file configs/IFD_R50.yml"
        )
    cfg = get_cfg()
    add_ifd_config(cfg)
    cfg.merge_from_file(config_file)
    cfg.merge_from_list(options or [])
    return available_device_config(cfg)


def setup(args):
    """Reads the config, looks for the data, then does the host's set-up (log, copy of the config) and seeds.

    Args:
        args: of :func:`argument_parser`.

    Returns:
        the frozen config. With ``--eval-only`` its log and results go to OUTPUT_DIR/eval, beside the run they are
        about.
    """
    cfg = load_config(args.config_file, args.opts)
    check_config(cfg)
    check_data(cfg, train=not args.eval_only)
    if args.eval_only:
        cfg.MODEL.WEIGHTS = cfg.MODEL.WEIGHTS or os.path.join(cfg.OUTPUT_DIR, "model_final.pth")
        cfg.OUTPUT_DIR = os.path.join(cfg.OUTPUT_DIR, "eval")
    elif not args.resume:
        refuse_overwriting(cfg.OUTPUT_DIR)
    cfg.freeze()
    default_setup(cfg, args)
    if cfg.IFD.SEED >= 0:
        # Each process draws its own augmentation; the samplers share one seed through the host.
        seed_all_rng(cfg.IFD.SEED + comm.get_rank())
    return cfg
