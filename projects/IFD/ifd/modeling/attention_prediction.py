"""An attention map from the main stream alone; beyond the paper."""

import torch
import torch.nn.functional as F
from torch import nn

from fastreid_runs.arguments import ArgumentError


class AttentionPrediction(nn.Module):
    """Predicts the attention map W_I from the main stream's feature maps, so that a deployed model needs no parsing.

    Trained beside IFD with the knowledge transfer's W_I as a fixed target. At inference it takes the place of the
    attention stream: one backbone, RGB alone. Not part of the paper.

    Args:
        feat_dim: D, channels of the feature maps.
        hidden: channels between the two convolutions.
        weight: of its loss, at least 0.

    Shape:
        features: (N, D, h, w) float, F_g; its gradient is stopped here, so that the main stream learns as without it.
        result: (N, 1, h, w) logits; their sigmoid is the predicted W_I.

    Raises:
        ArgumentError: the weight is negative.
    """

    def __init__(self, feat_dim: int, hidden: int = 64, weight: float = 1.0):
        super().__init__()
        if not weight >= 0:
            raise ArgumentError("{weight} is {found}; expected at least 0", {"found": weight})
        self.weight = weight
        self.layers = nn.Sequential(
            nn.Conv2d(feat_dim, hidden, 1), nn.ReLU(inplace=True), nn.Conv2d(hidden, 1, 3, padding=1)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.layers(features.detach())

    def loss(self, features: torch.Tensor, attention_map: torch.Tensor) -> torch.Tensor:
        """Binary cross-entropy between the prediction and W_I (N, 1, h, w) in (0, 1), whose gradient is stopped."""
        return self.weight * F.binary_cross_entropy_with_logits(self(features), attention_map.detach())
