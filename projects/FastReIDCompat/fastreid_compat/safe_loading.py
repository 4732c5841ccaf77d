"""The host's loads leave it to torch's default, and some to torch.hub's, whether a file of weights may run code.

torch's default is weights only, but TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD in the environment turns it round; torch.hub's
default is to run whatever the file in its cache says; and the host's visualizer reads curves with pickle.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import pickle
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from fastreid.config import get_cfg
from fastreid.utils.checkpoint import Checkpointer

from .adaptation import Adaptation, ModuleView
from .plain_arrays import load_plain

_BACKBONES = "fastreid.modeling.backbones"
LOADING_MODULES = (
    "fastreid.utils.checkpoint",
    *(
        f"{_BACKBONES}.{name}"
        for name in (
            "mobilenet",
            "mobilenetv3",
            "osnet",
            "regnet.effnet",
            "regnet.regnet",
            "repvgg",
            "resnest",
            "resnet",
            "resnext",
            "shufflenet",
            "vision_transformer",
        )
    ),
)
VISUALIZER = "fastreid.utils.visualizer"


class _Loads(Exception):
    """Carries out of the host whether it asked for weights only."""


def _raise_choice(*args: Any, weights_only: bool = False, **kwargs: Any) -> None:
    raise _Loads(weights_only)


def _load_is_left_to_the_default() -> bool:
    cfg = get_cfg()
    cfg.MODEL.BACKBONE.DEPTH = "0.1x"
    cfg.MODEL.BACKBONE.PRETRAIN = True
    cfg.MODEL.BACKBONE.PRETRAIN_PATH = "weights.pth"
    build_mobilenet = importlib.import_module(f"{_BACKBONES}.mobilenet").build_mobilenetv2_backbone
    with mock.patch.object(torch, "load", _raise_choice):
        for load in (lambda: Checkpointer(torch.nn.Identity())._load_file("weights.pth"), lambda: build_mobilenet(cfg)):
            try:
                load()
            except _Loads as choice:
                if choice.args[0] is not True:
                    return True
    return False


def _load(*args: Any, **kwargs: Any) -> Any:
    """torch.load of weights only, whatever the environment says."""
    kwargs["weights_only"] = True
    return torch.load(*args, **kwargs)


def _load_from_url(*args: Any, **kwargs: Any) -> Any:
    """torch.hub.load_state_dict_from_url of weights only; what lies in its cache was written by anyone."""
    kwargs["weights_only"] = True
    return torch.hub.load_state_dict_from_url(*args, **kwargs)


def _apply() -> None:
    hub = ModuleView(torch.hub, load_state_dict_from_url=_load_from_url)
    for name in LOADING_MODULES:
        module = importlib.import_module(name)
        if hasattr(module, "load_state_dict_from_url"):
            vars(module)["load_state_dict_from_url"] = _load_from_url
        vars(module)["torch"] = ModuleView(torch, load=_load, hub=hub)
    _after_import(VISUALIZER, _read_plain_curves)


def _read_plain_curves(visualizer: ModuleType) -> None:
    visualizer.__dict__["pickle"] = ModuleView(pickle, load=load_plain)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module as Python does, and has a function called on it once it is imported."""

    def __init__(self, name: str, function: Any):
        self._name = name
        self._function = function

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            @functools.wraps(execute)
            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._function(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _after_import(name: str, function: Any) -> None:
    # Importing it here would take the time of matplotlib's import from everyone.
    if name in sys.modules:
        function(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Finder(name, function))


ADAPTATIONS = (
    Adaptation(
        name="safe loading",
        reason="whether a file of weights may run code is left to torch's default, the environment and torch.hub",
        needed=_load_is_left_to_the_default,
        apply=_apply,
    ),
)
