"""Clothes-aware ranking: features and labels in, CMC, mAP and mINP of every mode out, with chance beside them.

Knows arrays alone: no toolbox, no data set. ``python -m clothes_rank FILE.npz`` is the same for a file of features.
"""

from .label_arrays import chance_level, clothes_rank, clothes_rank_from_distances
from .labels import Labels
from .modes import MODES, PROTOCOL_MODES, Among, Mode, other, same
from .retrieval import Retrieval

__all__ = [
    "MODES",
    "PROTOCOL_MODES",
    "Among",
    "Labels",
    "Mode",
    "Retrieval",
    "chance_level",
    "clothes_rank",
    "clothes_rank_from_distances",
    "other",
    "same",
]
