"""Supervised contrastive loss (Khosla et al., NeurIPS 2020), the paper's ablation "IFD w/ CL"."""

import torch
from pytorch_metric_learning.losses import SupConLoss


def supervised_contrastive_loss(features: torch.Tensor, pids: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """Supervised contrastive loss on the clothing features, clothes labels unused.

    Args:
        features: (N, D) float; L2-normalised by the library.
        pids: (N,) int, identity labels.
        temperature: tau > 0.

    Returns:
        Scalar; 0 with a gradient where no sample has a positive.

    Raises:
        ValueError: the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; expected tau > 0")
    with torch.autocast(features.device.type, enabled=False):
        return SupConLoss(temperature=temperature)(features.float(), pids.flatten())
