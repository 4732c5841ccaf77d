"""The clothing branch: what clothing bias diminishing and its loss add to a training (IFD, ICASSP 2025, eq. 3-6)."""

from collections.abc import Callable

import torch
from torch import nn

from ..arguments import ArgumentError


class ClothingBranch(nn.Module):
    """The clothing branch of the main stream: lambda * L_CCL(f_c); used in training only.

    Args:
        layer: (refined features, clothing mask) -> f_c, see
            :class:`ifd.modeling.clothing_bias_diminishing.ClothingBiasDiminishing`.
        loss: (f_c, pids, clothes) -> scalar, see :mod:`ifd.losses`.
        weight: lambda of eq. 6, at least 0.

    Shape:
        features: (N, D, h, w) float, F_rg.
        clothing_mask: (N, 1, H, W) float in [0, 1], psi.
        pids, clothes: (N,) int, identity and clothes labels.
        result: scalar.

    Raises:
        ArgumentError: the weight is negative.
    """

    def __init__(
        self,
        layer: nn.Module,
        loss: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
        weight: float = 1.0,
    ):
        super().__init__()
        if not weight >= 0:
            raise ArgumentError("{weight} is {found}; expected at least 0", {"found": weight})
        self.layer = layer
        self.loss = loss
        self.weight = weight

    def forward(
        self, features: torch.Tensor, clothing_mask: torch.Tensor, pids: torch.Tensor, clothes: torch.Tensor
    ) -> torch.Tensor:
        return self.weight * self.loss(self.layer(features, clothing_mask), pids, clothes)

    def extra_repr(self) -> str:
        return f"weight={self.weight}"
