"""MODEL.BACKBONE.LAST_STRIDE 1 for timm's models: the last halving of the maps left out."""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .errors import BackboneError

logger = logging.getLogger("fastreid.timm_backbones")


def remove_last_stride(model: nn.Module, size: tuple[int, int]) -> None:
    """Lets the last layers that halve the maps keep their size, so that the maps are twice as high and wide.

    The layers' strides become 1, in the shortcut too. timm's own way, dilation, keeps the maps' field of view and is
    two to five times slower on a CPU; Re-ID has always set the stride. A model whose maps keep one size from its
    patches on, such as a ViT, stays as it is.

    Args:
        model: of timm.
        size: (H, W) of an image that it takes.

    Raises:
        BackboneError: the model makes its maps smaller by other means.
    """
    reductions = [info["reduction"] for info in getattr(model, "feature_info", [])]
    if len(reductions) > 1 and reductions[-1] == reductions[-2]:
        logger.info("Maps of timm's %s keep one size; there is no last stride", type(model).__name__)
        return
    before, halving = _halving_layers(model, size)
    last = halving[min(halving, key=lambda seen: seen[0] * seen[1])] if halving else []
    for name in last:
        _keep_size(model, name)
    after = _trace(model, size)
    if not last or any(abs(new - 2 * old) > 1 for old, new in zip(before, after, strict=True)):
        raise BackboneError(
            f"the last stride of timm's {type(model).__name__} cannot be set to 1: its maps are {before[0]} x "
            f"{before[1]} and would be {after[0]} x {after[1]}; set MODEL.BACKBONE.LAST_STRIDE to 2"
        )


def _halving_layers(
    model: nn.Module, size: tuple[int, int]
) -> tuple[tuple[int, int], dict[tuple[int, int], list[str]]]:
    """Size of the maps, and by the size of what they take, the names of layers of stride 2."""
    found: dict[tuple[int, int], list[str]] = defaultdict(list)

    def listener(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        return lambda _, inputs: found[(inputs[0].shape[-2], inputs[0].shape[-1])].append(name)

    handles = [
        module.register_forward_pre_hook(listener(name)) for name, module in model.named_modules() if _halves(module)
    ]
    maps = _trace(model, size)
    for handle in handles:
        handle.remove()
    return maps, found


def _halves(module: nn.Module) -> bool:
    stride = getattr(module, "stride", None)
    return not list(module.children()) and stride in (2, (2, 2), [2, 2])


def _trace(model: nn.Module, size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of the model's maps."""
    training = model.training
    model.eval()
    with torch.no_grad():
        try:
            maps = model.forward_features(torch.zeros(1, 3, *size))  # type: ignore[operator]
        except RuntimeError:  # a shortcut that does not fit any more
            return 0, 0
        finally:
            model.train(training)
    channels_last = maps.dim() == 4 and maps.shape[1] != model.num_features
    height, width = maps.shape[1:3] if channels_last else maps.shape[-2:]
    return height, width


def _keep_size(model: nn.Module, name: str) -> None:
    parent, _, own = name.rpartition(".")
    layer = model.get_submodule(name)
    if not isinstance(layer, nn.Conv2d):
        # Pooling, which is there for the stride alone.
        setattr(model.get_submodule(parent), own, nn.Identity())
        return
    if any(kernel % 2 == 0 for kernel in layer.kernel_size):
        setattr(model.get_submodule(parent), own, PaddedConv2d(layer))
    else:
        layer.stride = (1, 1)


class PaddedConv2d(nn.Conv2d):
    """A convolution with an even kernel that keeps the maps' size, as 'same' padding would, with its weights.

    Args:
        layer: of any stride and padding.
    """

    def __init__(self, layer: nn.Conv2d):
        super().__init__(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,  # type: ignore[arg-type]
            groups=layer.groups,
            bias=layer.bias is not None,
            device="meta",
        )
        self.weight, self.bias = layer.weight, layer.bias
        height, width = layer.kernel_size
        self._pad = ((width - 1) // 2, width // 2, (height - 1) // 2, height // 2)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(maps, self._pad))
