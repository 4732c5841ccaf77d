"""Clothing bias diminishing (IFD, ICASSP 2025, eq. 3)."""

import torch
import torch.nn.functional as F
from fastreid.layers import get_norm
from torch import nn

from fastreid_runs.arguments import ArgumentError

from .heads import NECK_ORDERS


class ClothingBiasDiminishing(nn.Module):
    """Picks the clothing out of the refined feature maps and embeds it; used in training only.

    F_c = W_c (x) F_rg with W_c the clothing mask resized to the maps' size, f_c = BN(GAP(F_c)) (eq. 3). The contrastive
    loss on f_c then makes the clothing region tell identities apart instead of outfits.

    Args:
        feat_dim: D, channels of the feature maps.
        norm: name of the host's norm layer ("BN", "syncBN", "GN", ...).
        mask_resize: "area" averages the mask (a soft W_c that loses no clothing pixel), "nearest" samples it.
        neck_order: "gap_bn" pools, then normalises (the host's BNNeck); "bn_gap" the other way round.

    Shape:
        features: (N, D, h, w) float, F_rg.
        clothing_mask: (N, 1, H, W) float in [0, 1], psi; 1 where a pixel shows clothing.
        result: (N, D), f_c.

    Raises:
        ArgumentError: an option has no such value.
        ValueError: the mask is not (N, 1, H, W).
    """

    def __init__(self, feat_dim: int, norm: str = "BN", mask_resize: str = "area", neck_order: str = "gap_bn"):
        super().__init__()
        if mask_resize not in ("area", "nearest"):
            raise ArgumentError("{mask_resize} is {found!r}; expected 'area' or 'nearest'", {"found": mask_resize})
        if neck_order not in NECK_ORDERS:
            raise ArgumentError("{neck_order} is {found!r}; expected 'gap_bn' or 'bn_gap'", {"found": neck_order})
        self.mask_resize = mask_resize
        self.neck_order = neck_order
        self.norm = get_norm(norm, feat_dim)

    def clothing_features(self, features: torch.Tensor, clothing_mask: torch.Tensor) -> torch.Tensor:
        """F_c = W_c (x) F_rg: (N, D, h, w) maps that are zero away from clothing."""
        if clothing_mask.dim() != 4 or clothing_mask.shape[:2] != (features.shape[0], 1):
            raise ValueError(
                f"the clothing mask has shape {tuple(clothing_mask.shape)}; expected ({features.shape[0]}, 1, H, W) "
                f"beside feature maps of shape {tuple(features.shape)}"
            )
        weights = F.interpolate(clothing_mask, size=features.shape[-2:], mode=self.mask_resize)
        return weights.to(features.dtype) * features

    def forward(self, features: torch.Tensor, clothing_mask: torch.Tensor) -> torch.Tensor:
        maps = self.clothing_features(features, clothing_mask)
        if self.neck_order == "gap_bn":
            return self.norm(F.adaptive_avg_pool2d(maps, 1)).flatten(1)
        return F.adaptive_avg_pool2d(self.norm(maps), 1).flatten(1)

    def extra_repr(self) -> str:
        return f"mask_resize={self.mask_resize!r}, neck_order={self.neck_order!r}"
