"""From the command line to a config."""

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

from fastreid.config import CfgNode
from fastreid.engine import default_argument_parser

from datasets_ext.options import count, positive
from fastreid_compat import available_device_config

from .config_files import merge_file, merge_options
from .errors import ConfigError
from .launchers import is_first_by_name


def argument_parser(description: str = "Trains or evaluates.") -> argparse.ArgumentParser:
    """The host's command line with ``--seeds`` and ``--jobs``.

    Args:
        description: what the command does.
    """
    # As a parent: the host's parser would tell a mistake once for each process of a launcher.
    parser = _Parser(description=description, parents=[default_argument_parser()], add_help=False)
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


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        if is_first_by_name(os.environ):
            super()._print_message(message, file)


def load_config(
    defaults: Callable[[], CfgNode],
    config_file: str,
    options: Sequence[Any] | None = None,
    *,
    example: str = "config.yml",
) -> CfgNode:
    """A project's config with a file and KEY VALUE options merged in; not frozen, CPU without CUDA.

    Args:
        defaults: gives the config with all keys at their defaults, such as :func:`fastreid_runs.run_config`.
        config_file: path.
        options: keys and values in turns.
        example: of a config file, for who names none.

    Raises:
        ConfigError: the file is missing or no config, or a key or a type is none of the config's.
    """
    cfg = defaults()
    merge_file(cfg, config_file, example=example)
    merge_options(cfg, options or [])
    try:
        return available_device_config(cfg)
    except RuntimeError as error:
        raise ConfigError(f"MODEL.DEVICE is {cfg.MODEL.DEVICE!r}; expected cpu, cuda or cuda:<n>") from error
