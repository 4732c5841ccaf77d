"""The clothing branch: what clothing bias diminishing and its loss add to a training (IFD, ICASSP 2025, eq. 3-6)."""

from collections.abc import Callable

import torch
from torch import nn

from fastreid_runs.arguments import ArgumentError

from .all_processes import of_all_processes
from .stream_features import StreamFeatures


class ClothingBranch(nn.Module):
    """The clothing branch of the main stream: lambda * L_CCL(f_c); used in training only.

    Args:
        layer: (refined features, clothing mask) -> f_c, see
            :class:`ifd.modeling.clothing_bias_diminishing.ClothingBiasDiminishing`.
        loss: (f_c, pids, clothes) -> scalar, see :mod:`ifd.losses`.
        weight: lambda of eq. 6, at least 0.
        detach_attention: whether W_I is a constant here, F_c = W_c (x) stopgrad(W_I) (x) F_g; its gradient lowers the
            loss by darkening W_I on clothes otherwise. Beyond the paper.

    Shape:
        features: of the batch, with F_rg, F_g, W_I and psi.
        pids: (N,) int, identity labels.
        clothes: (N,) int, clothes labels.
        result: scalar.

    Raises:
        ArgumentError: the weight is negative.
    """

    def __init__(
        self,
        layer: nn.Module,
        loss: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
        weight: float = 1.0,
        detach_attention: bool = False,
    ):
        super().__init__()
        if not weight >= 0:
            raise ArgumentError("{weight} is {found}; expected at least 0", {"found": weight})
        self.layer = layer
        self.loss = loss
        self.weight = weight
        self.detach_attention = detach_attention

    def forward(self, features: StreamFeatures, pids: torch.Tensor, clothes: torch.Tensor) -> torch.Tensor:
        refined = features.refined
        if self.detach_attention and features.attention_map is not None:
            refined = features.attention_map.detach() * features.main
        clothing_features = self.layer(refined, features.masks)
        # What a loss compares is the batch of all processes: how many share it must not change what is learnt.
        return self.weight * self.loss(*(of_all_processes(part) for part in (clothing_features, pids, clothes)))

    def extra_repr(self) -> str:
        return f"weight={self.weight}, detach_attention={self.detach_attention}"
