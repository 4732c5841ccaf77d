"""Training a network that does not fit: of its blocks the inputs are kept, and the rest is computed again."""

import contextlib
import functools
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

_SEQUENCES = (nn.Sequential, nn.ModuleList)


def recompute_activations(network: nn.Module) -> int:
    """Has a network keep, for the backward pass, what goes into each of its blocks, and compute the rest again there.

    A block is an element of a sequence that is no sequence itself and has modules, such as a residual block. Losses,
    gradients and statistics of norm layers stay what they were; a step computes the forward pass twice. In evaluation
    nothing changes, and neither do the names of weights.

    Args:
        network: whose blocks are changed in place.

    Returns:
        how many blocks there are.
    """
    blocks = list(_blocks(network))
    for block in blocks:
        # A bound method of the instance: a copy of the block gets one of its own.
        block.forward = types.MethodType(forward, block)
    return len(blocks)


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    in_sequence = isinstance(module, _SEQUENCES)
    for child in module.children():
        if not in_sequence or isinstance(child, _SEQUENCES):
            yield from _blocks(child)
        elif _has_modules(child):
            yield child


def _has_modules(module: nn.Module) -> bool:
    return next(module.children(), None) is not None


def forward(block: nn.Module, *inputs: Any) -> Any:
    """That of a block, in training through :func:`torch.utils.checkpoint.checkpoint`."""
    plain = functools.partial(type(block).forward, block)
    if not (block.training and torch.is_grad_enabled()):
        return plain(*inputs)
    return checkpoint(plain, *inputs, use_reentrant=False, context_fn=functools.partial(_contexts, block))


def _contexts(block: nn.Module) -> tuple[Any, Any]:
    return contextlib.nullcontext(), _BuffersKept(block)


class _BuffersKept:
    """Inside, copies take the place of a block's buffers: its norm layers have counted this batch already.

    One for each forward pass, which is entered for each backward pass through it.
    """

    def __init__(self, block: nn.Module):
        self._block = block
        self._kept: list[tuple[nn.Module, dict[str, torch.Tensor | None]]] = []

    def __enter__(self) -> None:
        self._kept = [(module, dict(module._buffers)) for module in self._block.modules() if module._buffers]
        for module, buffers in self._kept:
            copies = {name: None if value is None else value.clone() for name, value in buffers.items()}
            module._buffers.update(copies)

    def __exit__(self, *_: object) -> None:
        for module, buffers in self._kept:
            module._buffers.update(buffers)
        self._kept = []
