"""The weights of a backbone that a training starts from: they arrive, or the training is refused."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from fastreid.config import CfgNode
from fastreid.modeling.backbones import build_backbone
from torch import nn

from fastreid_compat.table import random_state_kept

from .checkpointer import why_unreadable
from .errors import ConfigError
from .trial import silence

# What published files of a whole backbone lack: counters of old versions of PyTorch, and non-local blocks, which the
# host puts into networks that were trained without.
_NEVER_PUBLISHED = re.compile(r"num_batches_tracked$|^NL_\d")


def check_backbone_weights(cfg: CfgNode, *, hint: str = "") -> None:
    """Loads what MODEL.BACKBONE.PRETRAIN asks for once, as the host will, and counts what arrives.

    The host logs which weights it leaves out, and goes on without: with a file of other names, without any.

    Args:
        cfg: full config.
        hint: of a project, how such a file is made; ends the messages about one.

    Raises:
        ConfigError: the file is missing, unreadable or does not fill the backbone, or there is none and it cannot be
            downloaded.
    """
    if not cfg.MODEL.BACKBONE.PRETRAIN:
        return
    path = cfg.MODEL.BACKBONE.PRETRAIN_PATH
    with random_state_kept(), silence():
        if path:
            _check_file(cfg, path, f"; {hint}" if hint else "")
        else:
            _check_download(cfg)


def _check_file(cfg: CfgNode, path: str, hint: str) -> None:
    if not os.path.isfile(path):
        raise ConfigError(f"MODEL.BACKBONE.PRETRAIN_PATH {path} does not exist{hint}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ConfigError(
            f"MODEL.BACKBONE.PRETRAIN_PATH {path} cannot be read ({why_unreadable(error)}){hint}"
        ) from error
    name = f"{cfg.MODEL.BACKBONE.NAME} {cfg.MODEL.BACKBONE.DEPTH}"
    try:
        with _recorded_loading() as loads:
            backbone = build_backbone(cfg)
    except Exception as error:
        raise ConfigError(
            f"MODEL.BACKBONE.PRETRAIN_PATH {path} is not what {name} reads ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:300]}); {_fit(content, _without_weights(cfg))}{hint}"
        ) from error
    reported = (found.missing_keys for module, found in loads if module is backbone)
    missing = next(reported, list(backbone.state_dict()))
    if any(not _NEVER_PUBLISHED.search(weight) for weight in missing):
        raise ConfigError(
            f"MODEL.BACKBONE.PRETRAIN_PATH {path} does not fill {name}, which would go on from random weights: "
            f"{_fit(content, backbone)}{hint}"
        )


def _check_download(cfg: CfgNode) -> None:
    """The host finds the published weights in its cache or downloads them, here as at the start of each stage."""
    try:
        build_backbone(cfg)
    except Exception as error:
        raise ConfigError(
            f"MODEL.BACKBONE.PRETRAIN is on, but fast-reid cannot load or download the weights that it knows for "
            f"{cfg.MODEL.BACKBONE.NAME} {cfg.MODEL.BACKBONE.DEPTH} ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:300]}); name a file of them with MODEL.BACKBONE.PRETRAIN_PATH, or start "
            "from random weights with MODEL.BACKBONE.PRETRAIN False"
        ) from error


def _without_weights(cfg: CfgNode) -> nn.Module:
    plain = cfg.clone()
    plain.defrost()
    plain.MODEL.BACKBONE.PRETRAIN = False
    return build_backbone(plain)


def _fit(content: Any, backbone: nn.Module) -> str:
    """How many of a backbone's tensors a file holds by name and shape, at its top or one level down."""
    expected = {name: value.shape for name, value in backbone.state_dict().items() if not _NEVER_PUBLISHED.search(name)}
    if not isinstance(content, Mapping):
        return f"it holds a {type(content).__name__}, expected a dict of {len(expected)} tensors"
    levels = {"": content, **{key: value for key, value in content.items() if isinstance(value, Mapping)}}

    def fitting(level: Mapping) -> int:
        return sum(getattr(level.get(name), "shape", None) == shape for name, shape in expected.items())

    counted = f"{fitting(content)} of its {len(expected)} tensors fit"
    best = max(levels, key=lambda key: fitting(levels[key]))
    if best and fitting(levels[best]):
        return f"{counted}, {fitting(levels[best])} would below {best!r}: save that part alone"
    if fitting(content) == len(expected):
        return f"{counted} as they are, but this backbone of the host's looks for them elsewhere in the file"
    if fitting(content):
        first = next(name for name, shape in expected.items() if getattr(content.get(name), "shape", None) != shape)
        return f"{counted}, the first that does not is {first}"
    names = ", ".join(map(str, list(content)[:3]))
    return f"{counted}; it holds {names or 'nothing'}, expected {', '.join(list(expected)[:3])}"


@contextlib.contextmanager
def _recorded_loading() -> Iterator[list[tuple[nn.Module, Any]]]:
    """What each load_state_dict() inside was called for, and what it reported; the host's builders keep it to a log."""
    loads: list[tuple[nn.Module, Any]] = []
    original = nn.Module.load_state_dict

    def load_state_dict(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        found = original(module, *args, **kwargs)
        loads.append((module, found))
        return found

    nn.Module.load_state_dict = load_state_dict  # type: ignore[assignment, method-assign]
    try:
        yield loads
    finally:
        nn.Module.load_state_dict = original  # type: ignore[method-assign]
