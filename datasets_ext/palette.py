"""Colours that parsing maps are shown in."""

import numpy as np


def label_colours() -> np.ndarray:
    """(256, 3) uint8 RGB by label value: black for 0, nineteen that differ, then grey for what no system has."""
    # It takes a while, and who reads maps only does without.
    import matplotlib

    colours = np.full((256, 3), 128, dtype=np.uint8)
    colours[0] = 0
    colours[1:20] = np.rint(255 * matplotlib.colormaps["tab20"](range(19))[:, :3])
    return colours
