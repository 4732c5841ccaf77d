"""Clothes-aware ranking: features and labels in, CMC, mAP and mINP of every mode out, with chance beside them.

Knows arrays alone: no toolbox, no data set, no file.
"""

from .modes import MODES
from .retrieval import clothes_rank, clothes_rank_from_distances

__all__ = ["MODES", "clothes_rank", "clothes_rank_from_distances"]
