"""The config for the devices that this machine has."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    # Not at run time: a host that is not installed has to be missed where a message says how to get it.
    from fastreid.config import CfgNode

_warned: set[str] = set()


def available_device_config(cfg: CfgNode) -> CfgNode:
    """Resolves MODEL.DEVICE and SOLVER.AMP.ENABLED: without CUDA the device is the CPU, and AMP is off on the CPU.

    Args:
        cfg: the host's CfgNode; not changed.

    Returns:
        A clone, frozen where `cfg` is, with MODEL.DEVICE "cpu" in place of "cuda" or "cuda:<n>" where PyTorch finds no
        CUDA device, and SOLVER.AMP.ENABLED False where the device is the CPU, unless SOLVER.AMP.DTYPE is "bfloat16".

    Warns:
        UserWarning: once a process (in distributed runs the first process only), that the device, or AMP, was changed.
    """
    resolved = cfg.clone()
    resolved.defrost()
    if torch.device(cfg.MODEL.DEVICE).type == "cuda" and not torch.cuda.is_available():
        resolved.MODEL.DEVICE = "cpu"
    # A key that some projects add; the host's own mixed precision is float16, on CUDA alone.
    if torch.device(resolved.MODEL.DEVICE).type == "cpu" and cfg.SOLVER.AMP.get("DTYPE") != "bfloat16":
        resolved.SOLVER.AMP.ENABLED = False

    if resolved.MODEL.DEVICE != cfg.MODEL.DEVICE:
        off = cfg.SOLVER.AMP.ENABLED and not resolved.SOLVER.AMP.ENABLED
        without_amp = ", with SOLVER.AMP.ENABLED off" if off else ""
        _warn_once(
            "MODEL.DEVICE",
            f"MODEL.DEVICE is {cfg.MODEL.DEVICE!r}, but PyTorch finds no CUDA device: running on the CPU{without_amp}.",
        )
    elif resolved.SOLVER.AMP.ENABLED != cfg.SOLVER.AMP.ENABLED:
        _warn_once("SOLVER.AMP.ENABLED", "SOLVER.AMP.ENABLED needs CUDA and MODEL.DEVICE is the CPU: AMP is off.")

    if cfg.is_frozen():
        resolved.freeze()
    return resolved


def _warn_once(key: str, message: str) -> None:
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    if key in _warned or (distributed and torch.distributed.get_rank() > 0):
        return
    _warned.add(key)
    warnings.warn(message, stacklevel=3)
