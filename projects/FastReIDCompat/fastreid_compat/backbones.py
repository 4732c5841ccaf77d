"""RegNet and EfficientNet read their recipes from paths that exist in the root of a clone only."""

import importlib
import types
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import fastreid
from fastreid.config import CfgNode, get_cfg

from .adaptation import Adaptation

_HOST_FOLDER = Path(fastreid.__file__).parent
_CONFIG_NAMES = {"regnet": "regnet_cfg", "effnet": "effnet_cfg"}


def _module(name: str) -> types.ModuleType:
    return importlib.import_module(f"fastreid.modeling.backbones.regnet.{name}")


class _Recipe:
    """The host's config of one network, which finds recipe files beside the host whatever the working directory."""

    def __init__(self, cfg: CfgNode):
        self._cfg = cfg

    def merge_from_file(self, path: str) -> None:
        self._cfg.merge_from_file(str(_HOST_FOLDER.parent / path))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cfg, name)


class _PathFound(Exception):
    """Carries the path of a recipe out of the host, before the network is built from it."""


def _raise_path(cfg: CfgNode, path: str) -> NoReturn:
    raise _PathFound(path)


def _recipe_paths_are_relative() -> bool:
    cfg = get_cfg()
    cfg.MODEL.BACKBONE.DEPTH = "200x"
    with mock.patch.object(type(_module("config").cfg), "merge_from_file", _raise_path):
        try:
            _module("regnet").build_regnet_backbone(cfg)
        except _PathFound as found:
            return not Path(found.args[0]).is_absolute()
    return False


def _apply() -> None:
    for module_name, config_name in _CONFIG_NAMES.items():
        module = _module(module_name)
        setattr(module, config_name, _Recipe(getattr(module, config_name)))


ADAPTATIONS = (
    Adaptation(
        name="network recipes",
        reason="RegNet and EfficientNet look for their recipes below the working directory, not beside the host",
        needed=_recipe_paths_are_relative,
        apply=_apply,
    ),
)
