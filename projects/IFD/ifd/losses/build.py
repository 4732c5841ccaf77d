"""The clothing branch's loss from the config: the only place that reads its keys."""

from collections.abc import Callable
from functools import partial

import torch

from .clothing_contrastive import AVERAGES, clothing_contrastive_loss
from .supervised_contrastive import supervised_contrastive_loss

_LOSSES = ("ccl", "supcon")


def build_clothing_loss(cfg) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
    """Returns loss(features, pids, clothes) -> scalar as IFD.CBD says.

    Raises:
        ValueError: a key has a value that the loss does not know, named with what it knows.
    """
    cbd = cfg.IFD.CBD
    if cbd.LOSS not in _LOSSES:
        raise ValueError(f"IFD.CBD.LOSS is {cbd.LOSS!r}; expected one of {', '.join(_LOSSES)}")
    if not cbd.TEMPERATURE > 0:
        raise ValueError(f"IFD.CBD.TEMPERATURE is {cbd.TEMPERATURE}; expected tau > 0")
    if not cbd.T > 0:
        raise ValueError(f"IFD.CBD.T is {cbd.T}; expected T > 0 (eq. 5 divides by it)")
    if cbd.AVERAGE_OVER not in AVERAGES:
        raise ValueError(f"IFD.CBD.AVERAGE_OVER is {cbd.AVERAGE_OVER!r}; expected one of {', '.join(AVERAGES)}")
    if cbd.LOSS == "supcon":
        return partial(_without_clothes, temperature=cbd.TEMPERATURE)
    return partial(
        clothing_contrastive_loss,
        temperature=cbd.TEMPERATURE,
        cross_clothes_weight=1.0 / cbd.T,
        average_over=cbd.AVERAGE_OVER,
    )


def _without_clothes(features, pids, clothes, *, temperature):
    return supervised_contrastive_loss(features, pids, temperature=temperature)
