"""Supervised contrastive loss (Khosla et al., NeurIPS 2020), the paper's ablation "IFD w/ CL"."""

import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import nn

from fastreid_runs.arguments import ArgumentError


def supervised_contrastive_loss(features: torch.Tensor, pids: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """Supervised contrastive loss on the clothing features, clothes labels unused.

    Args:
        features: (N, D) float; L2-normalised by the library.
        pids: (N,) int, identity labels.
        temperature: tau > 0.

    Returns:
        Scalar; 0 with a gradient where no sample has a positive.

    Raises:
        ArgumentError: the temperature is not positive.
    """
    _check(temperature)
    with torch.autocast(features.device.type, enabled=False):
        return SupConLoss(temperature=temperature)(features.float(), pids.flatten())


class SupervisedContrastiveLoss(nn.Module):
    """:func:`supervised_contrastive_loss` with its temperature, which is checked here and not at the first batch.

    Args:
        temperature: tau > 0.

    Raises:
        ArgumentError: the temperature is not positive.
    """

    def __init__(self, temperature: float):
        super().__init__()
        _check(temperature)
        self.temperature = temperature

    def forward(self, features: torch.Tensor, pids: torch.Tensor, clothes: torch.Tensor) -> torch.Tensor:
        """Called as the clothing contrastive loss is; ``clothes`` are not used."""
        return supervised_contrastive_loss(features, pids, temperature=self.temperature)

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}"


def _check(temperature: float) -> None:
    if not temperature > 0:
        raise ArgumentError("{temperature} is {found}; expected tau > 0", {"found": temperature})
