"""ID-based knowledge transfer (IFD, ICASSP 2025, eq. 1-2)."""

import torch
from fastreid.layers import get_norm
from torch import nn

from fastreid_runs.arguments import ArgumentError

# Those of the host that normalise a single channel over the batch.
_NORMS = ("", "BN", "syncBN", "GhostBN")


class IDKnowledgeTransfer(nn.Module):
    """Turns the attention stream's feature maps into one attention map that shows where identity is visible.

    W_I = sigmoid(Wconv * [maxpool(F_a); avgpool(F_a)]), both poolings along the channels (eq. 1). The refined maps of
    the main stream are F_rg = W_I (x) F_g (eq. 2), which is the caller's multiplication.

    Args:
        kernel_size: size of the convolution from two channels to one, odd. The paper gives none; 7 is that of CBAM's
            spatial attention, which it cites.
        norm: the host's norm layer between convolution and sigmoid: "BN", "syncBN", "GhostBN", or "" for none. The
            paper shows none; the published code of CBAM has "BN" there. Without it and without a bias, features that
            are nowhere near zero leave the sigmoid saturated: W_I is then close to one (or zero) all over.
        init: weights to start from. "random": PyTorch's, whose sign, and with it whether W_I is high or low where the
            attention stream's features are strong, is a matter of chance. "center": one at the kernel's center and
            zero elsewhere, so that strong features mean attention.
        scale: factor that the norm's affine transform starts from. Feature strengths have few high and many middling
            values; a scale above one and an offset below zero leave W_I dark but for the strongest.
        offset: what that transform adds at the start.
        learned: whether the identity loss of the main stream shapes W_I, by its gradient into this layer and through it
            into the attention stream. Otherwise both stay out of its reach, and W_I follows L_ID^a alone; a main stream
            that leans on clothes cannot turn the attention to them then. Goes with init "center" only, as a random
            convolution means nothing unless it learns.

    Shape:
        attention_features: (N, D, h, w) float, F_a.
        result: (N, 1, h, w), values in (0, 1).

    Raises:
        ArgumentError: the kernel size is not a positive odd number, options do not go together, or one has no such
            value.
    """

    def __init__(
        self,
        kernel_size: int = 7,
        norm: str = "",
        init: str = "random",
        scale: float = 1.0,
        offset: float = 0.0,
        learned: bool = True,
    ):
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ArgumentError(
                "{kernel_size} is {found}; it must be a positive odd number to keep the map's size",
                {"found": kernel_size},
            )
        if norm not in _NORMS:
            raise ArgumentError(
                "{norm} is {found!r}; expected one of {norms}, or '' for none",
                {"found": norm, "norms": ", ".join(_NORMS[1:])},
            )
        if init not in ("random", "center"):
            raise ArgumentError("{init} is {found!r}; expected 'random' or 'center'", {"found": init})
        if init == "random" and not learned:
            raise ArgumentError("{learned} is off, but {init} is 'random'; set it to 'center'")
        if not scale > 0:
            raise ArgumentError("{scale} is {found}; expected more than 0", {"found": scale})
        if not norm and (scale, offset) != (1.0, 0.0):
            raise ArgumentError(
                "{scale} is {found_scale} and {offset} {found_offset}, but {norm}, whose they are, is empty; set it to "
                "'BN' or leave them at 1.0 and 0.0",
                {"found_scale": scale, "found_offset": offset},
            )
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = get_norm(norm, 1, weight_init=scale, bias_init=offset) if norm else nn.Identity()
        if init == "center":
            nn.init.zeros_(self.conv.weight)
            with torch.no_grad():
                self.conv.weight[..., kernel_size // 2, kernel_size // 2] = 1.0
        self.learned = learned
        if not learned:
            self.requires_grad_(False)

    def forward(self, attention_features: torch.Tensor) -> torch.Tensor:
        if not self.learned:
            attention_features = attention_features.detach()
        strongest = attention_features.amax(dim=1, keepdim=True)
        average = attention_features.mean(dim=1, keepdim=True)
        return torch.sigmoid(self.norm(self.conv(torch.cat([strongest, average], dim=1))))
