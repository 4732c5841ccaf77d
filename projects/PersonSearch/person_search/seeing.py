"""What a model sees of one image, for people to look at."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Seen:
    """What a model makes of one image.

    Attributes:
        vector: (D,) float32 of length 1.
        mask: (height, width) bool of the image's size, what the model takes for clothing; None where it looks at none.
        attention: (h, w) float32 in 0 to 1, the attention map W_I; None where the model has none.
    """

    vector: np.ndarray
    mask: np.ndarray | None
    attention: np.ndarray | None
