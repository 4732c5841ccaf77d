"""Training steps through torch.compile."""

import functools
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .errors import ConfigError

_BACKBONE = "backbone"


def compile_backbones(model: nn.Module) -> int:
    """Has a model's backbones run through :func:`torch.compile` in training; evaluation and names of weights stay.

    What lies around them logs and asks for values, which no compiler looks through.

    Args:
        model: whose modules of the name ``backbone``, wherever they lie, are changed in place.

    Returns:
        how many there are.
    """
    backbones = [module for name, module in model.named_modules() if name.rpartition(".")[2] == _BACKBONE]
    for backbone in backbones:
        # A bound method of the instance: a copy of the backbone gets one of its own.
        backbone.forward = types.MethodType(forward, backbone)
    return len(backbones)


def forward(network: nn.Module, *inputs: Any) -> Any:
    """That of a network, compiled where it learns."""
    plain = type(network).forward
    learns = network.training and torch.is_grad_enabled()
    return (_compiled(plain) if learns else plain)(network, *inputs)


@functools.cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # By class: both streams run through what is compiled once.
    return torch.compile(function)


def check_compiler(device: str) -> None:
    """Compiles a line, before a training comes to it.

    Args:
        device: of the training, such as ``cpu``.

    Raises:
        ConfigError: PyTorch cannot compile here.
    """
    try:
        torch.compile(_line)(torch.ones(2, device=device))
    except Exception as error:  # of a whole tool chain
        said = " ".join(str(error).split())[:200]
        raise ConfigError(
            "SOLVER.COMPILE is on, but PyTorch cannot compile here: on the CPU that takes a C++ compiler (g++ or "
            f"clang++, or what CXX names), on CUDA Triton; install it, or set SOLVER.COMPILE to False ({said})"
        ) from error


def _line(values: torch.Tensor) -> torch.Tensor:
    return values * 2 + 1
