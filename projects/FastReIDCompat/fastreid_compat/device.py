"""MODEL.DEVICE names CUDA, as the host's default does, and there is none."""

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from fastreid.config import CfgNode, get_cfg
from fastreid.engine.defaults import DefaultPredictor, DefaultTrainer
from fastreid.modeling.meta_arch import build

from .adaptation import Adaptation, rebind
from .device_config import available_device_config


def _cuda_config_fails() -> bool:
    if torch.cuda.is_available():
        return False
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "cuda"
    registry = SimpleNamespace(get=lambda name: lambda cfg: torch.nn.Linear(1, 1))
    with mock.patch.object(build, "META_ARCH_REGISTRY", registry):
        try:
            build.build_model(cfg)
        except (AssertionError, RuntimeError):
            return True
    return False


def _with_available_device(constructor: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(constructor)
    def __init__(self: Any, cfg: CfgNode, *args: Any, **kwargs: Any) -> None:
        constructor(self, available_device_config(cfg), *args, **kwargs)

    return __init__


def _apply() -> None:
    host_build_model = build.build_model

    @functools.wraps(host_build_model)
    def build_model(cfg: CfgNode, *args: Any, **kwargs: Any) -> torch.nn.Module:
        resolved = available_device_config(cfg)
        # A meta-architecture may write into the config it is given; where nothing changes it must be the caller's.
        return host_build_model(cfg if resolved == cfg else resolved, *args, **kwargs)

    rebind(host_build_model, build_model)
    DefaultTrainer.__init__ = _with_available_device(DefaultTrainer.__init__)
    DefaultPredictor.__init__ = _with_available_device(DefaultPredictor.__init__)


ADAPTATIONS = (
    Adaptation(
        name="device",
        reason="MODEL.DEVICE 'cuda', the default, is an error without CUDA; it falls back to the CPU, with AMP off",
        needed=_cuda_config_fails,
        apply=_apply,
    ),
)
