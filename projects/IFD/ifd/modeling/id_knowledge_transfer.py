"""ID-based knowledge transfer (IFD, ICASSP 2025, eq. 1-2)."""

import torch
from fastreid.layers import get_norm
from torch import nn


class IDKnowledgeTransfer(nn.Module):
    """Turns the attention stream's feature maps into one attention map that shows where identity is visible.

    W_I = sigmoid(Wconv * [maxpool(F_a); avgpool(F_a)]), both poolings along the channels (eq. 1). The refined maps of
    the main stream are F_rg = W_I (x) F_g (eq. 2), which is the caller's multiplication.

    Args:
        kernel_size: size of the convolution from two channels to one, odd. The paper gives none; 7 is that of CBAM's
            spatial attention, which it cites.
        norm: name of the host's norm layer between convolution and sigmoid, "" for none. The paper shows none; the
            published code of CBAM has "BN" there. Without it and without a bias, features that are nowhere near zero
            leave the sigmoid saturated: W_I is then close to one (or zero) all over.
        init: weights to start from. "random": PyTorch's, whose sign, and with it whether W_I is high or low where the
            attention stream's features are strong, is a matter of chance. "center": one at the kernel's center and
            zero elsewhere, so that strong features mean attention.

    Shape:
        attention_features: (N, D, h, w) float, F_a.
        result: (N, 1, h, w), values in (0, 1).

    Raises:
        ValueError: the kernel size is not a positive odd number, or there is no such init.
    """

    def __init__(self, kernel_size: int = 7, norm: str = "", init: str = "random"):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(
                f"IFD.IKT.KERNEL_SIZE is {kernel_size}; it must be a positive odd number to keep the map's size"
            )
        if init not in ("random", "center"):
            raise ValueError(f"IFD.IKT.INIT is {init!r}; expected 'random' or 'center'")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = get_norm(norm, 1) if norm else nn.Identity()
        if init == "center":
            nn.init.zeros_(self.conv.weight)
            with torch.no_grad():
                self.conv.weight[..., kernel_size // 2, kernel_size // 2] = 1.0

    def forward(self, attention_features: torch.Tensor) -> torch.Tensor:
        strongest = attention_features.amax(dim=1, keepdim=True)
        average = attention_features.mean(dim=1, keepdim=True)
        return torch.sigmoid(self.norm(self.conv(torch.cat([strongest, average], dim=1))))
