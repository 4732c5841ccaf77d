"""What is refused before the first step is spent, of any fast-reid training."""

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from fastreid.config import CfgNode
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from fastreid.utils import comm
from fastreid.utils.registry import Registry

from datasets_ext import UserError

from .config_values import HOST_RANGES, IDENTITY_SAMPLERS, check_batches, check_values
from .errors import ConfigError, OutputFolderError
from .ranges import Range

logger = logging.getLogger("fastreid.runs")


def check_keys(
    cfg: CfgNode,
    *,
    ranges: Mapping[str, Range] = HOST_RANGES,
    identity_samplers: Sequence[str] = IDENTITY_SAMPLERS,
    train: bool = True,
) -> None:
    """Refuses what can be told without building anything.

    Args:
        cfg: full config.
        ranges: key -> what it may be.
        identity_samplers: as of :func:`fastreid_runs.config_values.check_batches`.
        train: whether it is going to train, rather than to evaluate alone.

    Raises:
        ConfigError: a key has a value that cannot work; the message names the key and what is expected.
        OutputFolderError: OUTPUT_DIR cannot be written.
    """
    check_values(cfg, ranges)
    check_output_folder(cfg.OUTPUT_DIR)
    check_device(cfg.MODEL.DEVICE)
    for key, name, registry in (
        ("MODEL.META_ARCHITECTURE", cfg.MODEL.META_ARCHITECTURE, META_ARCH_REGISTRY),
        ("MODEL.BACKBONE.NAME", cfg.MODEL.BACKBONE.NAME, BACKBONE_REGISTRY),
        ("MODEL.HEADS.NAME", cfg.MODEL.HEADS.NAME, REID_HEADS_REGISTRY),
    ):
        if not is_registered(name, registry):
            known = ", ".join(sorted(registry._obj_map))
            raise ConfigError(f"{key} is {name!r}, which is not registered with fast-reid; there are {known}")
    if train:
        check_batches(cfg, comm.get_world_size(), identity_samplers)


def check_output_folder(output_dir: str) -> None:
    """Refuses an OUTPUT_DIR that is, or lies below, something else than a folder that can be written.

    Raises:
        OutputFolderError: names the place.
    """
    there = os.path.abspath(output_dir)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        raise OutputFolderError(f"OUTPUT_DIR {output_dir}: {there} is no folder; name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputFolderError(f"OUTPUT_DIR {output_dir}: {there} cannot be written by this user; name another")


def check_device(name: str) -> None:
    """Refuses a MODEL.DEVICE that is not there.

    Raises:
        ConfigError: names it.
    """
    try:
        device = torch.device(name)
        if device.type == "cuda":
            if (device.index or 0) >= torch.cuda.device_count():
                raise ConfigError(f"MODEL.DEVICE is {name!r}, but PyTorch finds {torch.cuda.device_count()} GPUs here")
        elif device.type != "cpu":
            torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(f"MODEL.DEVICE is {name!r}; expected cpu, cuda or cuda:<n>") from error


def check_warm_up(solver: CfgNode, steps: int, stage: str = "") -> None:
    """Warns of a warm-up that takes the whole of a training, and refuses one that leaves nothing for a cosine.

    Args:
        solver: SOLVER of its config.
        steps: of an epoch.
        stage: begins what is said.

    Raises:
        ConfigError: the learning rate follows a cosine that has no epoch to fall in.
    """
    epochs = math.ceil(solver.WARMUP_ITERS / steps)
    if epochs < solver.MAX_EPOCH and max(epochs, solver.DELAY_EPOCHS) < solver.MAX_EPOCH:
        return
    found = (
        f"{stage}SOLVER.WARMUP_ITERS {solver.WARMUP_ITERS} at {steps} steps an epoch, or SOLVER.DELAY_EPOCHS "
        f"{solver.DELAY_EPOCHS}, takes the whole of SOLVER.MAX_EPOCH {solver.MAX_EPOCH}"
    )
    if solver.SCHED == "CosineAnnealingLR":
        raise ConfigError(f"{found}, which leaves nothing for the cosine to fall in")
    logger.warning("%s: the learning rate will not decay", found)


def is_registered(name: str, registry: Registry) -> bool:
    """Whether one of the host's registries knows a name."""
    try:
        registry.get(name)
    except KeyError:
        return False
    return True


def built(what: str, build: Callable[..., Any], *arguments: Any) -> Any:
    """What a builder of loaders gives; its refusals become the user's.

    Args:
        what: begins the message.
        build: called with the ``arguments``.

    Raises:
        ConfigError: in the place of what a builder raises of values.
    """
    try:
        return build(*arguments)
    except UserError:
        raise
    except (ValueError, AssertionError, LookupError, TypeError, ArithmeticError) as error:
        raise ConfigError(f"{what}: {error.args[0] if error.args else type(error).__name__}") from error
