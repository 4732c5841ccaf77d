"""The clothing branch's loss from the config: the only place that reads its keys."""

from typing import Any

from torch import nn

from fastreid_runs.arguments import build_from_keys

from .clothing_contrastive import ClothingContrastiveLoss
from .supervised_contrastive import SupervisedContrastiveLoss

_LOSSES = ("ccl", "supcon")


def build_clothing_loss(cfg: Any) -> nn.Module:
    """Returns loss(features, pids, clothes) -> scalar as IFD.CBD says.

    Raises:
        ValueError: a key has a value that the loss does not know, named with what it knows.
    """
    cbd = cfg.IFD.CBD
    if cbd.LOSS not in _LOSSES:
        raise ValueError(f"IFD.CBD.LOSS is {cbd.LOSS!r}; expected one of {', '.join(_LOSSES)}")
    if not cbd.T > 0:
        raise ValueError(f"IFD.CBD.T is {cbd.T}; expected T > 0 (eq. 5 divides by it)")
    if cbd.LOSS == "supcon":
        return build_from_keys(SupervisedContrastiveLoss, cfg, {"temperature": "IFD.CBD.TEMPERATURE"})
    return build_from_keys(
        ClothingContrastiveLoss,
        cfg,
        {
            "temperature": "IFD.CBD.TEMPERATURE",
            "average_over": "IFD.CBD.AVERAGE_OVER",
            "normalize_weights": "IFD.CBD.NORMALIZE_WEIGHTS",
        },
        cross_clothes_weight=1.0 / cbd.T,
    )
