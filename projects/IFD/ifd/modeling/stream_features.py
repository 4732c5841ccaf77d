"""What both streams make of a batch, before heads and losses."""

from typing import NamedTuple

import torch


class Description(NamedTuple):
    """What evaluation makes of one batch.

    Attributes:
        descriptors: (N, D).
        attention_map: (N, 1, h, w) W_I in (0, 1); None where the model has none.
    """

    descriptors: torch.Tensor
    attention_map: torch.Tensor | None


class StreamFeatures(NamedTuple):
    """Feature maps of one batch.

    Attributes:
        main: (N, D, h, w) F_g.
        refined: (N, D, h, w) F_rg, or F_g where the attention stream is off.
        attention: (N, D, h, w) F_a, None where the attention stream is off.
        attention_map: (N, 1, h, w) W_I in (0, 1), transferred or predicted; None where there is neither.
        masks: (N, 1, H, W) psi, None where the batch holds RGB alone.
    """

    main: torch.Tensor
    refined: torch.Tensor
    attention: torch.Tensor | None
    attention_map: torch.Tensor | None
    masks: torch.Tensor | None
